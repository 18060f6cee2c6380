"""Practice and User only. Nothing a partner wrote is ever registered here.

A site of our own, because installed apps register theirs at Django's: second factors, addresses, groups.
"""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from facilitator.models import Practice, User

site = admin.AdminSite()
# Django's own sign-in asks for no second factor.
site.login = secure_admin_login(site.login)


@admin.register(Practice, site=site)
class PracticeAdmin(admin.ModelAdmin):
    list_display = ["name", "created_at"]
    fields = ["name", "neutral_name", "zone", "language"]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False


@admin.register(User, site=site)
class UserAdmin(admin.ModelAdmin):
    """Facilitators only: a partner's account is not listed, so that it says nothing about anybody."""

    list_display = ["email", "practice", "is_active"]
    fields = ["email", "name", "practice", "is_facilitator", "is_practice_admin", "is_active"]

    def get_queryset(self, request: object) -> object:
        return super().get_queryset(request).exclude(email=None)  # type: ignore[arg-type]

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False
