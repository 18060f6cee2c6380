"""Forms of the front door."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from facilitator.models import User


class FirstRunForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(
        label=_("Your e-mail address"), help_text=_("To sign in. No mail is sent to it.")
    )
    password = forms.CharField(
        label=_("A password"),
        help_text=_("Ten characters or more; a short sentence is easiest."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=True),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if facts.get("password"):
            person = User(email=facts.get("email"), name=facts.get("name", ""))
            try:
                validate_password(facts["password"], person)
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return facts
