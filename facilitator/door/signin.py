"""django-allauth in our house: nobody signs up by themselves, no mail of its own, TOTP secrets encrypted."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from facilitator.crypto import unwrap, wrap


def with_password(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pages about one's password or second factor. A partner's account has neither."""

    @wraps(view)
    def only(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not request.user.has_usable_password():
            raise Http404
        return view(request, *args, **kwargs)

    return only


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That address and that password do not go together."),
        "enter_current_password": _("Please type the password you have now."),
        "incorrect_password": _("That is not the password."),
        "too_many_login_attempts": _("That was tried many times. Please wait a little, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """The same page as for anybody: a closed account has none of its own."""
        return redirect("account_login")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing: facilitator.mail is the only sender, and account mail is not part of this house yet."""

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """Nothing: allauth's messages name addresses; our pages say what happened."""


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("That code did not fit. A new one comes every half minute."),
    }

    def encrypt(self, text: str) -> str:
        return wrap(text.encode())

    def decrypt(self, encrypted_text: str) -> str:
        return unwrap(encrypted_text).decode()
