"""The short code that turns the screen back: set or cleared by its facilitator."""

from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from facilitator.http import page
from facilitator.models import User


class ShortCodeForm(forms.Form):
    code = forms.RegexField(
        r"^[0-9]{4,8}$",
        label=gettext_lazy("Short code"),
        help_text=gettext_lazy("Four to eight digits. Not the code of your phone or your card."),
        error_messages={"invalid": gettext_lazy("Please type four to eight digits.")},
        widget=forms.PasswordInput({"inputmode": "numeric", "autocomplete": "off", "maxlength": "8"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def short_code(request: HttpRequest) -> HttpResponse:
    """Set or cleared; urls.py asks for the password again before."""
    user = request.user
    assert isinstance(user, User)

    if "clear" in request.POST:
        return _kept(user, "")

    form = ShortCodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _kept(user, make_password(form.cleaned_data["code"]))

    context = {"form": form, "is_set": bool(user.short_code)}
    status = 422 if form.is_bound else 200
    return page(request, "facilitator/short_code.html", context, status=status)


def _kept(user: User, code: str) -> HttpResponse:
    user.short_code = code
    user.save(update_fields=["short_code"])
    return redirect("mfa_index")
