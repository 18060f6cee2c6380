"""Forms about rituals: well-formed or not, nothing else."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from clients.models import Partner
from clients.rituals.library import OWN, RitualTemplate
from clients.rituals.models import RitualConsent

BOTH = "both"
ON_DAYS, AS_WISHED = "days", "wished"


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
    override = forms.CharField(label=_("Go on anyway, because"), max_length=200, required=False)

    def __init__(
        self,
        *args: Any,
        partners: Iterable[Partner],
        template: RitualTemplate | None,
        today: date,
        words: str = "",
        **kwargs: Any,
    ) -> None:
        days, step = template.usual_days(today) if template else (frozenset({today.weekday()}), 0)
        kwargs["initial"] = {
            "words": words,
            "whom": BOTH if template is None or template.is_shared else "",
            "rhythm": str(step) if step else ON_DAYS if days else AS_WISHED,
            "days": [str(day) for day in sorted(days)],
            "usual_time": "19:00",
            "start_on": today,
        }
        super().__init__(*args, **kwargs)
        self.template = template
        self.partners = {partner.slot: partner for partner in partners}
        both = [(BOTH, _("both together"))] if template is None or template.is_shared else []
        self.fields["whom"].choices = both + [(slot, each.name) for slot, each in self.partners.items()]
        self.fields["words"].required = template is None
        if not self.data.get("override_offered"):
            self.fields["override"].widget = forms.HiddenInput()

    def offer_override(self) -> None:
        """After a soft no: one more field, and the same press again."""
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
        on_days, wished = kept["rhythm"] == ON_DAYS, kept["rhythm"] == AS_WISHED
        return {
            "code": self.template.code if self.template else OWN,
            "words": kept["words"],
            "owner": self.partners.get(kept["whom"]),
            "usual_time": None if wished else kept["usual_time"],
            "weekdays": frozenset(map(int, kept["days"])) if on_days else frozenset(),
            "every_n_days": 0 if on_days or wished else int(kept["rhythm"]),
            "start_on": kept["start_on"],
            "override": kept["override"],
        }


class HourForm(forms.Form):
    """The hour at which a reminder suits this person; another is as good."""

    hour = forms.TimeField(
        label=_("At an hour that suits you"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(max_length=20)
    hour = forms.TimeField(required=False)
    note = forms.CharField(max_length=2000, required=False)
    tell = forms.BooleanField(required=False)


class ChangeForm(forms.Form):
    act = forms.ChoiceField(choices=[(act, act) for act in ("rest", "resume", "graduate")])


ANSWERS = {answer: answer.label for answer in RitualConsent.Answer}
