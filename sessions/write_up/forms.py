"""The cards of a write-up: those of the desk with room for what only somebody writing afterwards knows at once."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from clients.models import Couple
from sessions.desk.forms import DraftForm, NeedForm, OptionForm, StatementForm, words_between
from sessions.desk.posting import MEETS_SOON, may_be_next
from sessions.desk.snapshot import DeskSnapshot
from sessions.engine.formats import FORMATS
from sessions.engine.kinds import HEARD
from sessions.engine.plan import other
from sessions.engine.values import written
from sessions.plan_page.forms import CATEGORIES
from sessions.wording import codes
from sessions.write_up.verbs import WrittenCard

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
        self.couples = {str(couple.pk): couple for couple in couples}
        self.today = today
        self.fields["held_on"].initial = today
        self.fields["who"].choices = [  # type: ignore[attr-defined]
            (couple.label, [(f"{couple.pk}:{slot}", words) for slot, words in _meetings(couple)])
            for couple in couples
        ]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if said.get("held_on") and said["held_on"] > self.today:
            self.add_error("held_on", _("That day is still to come."))

        who_met = said.get("who", "").rpartition(":")[2]
        chose_nothing = said.get("format") == self.fields["format"].initial
        if who_met in ("A", "B") and chose_nothing:
            # The format lies there for two. A talk with one has a format of its own.
            said["format"] = ALONE

        chosen = FORMATS.get(said.get("format", ""))
        if chosen and who_met:
            is_for_one = chosen.with_ == "one"
            met_alone = who_met != "both"
            if is_for_one != met_alone:
                self.add_error("format", _("This format is for another number of people."))
        return said

    def facts(self) -> dict[str, Any]:
        """As sessions.write_up.verbs.open_up takes them."""
        said = self.cleaned_data
        couple, _colon, with_ = said["who"].rpartition(":")
        first_speaker = said["first"] if with_ == "both" else with_
        pairs = [(said[f"category{number}"], said[f"goal{number}"]) for number in ("", "_2", "_3")]

        return {
            "couple": self.couples[couple],
            "with_": with_,
            "first_speaker": first_speaker,
            "chosen": FORMATS[said["format"]],
            "held_on": said["held_on"],
            "held_minutes": said["held_minutes"],
            "goals": [(category, wording) for category, wording in pairs if wording],
            "intention": said["intention"],
            "key": said["key"],
        }


def _meetings(couple: Couple) -> list[tuple[str, Any]]:
    each = [(one.slot, _("%(name)s alone") % {"name": one.name}) for one in couple.both]  # type: ignore[attr-defined]
    return [("both", couple.label), *each]


class HeardFields(forms.Form):
    """Whether it was said back."""

    back = forms.BooleanField(label=_("said back, and it fitted"), required=False)
    meant = _line(_("At first heard otherwise; what was meant"), most=1000)

    def add_check(self, card: WrittenCard, of: str, by: str, kind: str) -> WrittenCard:
        """Add the check on this thing, as far as one was held."""
        return card.heard(
            of,
            by,
            back=self.cleaned_data["back"],
            meant=self.cleaned_data["meant"],
            check_kind=kind,
            parts=list(HEARD[kind]),
        )


class StatementCard(StatementForm, HeardFields):
    field_order = ("by", "text", "feelings", "need", "back", "meant")
    need = _line(_("A need that was in it"), most=120)

    def on(self, card: WrittenCard) -> WrittenCard:
        """Add the commands of this card."""
        by = self.cleaned_data["by"]
        statement = card.made("statement")
        card.says(by, "statement", id=statement, need=self.cleaned_data["need"], **self.command_fields())
        return self.add_check(card, statement, by, "feeling_and_reason")


class NeedCard(NeedForm, HeardFields):
    field_order = ("by", "need", "text", "wish", "feelings", "shared", "back", "meant")
    text = _line(_("As it was said"), most=4000)
    feelings = _line(_("Feelings"), most=200)
    shared = forms.BooleanField(label=_("both said it"), required=False)

    def on(self, card: WrittenCard) -> WrittenCard:
        said = self.cleaned_data
        by = said["by"]
        need = card.made("need")
        statement = card.made("statement")

        fields = self.command_fields()
        fields["feelings"] = words_between(said["feelings"])
        if said["text"]:
            fields["statement"] = statement
            fields["text"] = said["text"]
        if said["shared"]:
            fields["shared_by"] = ["A", "B"]
        card.says(by, "need_named", id=need, **fields)

        if said["text"]:
            return self.add_check(card, statement, by, "feeling_and_reason")
        return self.add_check(card, need, by, "wish")


class OptionCard(OptionForm):
    """An idea. Which needs it serves is asked where the agreement is."""

    def on(self, card: WrittenCard) -> WrittenCard:
        by = self.cleaned_data["by"]
        return card.says(by, "option_added", id=card.made("option"), **self.command_fields())


class AgreementCard(DraftForm):
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

    def __init__(self, *args: Any, desk: DeskSnapshot, **kwargs: Any) -> None:
        super().__init__(*args, people=desk.names, **kwargs)
        self.first = desk.plan.first_speaker
        self.fields["who"].required = False

        names = dict(desk.names)
        for slot in ("A", "B"):
            self._name_part(slot, names)

        self._offer("options", on_the_table(desk, "option"))
        self._offer("serves", on_the_table(desk, "need"))
        self._offer("confirmed", desk.names)

    def _name_part(self, slot: str, names: dict[str, str]) -> None:
        """What this partner does; no field for one who does not meet."""
        field = f"part_{slot.lower()}"
        if slot not in names:
            del self.fields[field]
            return
        self.fields[field].label = _("What %(name)s does") % {"name": names[slot]}

    def _offer(self, field: str, choices: list[tuple[str, str]]) -> None:
        """Choices of a field; no field where there is nothing to choose."""
        if not choices:
            del self.fields[field]
            return
        self.fields[field].choices = choices  # type: ignore[attr-defined]

    def on(self, card: WrittenCard) -> WrittenCard:
        said = self.cleaned_data
        agreement = card.made("agreement")

        fields: dict[str, Any] = {}
        fields["from_options"] = said.get("options", [])
        fields["serves"] = said.get("serves", [])
        if said["trial_until"]:
            fields["trial_until"] = said["trial_until"].isoformat()
        fields["if_not_working"] = said["if_not_working"]
        fields.update(self.command_fields())
        fields["who_does_what"] = self._who_does_what()
        card.says("F", "compromise_drafted", id=agreement, **fields)

        for slot in said["confirmed"]:
            card.says(slot, "agreement_confirmed", agreement=agreement)
        return card

    def _who_does_what(self) -> list[dict[str, str]]:
        """The part of each who has one; else all of it, done by whoever was chosen, or by both."""
        said = self.cleaned_data
        parts = [(slot, said.get(f"part_{slot.lower()}", "")) for slot in (self.first, other(self.first))]
        tasks = [{"who": slot, "what": what} for slot, what in parts if what]
        if tasks:
            return tasks
        return [{"who": said["who"] or "both", "what": said["text"][:1000]}]


class ClosingCard(forms.Form):
    """How the hour ended for each: the goals, a word for the way home, and what both want to keep."""

    milestones = forms.MultipleChoiceField(
        label=_("Good moments both want to keep"),
        required=False,
        choices=codes.choices(codes.MILESTONE),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, desk: DeskSnapshot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.desk = desk

        views = [("", "–"), *codes.choices(codes.GOAL_VIEW)]
        for slot, name in desk.names:
            for goal in desk.plan.goals:
                label = _("%(name)s: %(goal)s") % {"name": name, "goal": goal.wording}
                field = forms.ChoiceField(label=label, required=False, choices=views)
                self.fields[f"goal_{goal.id}_{slot}"] = field

            label = _("%(name)s, a word for the way home") % {"name": name}
            self.fields[f"word_{slot}"] = _line(label, most=1000)

    def on(self, card: WrittenCard) -> WrittenCard:
        said = self.cleaned_data
        kept = [{"id": card.made(f"moment-{one}"), "milestone": one} for one in said["milestones"]]

        for slot in self.desk.plan.partners:
            for goal in self.desk.plan.goals:
                view = said[f"goal_{goal.id}_{slot}"]
                if view:
                    card.says(slot, "goal_viewed", goal=goal.id, view=view)
            if kept:
                card.says(slot, "milestones_kept", milestones=kept)
            if said[f"word_{slot}"]:
                card.says(slot, "closing_word", text=said[f"word_{slot}"])
        return card


class EndCard(forms.Form):
    """The end, the next day, and what both take home."""

    next_at = forms.DateTimeField(
        label=_("The next meeting"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    sign = _line(_("Their sign for a pause"))
    return_sentence = _line(_("What is said on coming back"))
    line = _line(_("One line from you for both"))

    def __init__(self, *args: Any, desk: DeskSnapshot, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.desk = desk
        known = desk.plan.exit_strategy
        self.fields["sign"].initial = known.sign
        self.fields["return_sentence"].initial = known.return_sentence

    def clean_next_at(self) -> datetime | None:
        next_at: datetime | None = self.cleaned_data["next_at"]
        if next_at and not may_be_next(next_at, self.desk):
            raise forms.ValidationError(_(MEETS_SOON))
        return next_at

    def on(self, card: WrittenCard) -> WrittenCard:
        """The closing part, as far as it was not entered, then the end."""
        state = self.desk.state
        closing = len(self.desk.plan.phases)
        if state.closing.status == "waiting":
            card.says("F", "phase_started", phase=closing)
        if state.closing.status in ("waiting", "active"):
            card.says("F", "phase_finished", phase=closing)

        how = "carried_over" if state.carried else "completed"
        next_at = self.cleaned_data["next_at"]
        next_session = written(next_at) if next_at else ""
        return card.says("F", "session_ended", how=how, next_session=next_session)

    def words(self) -> dict[str, str]:
        """What goes on the sheet; what was left as the plan has it needs no row."""
        said = {name: self.cleaned_data[name].strip() for name in ("sign", "return_sentence", "line")}
        return {name: text for name, text in said.items() if text}


WRITTEN_CARDS: dict[str, Any] = {
    "statement": StatementCard,
    "need_named": NeedCard,
    "option_added": OptionCard,
    "compromise_drafted": AgreementCard,
    "closing": ClosingCard,
    "end": EndCard,
}
NEED_THE_DESK = (AgreementCard, ClosingCard, EndCard)


def card_form(kind: str, desk: DeskSnapshot, posted: Any = None) -> Any:
    """One card of the page, empty or as it was posted."""
    form_class = WRITTEN_CARDS[kind]
    held_on = desk.session.held_on or desk.reading.now.date()
    initial = {
        "by": _whose_next(desk),
        "who": "both",
        "look_again_on": held_on + timedelta(days=LOOK_AGAIN_DAYS),
    }

    if form_class in NEED_THE_DESK:
        return form_class(posted, auto_id=f"{kind}-%s", initial=initial, desk=desk)
    return form_class(posted, auto_id=f"{kind}-%s", initial=initial, people=desk.names)


def _whose_next(desk: DeskSnapshot) -> str:
    """A card is filled in with one hand: it is likely to be the other one's words."""
    said = [line for line in desk.lines if line.kind in ("statement", "need_named", "option_added")]
    last = desk.state.authors.get(said[-1].ref, "") if said else ""
    if len(desk.plan.partners) < 2 or last not in desk.plan.partners:
        return desk.plan.first_speaker
    return other(last)


def on_the_table(desk: DeskSnapshot, sort: str) -> list[tuple[str, str]]:
    """Ids of needs or options on the table, with the beginning of their words."""
    kind = {"need": "need_named", "option": "option_added"}[sort]
    lines = [line for line in desk.lines if line.kind == kind]
    words = {line.ref: line.words.get("need") or line.words.get("text", "") for line in lines}

    refs = [ref for ref, made in desk.state.ids.items() if made == sort and ref in words]
    return [(ref, words[ref][:70]) for ref in refs]
