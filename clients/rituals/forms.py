"""Forms about rituals: well-formed or not, nothing else."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from clients.models import Partner
from clients.rituals.library import OWN, RitualTemplate
from facilitator.errors import Refusal
from facilitator.http import said

# Values of `whom` and `rhythm`; the other values of `rhythm` are numbers of days.
BOTH = "both"
ON_DAYS = "days"
AS_WISHED = "wished"


class ProposeForm(forms.Form):
    """A ritual to propose: in whose words, to whom, and when it comes round."""

    words = forms.CharField(label=_("In their own words"), max_length=400, required=False)
    whom = forms.ChoiceField(label=_("For"), widget=forms.RadioSelect)
    rhythm = forms.ChoiceField(
        label=_("How often"),
        choices=[
            (ON_DAYS, _("on these days")),
            ("14", _("every two weeks")),
            ("28", _("every four weeks")),
            (AS_WISHED, _("as wished, with no reminder")),
        ],
        widget=forms.RadioSelect,
    )
    days = forms.MultipleChoiceField(
        label=_("Days"),
        choices=[(str(n), name) for n, name in WEEKDAYS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    usual_time = forms.TimeField(
        label=_("At about"), required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    start_on = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    # Out of sight until a soft no asks for it.
    override = forms.CharField(
        label=_("Go on anyway, because"), max_length=200, required=False, widget=forms.HiddenInput
    )

    def __init__(
        self,
        *args: Any,
        partners: Iterable[Partner],
        template: RitualTemplate | None,
        today: date,
        words: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        self.partners = {partner.slot: partner for partner in partners}

        may_be_shared = template is None or template.is_shared
        each = [(slot, partner.name) for slot, partner in self.partners.items()]
        both = [(BOTH, _("both together"))] if may_be_shared else []
        self.fields["whom"].choices = both + each
        self.fields["words"].required = template is None

        self.initial = {
            "words": words,
            "whom": BOTH if may_be_shared else "",
            "usual_time": "19:00",
            "start_on": today,
            **_usual_rhythm(template, today),
        }

    def say_no(self, refusal: Refusal) -> None:
        """The rule's sentence above the form. A soft one gives way to a reason: one more field, the same press."""
        self.add_error(None, said(refusal))
        if refusal.kind == "soft":
            self.fields["override"].widget = forms.TextInput()

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}

        if facts.get("rhythm") == ON_DAYS and not facts.get("days"):
            self.add_error("days", _("Choose one day or more."))
        if facts.get("rhythm") != AS_WISHED and not facts.get("usual_time"):
            self.add_error("usual_time", _("Say at about what time."))

        return facts

    def facts(self) -> dict[str, Any]:
        """As the verb takes them."""
        kept = self.cleaned_data
        facts = {
            "code": self.template.code if self.template else OWN,
            "words": kept["words"],
            "owner": self.partners.get(kept["whom"]),
            "start_on": kept["start_on"],
            "override": kept["override"],
        }

        if kept["rhythm"] == AS_WISHED:
            return facts

        facts["usual_time"] = kept["usual_time"]
        if kept["rhythm"] == ON_DAYS:
            facts["weekdays"] = frozenset(map(int, kept["days"]))
        else:
            facts["every_n_days"] = int(kept["rhythm"])
        return facts


def _usual_rhythm(template: RitualTemplate | None, today: date) -> dict[str, Any]:
    """What the form begins with: the rhythm of the library, or this day of the week."""
    days = frozenset({today.weekday()})
    step = 0
    if template is not None:
        days, step = template.usual_days(today)

    chosen = [str(day) for day in sorted(days)]
    if step:
        return {"rhythm": str(step), "days": chosen}
    if days:
        return {"rhythm": ON_DAYS, "days": chosen}
    return {"rhythm": AS_WISHED, "days": chosen}


class HourForm(forms.Form):
    """The hour at which a reminder suits this person; another is as good."""

    hour = forms.TimeField(
        label=_("At an hour that suits you"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
    )


class AnswerForm(forms.Form):
    """One partner's answer for a date; whether the answer is one there is, the verb says."""

    answer = forms.CharField(max_length=20)
    hour = forms.TimeField(required=False)
    note = forms.CharField(max_length=2000, required=False)
    tell = forms.BooleanField(required=False)


class ChangeForm(forms.Form):
    """What the facilitator does with a ritual that runs or rests."""

    act = forms.ChoiceField(choices=[(act, act) for act in ("rest", "resume", "graduate")])
