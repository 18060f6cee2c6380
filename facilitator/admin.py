"""Practice and User only. Nothing a partner wrote is ever registered here.

A site of our own, because installed apps register theirs at Django's: second factors, addresses, groups.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from facilitator.models import Practice, User


class Site(admin.AdminSite):
    """For whoever runs the installation; to everybody else there is nothing here."""

    def has_permission(self, request: HttpRequest) -> bool:
        if super().has_permission(request):
            return True
        if request.user.is_authenticated:
            raise Http404
        return False

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Django's own sign-in asks for no second factor, so there is one sign-in page for all."""
        if self.has_permission(request):
            return redirect("admin:index")
        return redirect_to_login("/admin/")


site = Site()


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
