"""Forms about a couple: well-formed or not, nothing else."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Consent, Screening


def zones() -> list[tuple[str, str]]:
    return [
        (zone, zone.replace("_", " "))
        for zone in sorted(available_timezones())
        if "/" in zone or zone == "UTC"
    ]


class CoupleForm(forms.Form):
    label = forms.CharField(label=_("What you call the two"), max_length=80)
    name_a = forms.CharField(label=_("One partner's first name"), max_length=60)
    name_b = forms.CharField(label=_("The other partner's first name"), max_length=60)
    zone = forms.ChoiceField(label=_("Time zone"), choices=zones, initial="UTC")


class TalkForm(forms.Form):
    """The two lines of a private talk."""

    spoken_alone_on = forms.DateField(
        label=_("Spoken to alone on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    outcome = forms.ChoiceField(label=_("We can meet"), choices=Screening.Outcome, widget=forms.RadioSelect)


class ConsentForm(forms.Form):
    """Ticked by the person themselves, here, on paper, or said alone."""

    scopes = forms.MultipleChoiceField(
        label=_("What they said yes to"), choices=Consent.Scope, widget=forms.CheckboxSelectMultiple
    )
    how = forms.ChoiceField(label=_("How it was given"), choices=Consent.How, initial=Consent.How.OWN_HAND)


class AddressForm(forms.Form):
    address = forms.EmailField(
        label=_("How may I reach you safely?"),
        help_text=_("Asked alone. Leave it empty unless they wish it."),
    )


class CardForm(forms.Form):
    """One of the two who walk in, alone: a name, and whether we can meet. Everything else has a quiet default.

    Its buttons: `turn` (the agreement follows on the turned screen), `given` (on paper, or said), `on` (both yeses
    are there already) and `enquiry` (no agreement yet, and the talk may still be to come). `given` is what this
    person said yes to before; it stays, whatever is ticked here.
    """

    name = forms.CharField(
        label=_("First name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    spoken = forms.ChoiceField(
        label=_("Spoken alone"),
        choices=[("today", _("today")), ("on", _("on a date"))],
        initial="today",
        widget=forms.RadioSelect,
    )
    spoken_on = forms.DateField(
        label=_("On which date"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    outcome = forms.ChoiceField(
        label=_("We can meet"), choices=Screening.Outcome, required=False, widget=forms.RadioSelect
    )
    notes = forms.CharField(
        label=_("What you want to remember"),
        help_text=_("Only you read them."),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2, "autocomplete": "off"}),
    )
    reach = forms.EmailField(
        label=_("Their own e-mail address"),
        required=False,
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    how = forms.ChoiceField(
        label=_("How it was given"),
        choices=[(how.value, how.label) for how in (Consent.How.PAPER, Consent.How.SAID_ALONE)],
        required=False,
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(
        label=_("What they said yes to"), required=False, widget=forms.CheckboxSelectMultiple
    )
    act = forms.ChoiceField(choices=[("turn", ""), ("given", ""), ("on", ""), ("enquiry", "")])
    # The same press sent twice is the same couple.
    key = forms.UUIDField(required=False)

    def __init__(
        self,
        *args: Any,
        today: date,
        ticks: list[tuple[str, str]],
        given: Sequence[Consent] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.given = today, given
        self.given_scopes = {consent.scope for consent in given}
        self.is_agreed = self.given_scopes >= {scope for scope, _label in ticks}
        self.fields["scopes"].choices = ticks  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if facts.get("spoken") == "on" and "spoken_on" not in self.errors:
            if facts.get("spoken_on") is None:
                self.add_error("spoken_on", _("Please say which day it was."))
            elif facts["spoken_on"] > self.today:
                self.add_error("spoken_on", _("That day is still to come."))
        if facts.get("spoken") == "today":
            facts["spoken_on"] = self.today
        is_enquiry = facts.get("act") == "enquiry" and not facts.get("notes")
        if not facts.get("outcome") and not is_enquiry:
            self.add_error("outcome", _("Please choose one; you can change it later."))
        if facts.get("act") == "given" and not facts.get("how"):
            self.add_error("how", _("On paper, or said to you alone?"))
        if facts.get("act") == "given" and not (facts.get("scopes") or self.given or self.errors):
            self.add_error("scopes", _("Please tick what they said yes to."))
        return facts
