"""Everything else somebody in the room may say or do: a small form for each kind, shaped by the table of kinds.

Numbers, names and ids come from the room; nothing here asks the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.engine import clock
from sessions.engine.kinds import ACCEPTED_FEAR, KINDS, PARTNERS, Field
from sessions.engine.rules.available import available
from sessions.engine.values import Id, ListOf, OneOf, Text, Whole, YesNo
from sessions.wording import codes

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


@dataclass(frozen=True)
class Entry:
    kind: str
    label: str
    form: forms.Form
    # It had to wait: it stays open, with what was typed.
    typed: bool


def groups(room: Any, people: list[tuple[str, str]], typed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The kinds that have a place now, in their groups; a kind whose choices are empty has none."""
    state = clock.state_at(room.state, room.reading.now)
    found = []
    for title, kinds in LABELS.items():
        entries = [
            Entry(kind, str(label), made, kind in typed)
            for kind, label in kinds.items()
            if _has_a_place(kind, state)
            if (made := _form(kind, room, people, typed.get(kind, {}))) is not None
        ]
        if entries:
            found.append({"title": title, "entries": entries})
    return found


def _has_a_place(kind: str, state: clock.State) -> bool:
    if kind in ("connection_lost", "connection_back") and state.plan.mode != "remote":
        return False
    return state.ended_at is None and available(state, KINDS[kind])


def _form(kind: str, room: Any, people: list[tuple[str, str]], typed: Mapping[str, Any]) -> forms.Form | None:
    fields = _fields(kind, room, people)
    if any(isinstance(one, forms.ChoiceField) and not one.choices for one in fields.values()):
        return None
    made = type(f"{kind}_form", (forms.Form,), fields)
    form: forms.Form = made(initial={**_first(kind, room), **typed}, auto_id=f"more-{kind}-%s")
    return form


def _first(kind: str, room: Any) -> dict[str, Any]:
    """What is most likely meant: whose turn it is, the part that is going on."""
    floor, phase, state = room.reading.floor, room.reading.phase, room.state
    asked = (
        state.fears if kind == "fear_answered" else state.redirects if kind.startswith("redirect_") else {}
    )
    whose = next((one.to for one in reversed(list(asked.values())) if not one.answer), floor)
    return {**({"by": whose, "to": floor} if whose else {}), **({"phase": phase} if phase else {})}


def _fields(kind: str, room: Any, people: list[tuple[str, str]]) -> dict[str, forms.Field]:
    known = KINDS[kind]
    fields: dict[str, forms.Field] = {}
    who = [(slot, name) for slot, name in people if slot in known.by]
    if who:
        mine = (
            [("F", _("me"))] if "F" in known.by and kind in ("validation_given", "extension_proposed") else []
        )
        fields["by"] = _radio("by", [*who, *mine])
    if kind in ("cool_down_called", "return_time_changed"):
        fields["return_in"] = forms.IntegerField(
            label=FIELD_LABELS["return_in"], initial=20, min_value=1, max_value=600
        )
        return fields
    for name in SINGLE.get(kind, ()):
        fields[name] = forms.ChoiceField(label=FIELD_LABELS[name], choices=_single(name, room))
    for one in known.fields:
        if kind in SINGLE or one.name in LEFT_OUT:
            continue
        fields[one.name] = _field(kind, one, room, people)
    return fields


def _single(name: str, room: Any) -> list[tuple[str, Any]]:
    if name == "option":
        return _made(room, "option")
    return codes.choices(codes.MILESTONE if name == "milestone" else codes.REACTION)


def _field(kind: str, one: Field, room: Any, people: list[tuple[str, str]]) -> forms.Field:
    label, shape = FIELD_LABELS.get(one.name, one.name), one.type
    if one.name == "to":
        return _radio("to", people)
    if one.name == "phase":
        return forms.ChoiceField(label=label, choices=_phases(kind, room))
    if isinstance(shape, Id):
        return forms.ChoiceField(label=label, choices=_pointed_at(one.name, room))
    if isinstance(shape, OneOf):
        return _radio(one.name, codes.choices(codes.OF_FIELD[kind, one.name], shape.values))
    if isinstance(shape, ListOf) and isinstance(shape.shape, OneOf):
        choices = codes.choices(codes.OF_FIELD[kind, one.name], shape.shape.values)
        return forms.MultipleChoiceField(
            label=label, required=one.required, choices=choices, widget=forms.CheckboxSelectMultiple
        )
    if isinstance(shape, Whole):
        return forms.IntegerField(
            label=label, min_value=shape.least, max_value=shape.most, initial=5 if one.name == "minutes" else None,
            required=True,
        )  # fmt: skip
    if isinstance(shape, YesNo):
        return forms.BooleanField(label=label, required=False)
    long = isinstance(shape, Text) and shape.most > 400
    widget = forms.Textarea if long else forms.TextInput
    attributes = {"autocomplete": "off", **({"rows": 2} if long else {})}
    return forms.CharField(label=label, required=one.required, widget=widget(attributes))


def _radio(name: str, choices: list[tuple[str, Any]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=FIELD_LABELS[name], choices=choices, widget=forms.RadioSelect)


def _phases(kind: str, room: Any) -> list[tuple[int, str]]:
    wanted = ("set_aside", "finished") if kind == "phase_returned" else ("waiting", "active")
    return [(run.number, run.title) for run in room.reading.phases if run.status in wanted]


def _pointed_at(name: str, room: Any) -> list[tuple[str, str]]:
    state = room.state
    if name == "goal":
        return [(goal.id, goal.wording) for goal in room.plan.goals]
    if name == "redirect":
        return _worded(room, [ref for ref, one in state.redirects.items() if not one.answer])
    if name == "fear":
        return _worded(room, [ref for ref, one in state.fears.items() if not one.answer])
    accepted = [ref for ref, fear in state.fears.items() if fear.answer in ACCEPTED_FEAR]
    return [*_made(room, "statement"), *_worded(room, accepted)]


def _made(room: Any, sort: str) -> list[tuple[str, str]]:
    return _worded(room, [ref for ref, made in room.state.ids.items() if made == sort])


def _worded(room: Any, refs: list[str]) -> list[tuple[str, str]]:
    """The newest first, each with the beginning of its words, so that it can be told apart."""
    words = {}
    for line in room.lines:
        said = line.words
        text = (
            said.get("text")
            or said.get("wording")
            or said.get("suggestion")
            or ", ".join(said.get("feelings", []))
        )
        if line.ref and text:
            words.setdefault(line.ref, text)
    return [(ref, words.get(ref, "…")[:70]) for ref in reversed(refs)]


def cards(room: Any) -> list[dict[str, Any]]:
    """The questions one person answers alone on the turned screen, and for whom they have a place now."""
    reading, state = room.reading, room.state
    if reading.state in ("ended",):
        return []
    everybody = room.plan.partners
    asked: list[tuple[str, Any, str, tuple[str, ...]]] = [("number", _("Stirred up, 0 to 10"), "", everybody)]
    for ref, fear in state.fears.items():
        if not fear.answer:
            asked.append(("fear", _("Does this fear fit"), ref, (fear.to,)))
    if any(made == "option" for made in state.ids.values()):
        asked.append(("reactions", _("How the options sit"), "", everybody))
    if reading.state in ("running", "wrapping_up", "caucus"):
        views = tuple(slot for slot in everybody if slot not in state.retreat_views)
        asked.append(("retreat", _("What the stepping back may be"), "", views))
    extension = state.extension
    if extension is not None and not extension.outcome:
        waiting = tuple(slot for slot in everybody if slot not in extension.answers)
        asked.append(("extension", _("More time: yes or not now"), "", waiting))
    asked += [
        ("goal", _("The goal: %(goal)s") % {"goal": g.wording[:40]}, g.id, everybody) for g in room.plan.goals
    ]
    return [
        {"card": card, "words": words, "ref": ref, "slots": slots}
        for card, words, ref, slots in asked
        if slots and set(slots) <= set(PARTNERS)
    ]
