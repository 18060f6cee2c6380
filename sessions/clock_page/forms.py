"""Forms of *just the clock*: how the hour begins, and the two cards of *Keep this?*."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Consent, Screening
from sessions.clock_page.keep_this import Person
from sessions.engine.formats import FORMATS, Format

FOR_BOTH = {code: one for code, one in FORMATS.items() if one.with_ == "both"}


class ClockForm(forms.Form):
    """Format and length. Nothing of the people."""

    format = forms.ChoiceField(
        choices=[(code, one.title) for code, one in FOR_BOTH.items()], initial="first-talk"
    )
    length = forms.ChoiceField(
        label=_("Length"),
        choices=[("full", _("as described")), ("short", _("the short cut"))],
        initial="full",
        widget=forms.RadioSelect,
    )

    @property
    def chosen(self) -> Format:
        return FOR_BOTH[self.cleaned_data["format"]]


class KeptForm(forms.Form):
    """One of the two, before anything of the hour is written."""

    name = forms.CharField(
        label=_("First name"), max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    spoken_alone_on = forms.DateField(
        label=_("Spoken alone on"),
        widget=forms.DateInput({"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
    )
    outcome = forms.ChoiceField(label=_("We can meet"), choices=Screening.Outcome, widget=forms.RadioSelect)
    scopes = forms.MultipleChoiceField(
        label=_("What they said yes to"), required=False, widget=forms.CheckboxSelectMultiple
    )
    how = forms.ChoiceField(
        label=_("How it was given"),
        help_text=_("Their own hand is for the agreement on the turned screen, when a couple walks in."),
        choices=[(how.value, how.label) for how in (Consent.How.PAPER, Consent.How.SAID_ALONE)],
        widget=forms.RadioSelect,
    )
    # A card may be folded away: what is missing is said in words by the server, never by a browser that cannot show it.
    use_required_attribute = False

    def __init__(self, *args: Any, today: date, ticks: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["spoken_alone_on"].initial = today
        self.fields["scopes"].choices = ticks  # type: ignore[attr-defined]

    def clean_spoken_alone_on(self) -> date:
        said: date = self.cleaned_data["spoken_alone_on"]
        if said > self.today:
            raise forms.ValidationError(_("That day is still to come."))
        return said

    def person(self) -> Person:
        said = self.cleaned_data
        return Person(
            name=said["name"],
            spoken_alone_on=said["spoken_alone_on"],
            outcome=said["outcome"],
            scopes=frozenset(said["scopes"]),
            how=said["how"],
        )
