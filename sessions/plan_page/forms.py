"""The form on which a session is planned."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions.engine.formats import FORMATS, Format

CATEGORIES = [("feelings", _("feelings")), ("needs", _("needs")), ("compromises", _("compromises"))]


class PlanForm(forms.Form):
    """Format, length, who begins, one goal, when."""

    format = forms.ChoiceField(
        choices=[(code, one.title) for code, one in FORMATS.items()], initial="first-talk"
    )
    length = forms.ChoiceField(
        label=_("Length"),
        choices=[("full", _("as described")), ("short", _("the short cut"))],
        initial="full",
    )
    first_speaker = forms.ChoiceField(
        label=_("Who begins"), choices=[], widget=forms.RadioSelect, initial="A"
    )
    meets = forms.ChoiceField(
        label=_("Who meets"),
        choices=[],
        initial="both",
        help_text=_("A talk on their own is that person's alone."),
    )
    starts = forms.DateTimeField(
        label=_("Begins at"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    category = forms.ChoiceField(label=_("The goal is about"), choices=CATEGORIES, initial="feelings")
    goal = forms.CharField(label=_("In a sentence"), required=False, max_length=300)

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], zone: str, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        self.fields["first_speaker"].choices = people  # type: ignore[attr-defined]
        self.fields["meets"].choices = [("both", _("both")), *people]  # type: ignore[attr-defined]

        soon = (now.astimezone(self.zone) + timedelta(minutes=5)).replace(second=0, microsecond=0)
        self.fields["starts"].initial = soon.replace(tzinfo=None)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        chosen = FORMATS.get(said.get("format", ""))
        meets = said.get("meets")

        if chosen and chosen.with_ == "one" and meets == "both":
            self.add_error("meets", _("This is a talk with one; please choose with whom."))
        if chosen and chosen.with_ == "both" and meets in ("A", "B"):
            self.add_error("meets", _("This format needs both."))

        if said.get("starts"):
            said["starts"] = said["starts"].replace(tzinfo=self.zone)
        return said

    @property
    def chosen(self) -> Format:
        return FORMATS[self.cleaned_data["format"]]
