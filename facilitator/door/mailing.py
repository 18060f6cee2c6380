"""The pages about mail: a practice's server, its test message, and the demo practice's mailbox."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import as_facilitator
from clients.rituals.models import MailTest
from facilitator import audit, bell
from facilitator.http import page
from facilitator.mail import is_this_machine
from facilitator.models import LocalMail, MailSettings, Practice
from facilitator.now import now

SHOWN = 100


class MailSettingsForm(forms.ModelForm):
    """A server, and how it is spoken to. An empty password keeps the one there is."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=gettext_lazy("Kept sealed. Leave it empty to keep the one there is."),
    )

    class Meta:
        model = MailSettings
        fields = ("host", "port", "security", "username", "password", "from_address")

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if not facts.get("password"):
            is_kept = self.instance.pk is not None
            facts["password"] = self.instance.password if is_kept else ""

        if facts.get("security") == MailSettings.Security.NONE and not is_this_machine(facts.get("host", "")):
            self.add_error("security", _("Mail leaves this machine only over TLS."))
        return facts


@require_http_methods(["GET", "HEAD", "POST"])
def mail_settings(request: HttpRequest) -> HttpResponse:
    practice = _practice(request)
    kept = MailSettings.objects.filter(practice=practice).first()
    form = MailSettingsForm(request.POST or None, instance=kept or MailSettings(practice=practice))

    if request.method == "POST" and form.is_valid():
        form.instance.tested_at = None
        form.save()
        audit.record(
            practice=practice, actor=audit.actor_of(request.user), action="mail settings changed", at=now()
        )
        messages.success(request, _("Kept. One test message, and it is ready."))
        return redirect("mail_settings")

    kept = MailSettings.objects.filter(practice=practice).first()
    test = MailTest.objects.filter(practice=practice).order_by("-asked_at").first()
    context = {"form": form, "mail": kept, "test": test}
    status = 422 if form.errors else 200
    return page(request, "facilitator/mail_settings.html", context, status=status)


@require_POST
def test_message(request: HttpRequest) -> HttpResponse:
    """Asked for here, sent by the next sweep: no page waits for a mail server."""
    practice = _practice(request)
    if not MailSettings.objects.filter(practice=practice).exists():
        raise Http404
    MailTest.objects.create(practice=practice, asked_by=request.user, asked_at=now())
    bell.ring("deliveries")
    messages.success(request, _("On its way. This page shows how it went in a moment."))
    return redirect("mail_settings")


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    practice = _practice(request)
    if not practice.is_demo:
        raise Http404
    mails = LocalMail.objects.filter(practice=practice)[:SHOWN]
    return page(request, "facilitator/mailbox.html", {"mails": mails})


def _practice(request: HttpRequest) -> Practice:
    """This facilitator's own practice; anybody else gets 404."""
    as_facilitator(request)
    practice = request.user.practice
    if practice is None:
        raise Http404
    return practice
