"""Everything else somebody in the room may say or do: a small form for each kind, shaped by the table of kinds.

The list is long and rarely needed, so the desk fetches it when *More* is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.desk.snapshot import DeskSnapshot
from sessions.engine import clock
from sessions.engine.kinds import ACCEPTED_FEAR, KINDS, Field
from sessions.engine.rules.available import available
from sessions.engine.values import Id, ListOf, OneOf, Text, Whole, YesNo
from sessions.wording import codes

Choices = list[tuple[Any, Any]]

LABELS: Final[Mapping[str, Mapping[str, Any]]] = {
    gettext_lazy("Between them"): {
        "validation_given": gettext_lazy("“That makes sense to me”"),
        "goal_viewed": gettext_lazy("How it is with the goal"),
        "option_reactions": gettext_lazy("A word on an option, aloud"),
        "pace_asked": gettext_lazy("Ask for the pace"),
        "pace_chosen": gettext_lazy("The pace that suits"),
        "phrase_used": gettext_lazy("A phrase of theirs"),
        "milestones_kept": gettext_lazy("A good moment to keep"),
        "closing_word": gettext_lazy("A word for the way home"),
        "retreat_purpose_acknowledged": gettext_lazy("What the stepping back was for"),
    },
    gettext_lazy("Helping a sentence along"): {
        "redirect_offered": gettext_lazy("Offer another wording"),
        "redirect_rephrased": gettext_lazy("Said in other words"),
        "redirect_kept": gettext_lazy("Kept as it was"),
        "redirect_not_now": gettext_lazy("Another wording: not now"),
        "fear_offered": gettext_lazy("Wonder about a fear"),
        "fear_answered": gettext_lazy("Whether the fear fits"),
    },
    gettext_lazy("Time and frame"): {
        "exit_strategy_recalled": gettext_lazy("Pause sign and way back recalled"),
        "phase_set_aside": gettext_lazy("Set a part aside"),
        "phase_returned": gettext_lazy("Bring a part back"),
        "extension_proposed": gettext_lazy("Ask both for more time"),
        "extension_answered": gettext_lazy("An answer to more time"),
        "brief_pause_called": gettext_lazy("A pause one of them asked for"),
        "settling_called": gettext_lazy("Settling one of them asked for"),
        "cool_down_called": gettext_lazy("A cool-down one of them asked for"),
        "return_time_changed": gettext_lazy("A later time to come back"),
        "carried_over": gettext_lazy("Carry over to another day"),
        "connection_lost": gettext_lazy("The connection is lost"),
        "connection_back": gettext_lazy("The connection is back"),
    },
    gettext_lazy("Coming and going"): {
        "arrival_temperature": gettext_lazy("Stirred up on arriving, shown on the card"),
        "closing_temperature": gettext_lazy("Stirred up on leaving, shown on the card"),
        "partner_left": gettext_lazy("Somebody has left"),
        "stopped": gettext_lazy("One of them wants to stop here"),
        "safety_stop": gettext_lazy("Stop safely"),
    },
}
KNOWN: Final = frozenset(kind for kinds in LABELS.values() for kind in kinds)
# One answer, one person, nobody else: never said aloud, so never a form here.
BY_CARD_ONLY: Final = frozenset({"retreat_view_given"})
FIELD_LABELS: Final[Mapping[str, Any]] = {
    "by": gettext_lazy("Who"),
    "of": gettext_lazy("About"),
    "check": gettext_lazy("Check"),
    "goal": gettext_lazy("Goal"),
    "view": gettext_lazy("Today it is"),
    "pace": gettext_lazy("Pace"),
    "to": gettext_lazy("For"),
    "families": gettext_lazy("What it was"),
    "suggestion": gettext_lazy("A wording to try"),
    "redirect": gettext_lazy("Which wording"),
    "fear": gettext_lazy("Which fear"),
    "wording": gettext_lazy("I wonder whether …"),
    "aloud": gettext_lazy("offered aloud"),
    "answer": gettext_lazy("Answer"),
    "own_words": gettext_lazy("In their own words"),
    "text": gettext_lazy("In a few words"),
    "feelings": gettext_lazy("Feelings"),
    "need": gettext_lazy("Need"),
    "newly_voiced": gettext_lazy("said for the first time"),
    "phase": gettext_lazy("Part"),
    "minutes": gettext_lazy("Minutes"),
    "option": gettext_lazy("Option"),
    "reaction": gettext_lazy("It is"),
    "milestone": gettext_lazy("What kind"),
    "temperature": gettext_lazy("0 calm to 10 too much"),
    "reason": gettext_lazy("In a word"),
    "return_in": gettext_lazy("Minutes from now"),
}
# Fields made of one choice each, where the table has a map or a list of pairs.
SINGLE: Final = {"option_reactions": ("option", "reaction"), "milestones_kept": ("milestone",)}
LEFT_OUT: Final = frozenset({"id", "statement", "shared_by", "topics"})


# Kinds that the facilitator may say too, beside the two.
ALSO_MINE: Final = frozenset({"validation_given", "extension_proposed"})
# Kinds that ask for a length from now, where the table has an instant.
ASK_FOR_MINUTES: Final = frozenset({"cool_down_called", "return_time_changed"})
# Never behind a list that has to be fetched first.
AT_HAND: Final = frozenset({"safety_stop"})
LONG_TEXT = 400


@dataclass(frozen=True)
class OtherCommand:
    """One kind that may be entered now, with its form."""

    kind: str
    label: str
    form: forms.Form
    # It had to wait: it stays open, with what was typed.
    is_typed: bool


@dataclass(frozen=True)
class CommandGroup:
    title: Any
    commands: tuple[OtherCommand, ...]


def groups(desk: DeskSnapshot, typed: Mapping[str, Any]) -> list[CommandGroup]:
    """The kinds that have a place now, in their groups; a kind whose choices are empty has none."""
    state = clock.state_at(desk.state, desk.reading.now)
    fields = FieldsOfDesk(desk)

    found = []
    for title, kinds in LABELS.items():
        possible = [(kind, label) for kind, label in kinds.items() if _has_a_place(kind, state)]
        commands = [_command(kind, label, fields, typed) for kind, label in possible]
        shown = tuple(command for command in commands if command is not None)
        if shown:
            found.append(CommandGroup(title, shown))
    return found


def at_hand(desk: DeskSnapshot, typed: Mapping[str, Any]) -> list[OtherCommand]:
    """Those of the list that must be there at once, without being fetched."""
    state = clock.state_at(desk.state, desk.reading.now)
    fields = FieldsOfDesk(desk)
    labels = {kind: label for kinds in LABELS.values() for kind, label in kinds.items() if kind in AT_HAND}

    possible = [(kind, label) for kind, label in labels.items() if _has_a_place(kind, state)]
    commands = [_command(kind, label, fields, typed) for kind, label in possible]
    return [command for command in commands if command is not None]


def is_any(desk: DeskSnapshot) -> bool:
    """Whether anything of the list may have a place now."""
    return desk.state.ended_at is None


def _has_a_place(kind: str, state: clock.State) -> bool:
    if kind in ("connection_lost", "connection_back") and state.plan.mode != "remote":
        return False
    return state.ended_at is None and available(state, KINDS[kind])


def _command(kind: str, label: Any, fields: "FieldsOfDesk", typed: Mapping[str, Any]) -> OtherCommand | None:
    form = _form(kind, fields, typed.get(kind, {}))
    if form is None:
        return None
    return OtherCommand(kind, str(label), form, kind in typed)


def _form(kind: str, fields: "FieldsOfDesk", typed: Mapping[str, Any]) -> forms.Form | None:
    """None where there is nothing to choose from."""
    own = fields.of_kind(kind)
    has_nothing_to_choose = any(
        isinstance(field, forms.ChoiceField) and not field.choices for field in own.values()
    )
    if has_nothing_to_choose:
        return None

    form_class = type(f"{kind}_form", (forms.Form,), own)
    initial = {**fields.initial(kind), **typed}
    form: forms.Form = form_class(initial=initial, auto_id=f"more-{kind}-%s")
    return form


class FieldsOfDesk:
    """Form fields for the fields of a kind, with the people, parts and things of one desk to choose from."""

    def __init__(self, desk: DeskSnapshot) -> None:
        self.desk = desk

    def initial(self, kind: str) -> dict[str, Any]:
        """What is most likely meant: whose turn it is, the part that is going on."""
        who = self._asked(kind) or self.desk.reading.floor
        initial: dict[str, Any] = {}
        if who:
            initial["by"] = who
            initial["to"] = self.desk.reading.floor
        if self.desk.reading.phase:
            initial["phase"] = self.desk.reading.phase
        return initial

    def _asked(self, kind: str) -> str | None:
        """Whose answer is still open: of a fear, or of another wording."""
        offers: list[Any] = []
        if kind == "fear_answered":
            offers = list(self.desk.state.fears.values())
        elif kind.startswith("redirect_"):
            offers = list(self.desk.state.redirects.values())

        unanswered = [offer for offer in offers if not offer.answer]
        return unanswered[-1].to if unanswered else None

    def of_kind(self, kind: str) -> dict[str, forms.Field]:
        fields: dict[str, forms.Field] = {}
        who = self._who(kind)
        if who:
            fields["by"] = _radio("by", who)

        if kind in ASK_FOR_MINUTES:
            fields["return_in"] = forms.IntegerField(
                label=FIELD_LABELS["return_in"], initial=20, min_value=1, max_value=600
            )
            return fields

        if kind in SINGLE:
            for name in SINGLE[kind]:
                fields[name] = forms.ChoiceField(label=FIELD_LABELS[name], choices=self._single(name))
            return fields

        for field in KINDS[kind].fields:
            if field.name not in LEFT_OUT:
                fields[field.name] = self._field(kind, field)
        return fields

    def _who(self, kind: str) -> Choices:
        allowed = KINDS[kind].by
        who: Choices = [(slot, name) for slot, name in self.desk.names if slot in allowed]
        if who and "F" in allowed and kind in ALSO_MINE:
            who.append(("F", _("me")))
        return who

    def _single(self, name: str) -> Choices:
        if name == "option":
            return self._made("option")
        if name == "milestone":
            return codes.choices(codes.MILESTONE)
        return codes.choices(codes.REACTION)

    def _field(self, kind: str, field: Field) -> forms.Field:
        """One field of a kind, by what its value looks like."""
        label = FIELD_LABELS.get(field.name, field.name)
        shape = field.type

        if field.name == "to":
            return _radio("to", self.desk.names)
        if field.name == "phase":
            return forms.ChoiceField(label=label, choices=self._phases(kind))
        if isinstance(shape, Id):
            return forms.ChoiceField(label=label, choices=self._pointed_at(field.name))
        if isinstance(shape, OneOf):
            return _radio(field.name, codes.choices(codes.OF_FIELD[kind, field.name], shape.values))
        if isinstance(shape, ListOf) and isinstance(shape.shape, OneOf):
            return forms.MultipleChoiceField(
                label=label,
                required=field.required,
                choices=codes.choices(codes.OF_FIELD[kind, field.name], shape.shape.values),
                widget=forms.CheckboxSelectMultiple,
            )
        if isinstance(shape, Whole):
            initial = 5 if field.name == "minutes" else None
            return forms.IntegerField(
                label=label, min_value=shape.least, max_value=shape.most, initial=initial, required=True
            )
        if isinstance(shape, YesNo):
            return forms.BooleanField(label=label, required=False)
        return _text_field(label, field, shape)

    def _phases(self, kind: str) -> Choices:
        wanted = ("set_aside", "finished") if kind == "phase_returned" else ("waiting", "active")
        return [(run.number, run.title) for run in self.desk.reading.phases if run.status in wanted]

    def _pointed_at(self, name: str) -> Choices:
        """The things that a field may name."""
        state = self.desk.state
        if name == "goal":
            return [(goal.id, goal.wording) for goal in self.desk.plan.goals]
        if name == "redirect":
            return self._worded([ref for ref, offer in state.redirects.items() if not offer.answer])
        if name == "fear":
            return self._worded([ref for ref, fear in state.fears.items() if not fear.answer])

        accepted = [ref for ref, fear in state.fears.items() if fear.answer in ACCEPTED_FEAR]
        return [*self._made("statement"), *self._worded(accepted)]

    def _made(self, sort: str) -> Choices:
        return self._worded([ref for ref, made in self.desk.state.ids.items() if made == sort])

    def _worded(self, refs: list[str]) -> Choices:
        """The newest first, each with the beginning of its words, so that it can be told apart."""
        if not refs:
            return []
        words = self._first_words()
        return [(ref, words.get(ref, "…")[:70]) for ref in reversed(refs)]

    def _first_words(self) -> dict[str, str]:
        first: dict[str, str] = {}
        for line in self.desk.lines:
            text = _beginning(line.words)
            if line.ref and text:
                first.setdefault(line.ref, text)
        return first


def _beginning(words: Mapping[str, Any]) -> str:
    for name in ("text", "wording", "suggestion"):
        if words.get(name):
            return str(words[name])
    return ", ".join(words.get("feelings", []))


def _text_field(label: Any, field: Field, shape: Any) -> forms.CharField:
    is_long = isinstance(shape, Text) and shape.most > LONG_TEXT
    if is_long:
        widget: forms.Widget = forms.Textarea({"autocomplete": "off", "rows": 2})
    else:
        widget = forms.TextInput({"autocomplete": "off"})
    return forms.CharField(label=label, required=field.required, widget=widget)


def _radio(name: str, choices: Choices) -> forms.ChoiceField:
    return forms.ChoiceField(label=FIELD_LABELS[name], choices=choices, widget=forms.RadioSelect)
