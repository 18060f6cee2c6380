"""Practice and User only. Nothing a partner wrote is ever registered here."""

from django.contrib import admin

from facilitator.models import Practice, User


@admin.register(Practice)
class PracticeAdmin(admin.ModelAdmin):
    list_display = ["name", "created_at"]
    fields = ["name", "neutral_name", "zone", "language"]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Facilitators only: a partner's account is not listed, so that it says nothing about anybody."""

    list_display = ["email", "practice", "is_active"]
    fields = ["email", "name", "practice", "is_facilitator", "is_practice_admin", "is_active"]

    def get_queryset(self, request: object) -> object:
        return super().get_queryset(request).exclude(email=None)  # type: ignore[arg-type]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
