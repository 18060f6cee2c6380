"""Forms of the front door."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from facilitator.models import User
from sessions.engine.formats import FORMATS, Format

# The room is given back so long after the talk is over.
GIVEN_BACK_AFTER_MINUTES = 15
# An hour that has gone by today is one of tonight, past midnight, if it is this near.
PAST_MIDNIGHT = timedelta(hours=8)
FIRST, ALONE = "first-talk", "one-to-one"


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


class TodayForm(forms.Form):
    """What is chosen before Begin: who begins. All the rest is chosen already and can be changed."""

    format = forms.ChoiceField(
        choices=[(code, one.title) for code, one in FORMATS.items() if one.with_ == "both"],
        initial=FIRST,
        widget=forms.RadioSelect,
    )
    length = forms.ChoiceField(
        label=_("Length"),
        choices=[("full", _("full")), ("short", _("short"))],
        initial="full",
        widget=forms.RadioSelect,
    )
    room_until = forms.TimeField(
        label=_("I have the room until"),
        required=False,
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text=_("Empty: the talk and a quarter of an hour."),
    )
    first_speaker = forms.ChoiceField(
        label=_("Who begins"), choices=[], required=False, widget=forms.RadioSelect
    )
    goal = forms.CharField(
        label=_("What for, in one line"),
        required=False,
        max_length=300,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Empty: what this kind of talk is for."),
    )
    meets = forms.ChoiceField(choices=[("both", ""), ("A", ""), ("B", "")])
    override = forms.CharField(required=False, max_length=300)
    key = forms.UUIDField()

    def __init__(
        self, *args: Any, people: list[tuple[str, str]], zone: str, now: datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.now = now.astimezone(ZoneInfo(zone))
        self.fields["first_speaker"].choices = people  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Format:
        is_joint = self.cleaned_data["meets"] == "both"
        return FORMATS[self.cleaned_data["format"] if is_joint else ALONE]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("meets") == "both" and not said.get("first_speaker"):
            self.add_error("first_speaker", _("Please choose; next time it is the other’s turn."))
        if said.get("room_until"):
            said["room_until"] = self._coming(said["room_until"])
        return said

    def _coming(self, hour: time) -> datetime | None:
        """Later today whatever the hour, or tonight past midnight. Counted in real hours, also on the days on which
        the clocks change; an hour that comes twice is the first one still to come."""
        today, at = self.now.date(), self.now.astimezone(UTC)
        tomorrow = today + timedelta(days=1)
        for day, latest in ((today, None), (tomorrow, at + PAST_MIDNIGHT)):
            for fold in (0, 1):
                until = datetime.combine(day, hour, self.now.tzinfo).replace(fold=fold).astimezone(UTC)
                if at < until and (latest is None or until <= latest):
                    return until.astimezone(self.now.tzinfo)
        self.add_error("room_until", _("That hour has gone by for today."))
        return None

    def facts(self) -> dict[str, Any]:
        """As sessions.desk.start_now takes them."""
        said, chosen = self.cleaned_data, self.chosen
        is_short = said["length"] == "short"
        minutes = (chosen.minutes_short if is_short else chosen.minutes) + GIVEN_BACK_AFTER_MINUTES
        return {
            "key": said["key"],
            "chosen": chosen,
            "short": is_short,
            "first_speaker": said["first_speaker"] or "A",
            "with_": said["meets"],
            "room_until": said["room_until"] or self.now.astimezone(UTC) + timedelta(minutes=minutes),
            "goal": (chosen.serves[0], said["goal"]) if said["goal"] else None,
            "override": said["override"],
        }
