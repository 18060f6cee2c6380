"""The cards of a write-up: those of the desk with room for what only somebody writing afterwards knows at once."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Couple
from sessions.desk.forms import DraftForm, NeedForm, OptionForm, StatementForm
from sessions.desk.posting import MEETS_SOON, may_be_next
from sessions.desk.snapshot import Room, people
from sessions.engine.formats import FORMATS, Format
from sessions.engine.kinds import HEARD
from sessions.engine.plan import other
from sessions.engine.values import written
from sessions.plan_page.forms import CATEGORIES
from sessions.wording import codes
from sessions.write_up.verbs import Card

MOST_MINUTES = 600
LOOK_AGAIN_DAYS = 14


def _line(label: Any, *, most: int = 400, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=most,
        help_text=help_text,
        widget=forms.TextInput({"autocomplete": "off"}),
    )


def _day(label: Any, *, required: bool = False) -> forms.DateField:
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


ALONE = "one-to-one"


class WriteUpForm(forms.Form):
    """Who, when, how long, what for."""

    who = forms.ChoiceField(label=_("Who met"))
    held_on = _day(_("On which day"), required=True)
    held_minutes = forms.IntegerField(
        label=_("About how many minutes"), required=False, min_value=1, max_value=MOST_MINUTES
    )
    category = forms.ChoiceField(label=_("The goal is about"), choices=CATEGORIES, initial="feelings")
    goal = _line(_("What you came for, in a sentence"), most=300)
    format = forms.ChoiceField(
        label=_("Format"), choices=[(code, one.title) for code, one in FORMATS.items()], initial="first-talk"
    )
    first = forms.ChoiceField(
        label=_("Who spoke first"),
        choices=[("A", _("the first named")), ("B", _("the second named"))],
        initial="A",
        widget=forms.RadioSelect,
    )
    intention = _line(_("The two, in one sentence of their own"), most=1000)
    goal_2 = _line(_("A second goal"), most=300)
    category_2 = forms.ChoiceField(label=_("It is about"), choices=CATEGORIES, initial="needs")
    goal_3 = _line(_("A third goal"), most=300)
    category_3 = forms.ChoiceField(label=_("It is about"), choices=CATEGORIES, initial="compromises")
    # The same press sent twice is the same session.
    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)

    def __init__(self, *args: Any, couples: list[Couple], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.couples, self.today = {str(couple.pk): couple for couple in couples}, today
        self.fields["held_on"].initial = today
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            (couple.label, [(f"{couple.pk}:{slot}", words) for slot, words in _meetings(couple)])
            for couple in couples
        ]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("held_on") and said["held_on"] > self.today:
            self.add_error("held_on", _("That day is still to come."))
        chosen, with_ = FORMATS.get(said.get("format", "")), said.get("who", "").rpartition(":")[2]
        if with_ in ("A", "B") and said.get("format") == self.fields["format"].initial:
            # Nobody chose it: it lies there for two. A talk with one has a format of its own.
            said["format"], chosen = ALONE, FORMATS[ALONE]
        if chosen and with_ and (chosen.with_ == "one") != (with_ != "both"):
            self.add_error("format", _("This format is for another number of people."))
        return said

    def facts(self) -> dict[str, Any]:
        said = self.cleaned_data
        couple, _colon, with_ = said["who"].rpartition(":")
        pairs = [(said[f"category{n}"], said[f"goal{n}"]) for n in ("", "_2", "_3")]
        chosen: Format = FORMATS[said["format"]]
        return {
            "couple": self.couples[couple],
            "with_": with_,
            "first_speaker": said["first"] if with_ == "both" else with_,
            "chosen": chosen,
            "held_on": said["held_on"],
            "held_minutes": said["held_minutes"],
            "goals": [(category, wording) for category, wording in pairs if wording],
            "intention": said["intention"],
            "key": said["key"],
        }


def _meetings(couple: Couple) -> list[tuple[str, Any]]:
    each = [(one.slot, _("%(name)s alone") % {"name": one.name}) for one in couple.both]  # type: ignore[attr-defined]
    return [("both", couple.label), *each]


class Heard(forms.Form):
    """Whether it was said back."""

    back = forms.BooleanField(label=_("said back, and it fitted"), required=False)
    meant = _line(_("At first heard otherwise; what was meant"), most=1000)

    def check_of(self, card: Card, of: str, by: str, kind: str) -> Card:
        said = self.cleaned_data
        parts = list(HEARD[kind])
        return card.heard(of, by, back=said["back"], meant=said["meant"], check_kind=kind, parts=parts)


class Said(StatementForm, Heard):
    field_order = ("by", "text", "feelings", "need", "back", "meant")
    need = _line(_("A need that was in it"), most=120)

    def on(self, card: Card) -> Card:
        said, made = self.cleaned_data, card.made("statement")
        card.says(said["by"], "statement", id=made, need=said["need"], **self.command_fields())
        return self.check_of(card, made, said["by"], "feeling_and_reason")


class Needed(NeedForm, Heard):
    field_order = ("by", "need", "text", "wish", "feelings", "shared", "back", "meant")
    text = _line(_("As it was said"), most=4000)
    feelings = _line(_("Feelings"), most=200)
    shared = forms.BooleanField(label=_("both said it"), required=False)

    def on(self, card: Card) -> Card:
        said, need, words = self.cleaned_data, card.made("need"), card.made("statement")
        quoted = {"statement": words, "text": said["text"]} if said["text"] else {}
        feelings = [word.strip() for word in said["feelings"].split(",") if word.strip()]
        shared = ["A", "B"] if said["shared"] else []
        card.says(
            said["by"],
            "need_named",
            id=need,
            feelings=feelings,
            shared_by=shared,
            **quoted,
            **self.command_fields(),
        )
        if said["text"]:
            return self.check_of(card, words, said["by"], "feeling_and_reason")
        return self.check_of(card, need, said["by"], "wish")


class Offered(OptionForm):
    """An idea. Which needs it serves is asked where the agreement is."""

    def on(self, card: Card) -> Card:
        said = self.cleaned_data
        return card.says(said["by"], "option_added", id=card.made("option"), **self.command_fields())


class Agreed(DraftForm):
    """What they will try, with who does what, and the yes of each: nobody's is ticked for them."""

    part_a = _line("", most=1000)
    part_b = _line("", most=1000)
    options = forms.MultipleChoiceField(
        label=_("Made of these ideas"), required=False, widget=forms.CheckboxSelectMultiple
    )
    serves = forms.MultipleChoiceField(
        label=_("Looks after"), required=False, widget=forms.CheckboxSelectMultiple
    )
    trial_until = _day(_("On trial until"))
    if_not_working = _line(_("If it does not work"), most=1000)
    confirmed = forms.MultipleChoiceField(
        label=_("Who said yes to it"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, room: Room, **kwargs: Any) -> None:
        super().__init__(*args, people=people(room), **kwargs)
        names, self.first = dict(people(room)), room.plan.first_speaker
        self.fields["who"].required = False
        for slot in ("A", "B"):
            if slot in names:
                self.fields[f"part_{slot.lower()}"].label = _("What %(name)s does") % {"name": names[slot]}
            else:
                del self.fields[f"part_{slot.lower()}"]
        choices = {"options": made(room, "option"), "serves": made(room, "need"), "confirmed": people(room)}
        for name, found in choices.items():
            self.fields[name].choices = found  # type: ignore[attr-defined]
            if not found:
                del self.fields[name]

    def on(self, card: Card) -> Card:
        said, agreement = self.cleaned_data, card.made("agreement")
        parts = [(slot, said.get(f"part_{slot.lower()}", "")) for slot in (self.first, other(self.first))]
        tasks = [{"who": slot, "what": what} for slot, what in parts if what]
        fields = self.command_fields()
        card.says(
            "F",
            "compromise_drafted",
            id=agreement,
            **{
                **fields,
                "who_does_what": tasks or [{"who": said["who"] or "both", "what": said["text"][:1000]}],
            },
            from_options=said.get("options", []),
            serves=said.get("serves", []),
            trial_until=said["trial_until"].isoformat() if said["trial_until"] else "",
            if_not_working=said["if_not_working"],
        )
        for slot in said["confirmed"]:
            card.says(slot, "agreement_confirmed", agreement=agreement)
        return card


class Closed(forms.Form):
    """How the hour ended for each: the goals, a word for the way home, and what both want to keep."""

    milestones = forms.MultipleChoiceField(
        label=_("Good moments both want to keep"),
        required=False,
        choices=codes.choices(codes.MILESTONE),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, room: Room, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room = room
        views = [("", "–"), *codes.choices(codes.GOAL_VIEW)]
        for slot, name in people(room):
            for goal in room.plan.goals:
                label = _("%(name)s: %(goal)s") % {"name": name, "goal": goal.wording}
                self.fields[f"goal_{goal.id}_{slot}"] = forms.ChoiceField(
                    label=label, required=False, choices=views
                )
            self.fields[f"word_{slot}"] = _line(
                _("%(name)s, a word for the way home") % {"name": name}, most=1000
            )

    def on(self, card: Card) -> Card:
        said = self.cleaned_data
        kept = [{"id": card.made(f"moment-{one}"), "milestone": one} for one in said["milestones"]]
        for slot in self.room.plan.partners:
            for goal in self.room.plan.goals:
                if view := said[f"goal_{goal.id}_{slot}"]:
                    card.says(slot, "goal_viewed", goal=goal.id, view=view)
            if kept:
                card.says(slot, "milestones_kept", milestones=kept)
            if said[f"word_{slot}"]:
                card.says(slot, "closing_word", text=said[f"word_{slot}"])
        return card


class Ended(forms.Form):
    """The end, the next day, and what both take home."""

    next_at = forms.DateTimeField(
        label=_("The next meeting"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    sign = _line(_("Their sign for a pause"))
    return_sentence = _line(_("What is said on coming back"))
    line = _line(_("One line from you for both"))

    def __init__(self, *args: Any, room: Room, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.room = room
        known = room.plan.exit_strategy
        self.fields["sign"].initial, self.fields["return_sentence"].initial = (
            known.sign,
            known.return_sentence,
        )

    def clean_next_at(self) -> datetime | None:
        said: datetime | None = self.cleaned_data["next_at"]
        if said and not may_be_next(said, self.room):
            raise forms.ValidationError(_(MEETS_SOON))
        return said

    def on(self, card: Card) -> Card:
        state, last = self.room.state, len(self.room.plan.phases)
        if state.closing.status == "waiting":
            card.says("F", "phase_started", phase=last)
        if state.closing.status in ("waiting", "active"):
            card.says("F", "phase_finished", phase=last)
        next_at = self.cleaned_data["next_at"]
        return card.says(
            "F", "session_ended", how=self._how(), next_session=written(next_at) if next_at else ""
        )

    def _how(self) -> str:
        return "carried_over" if self.room.state.carried else "completed"

    def words(self) -> dict[str, str]:
        """What goes on the sheet; what was left as the plan has it needs no row."""
        said = {name: self.cleaned_data[name].strip() for name in ("sign", "return_sentence", "line")}
        return {name: text for name, text in said.items() if text}


CARDS: dict[str, Any] = {
    "statement": Said,
    "need_named": Needed,
    "option_added": Offered,
    "compromise_drafted": Agreed,
    "closing": Closed,
    "end": Ended,
}
OF_THE_ROOM = (Agreed, Closed, Ended)


def form_of(kind: str, room: Room, posted: Any = None) -> Any:
    made = CARDS[kind]
    known: dict[str, Any] = {"room": room} if made in OF_THE_ROOM else {"people": people(room)}
    again = (room.session.held_on or room.reading.now.date()) + timedelta(days=LOOK_AGAIN_DAYS)
    start = {"by": _whose_next(room), "who": "both", "look_again_on": again}
    return made(posted, auto_id=f"{kind}-%s", initial=start, **known)


def _whose_next(room: Room) -> str:
    """A card is filled in with one hand: it is likely to be the other one's words."""
    said = [line.moment.by for line in room.lines if line.kind in ("statement", "need_named", "option_added")]
    if len(room.plan.partners) < 2 or not said or said[-1] not in room.plan.partners:
        return room.plan.first_speaker
    return other(said[-1])


def made(room: Room, sort: str) -> list[tuple[str, str]]:
    """Ids of what lies on the table, with the beginning of its words."""
    kind = {"need": "need_named", "option": "option_added"}[sort]
    named = {line.ref: line.words for line in room.lines if line.kind == kind}
    words = {ref: said.get("need") or said.get("text", "") for ref, said in named.items()}
    return [(ref, words[ref][:70]) for ref, what in room.state.ids.items() if what == sort and ref in words]
