"""Forms about a couple: well-formed or not, nothing else."""

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
