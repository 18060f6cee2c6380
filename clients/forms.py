"""Forms about a couple: well-formed or not, nothing else."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.boundfield import BoundWidget
from django.utils.translation import gettext_lazy as _

from clients.models import Consent, Screening

# Out of the way on the card, under "something else".
RARE_OUTCOME = Screening.Outcome.CONSULT


def zones() -> list[tuple[str, str]]:
    """Places to choose from. Names without a place in them, such as EST, are left out."""
    names = [name for name in sorted(available_timezones()) if "/" in name or name == "UTC"]
    return [(name, name.replace("_", " ")) for name in names]


class CoupleForm(forms.Form):
    """A couple with both its partners, named at once."""

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
    """How one person may be reached."""

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
        self.today = today
        self.given = given
        self.given_scopes = {consent.scope for consent in given}
        self.is_agreed = self.given_scopes >= {scope for scope, _label in ticks}
        self.fields["scopes"].choices = ticks  # type: ignore[attr-defined]

    # Choices, as the card lays them out

    @property
    def usual_outcomes(self) -> list[BoundWidget]:
        return [radio for radio in self["outcome"] if radio.data["value"] != RARE_OUTCOME]

    @property
    def rare_outcomes(self) -> list[BoundWidget]:
        return [radio for radio in self["outcome"] if radio.data["value"] == RARE_OUTCOME]

    @property
    def scopes_to_ask(self) -> list[BoundWidget]:
        """What this person has not said yes to."""
        return [box for box in self["scopes"] if box.data["value"] not in self.given_scopes]

    # What a whole card has

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}

        self._clean_day(facts)
        self._clean_outcome(facts)
        if facts.get("act") == "given":
            self._clean_given(facts)

        return facts

    def _clean_day(self, facts: dict[str, Any]) -> None:
        if facts.get("spoken") == "today":
            facts["spoken_on"] = self.today
            return
        if facts.get("spoken") != "on" or "spoken_on" in self.errors:
            return

        if facts.get("spoken_on") is None:
            self.add_error("spoken_on", _("Please say which day it was."))
        elif facts["spoken_on"] > self.today:
            self.add_error("spoken_on", _("That day is still to come."))

    def _clean_outcome(self, facts: dict[str, Any]) -> None:
        """Only an enquiry without notes may leave open whether we can meet."""
        may_be_open = facts.get("act") == "enquiry" and not facts.get("notes")
        if not facts.get("outcome") and not may_be_open:
            self.add_error("outcome", _("Please choose one; you can change it later."))

    def _clean_given(self, facts: dict[str, Any]) -> None:
        if not facts.get("how"):
            self.add_error("how", _("On paper, or said to you alone?"))

        has_said_yes = facts.get("scopes") or self.given
        if not has_said_yes and not self.errors:
            self.add_error("scopes", _("Please tick what they said yes to."))
