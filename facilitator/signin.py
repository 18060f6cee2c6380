"""django-allauth in our house: nobody signs up by themselves, no mail of its own, TOTP secrets encrypted."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from facilitator.crypto import unwrap, wrap


class AccountAdapter(DefaultAccountAdapter):
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
    def encrypt(self, text: str) -> str:
        return wrap(text.encode())

    def decrypt(self, encrypted_text: str) -> str:
        return unwrap(encrypted_text).decode()
