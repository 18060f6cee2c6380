"""From what the desk posts to commands: one press may be several commands at one instant.

Ids are made from the press's key, so that the same press sent twice is the same command.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import QueryDict

from facilitator.errors import Refusal, gettext_noop
from sessions.conduct import command_from
from sessions.desk import Room, people
from sessions.forms import CARDS, SpokenForm
from sessions.kinds import KINDS, Command
from sessions.shapes import ListOf, Whole

# Keys of the form that are not fields of a command.
OURS = {"csrfmiddlewaretoken", "kind", "key", "seen", "by", "override", "who", "next"}


@dataclass
class Press:
    """`forms` holds a card that was not well formed, so that what was typed comes back. `own` is the command
    that was posted, without the company it brings."""

    own: Command | None = None
    commands: list[Command] = field(default_factory=list)
    forms: dict[str, Any] = field(default_factory=dict)


def press(posted: QueryDict, room: Room) -> Press:
    kind = posted.get("kind", "")
    if kind not in KINDS:
        raise Refusal(gettext_noop("The desk does not know this."), "unknown_kind", "form")
    if not posted.get("key"):
        raise Refusal(gettext_noop("Please open the desk anew and press again."), "no_key", "form")
    if kind in CARDS:
        form = CARDS[kind](posted, people=people(room), auto_id=f"{kind}-%s")  # type: ignore[call-arg]
        if not form.is_valid():
            return Press(forms={kind: form})
        fields = form.command_fields()  # type: ignore[attr-defined]
        by = form.cleaned_data["by"] if isinstance(form, SpokenForm) else "F"
    else:
        fields, by = _plain(kind, posted), posted.get("by") or "F"
    if kind == "session_ended":
        closing = room.reading.phase == len(room.plan.phases) and room.reading.state != "ended"
        fields.setdefault("how", "completed" if closing else room.reading.ended_how)
    first = _command(kind, by, fields, posted)
    return Press(own=first, commands=_with_company(first, room))


def whole(text: str) -> int | None:
    """A whole number as a form posts it."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def _command(kind: str, by: str, fields: Mapping[str, Any], posted: Mapping[str, Any]) -> Command:
    key = posted.get("key") or ""
    own = dict(fields)
    if KINDS[kind].makes and "id" not in own:
        own["id"] = f"{kind[0].upper()}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    common = {
        "key": key or None,
        "override": posted.get("override") or None,
        "voice": posted.get("voice") or None,
    }
    said_aloud = {"told_to": "F"} if by in ("A", "B") else {}
    given = {name: value for name, value in common.items() if value is not None}
    return command_from({**own, **given, **said_aloud}, by=by, kind=kind)


def _plain(kind: str, posted: QueryDict) -> dict[str, Any]:
    """The fields of a kind as its table shapes them; unknown names are refused by the form check."""
    fields: dict[str, Any] = {}
    for name in posted:
        if name in OURS or name == "voice":
            continue
        described = KINDS[kind].by_name.get(name)
        values = [value for value in posted.getlist(name) if value != ""]
        if not values:
            continue
        if described is not None and isinstance(described.type, ListOf):
            words = values if name == "heard" else ",".join(values).split(",")
            fields[name] = [word.strip() for word in words if word.strip()]
        elif described is not None and isinstance(described.type, Whole):
            number = whole(values[0])
            fields[name] = values[0] if number is None else number
        else:
            fields[name] = values[0]
    return fields


def _with_company(first: Command, room: Room) -> list[Command]:
    """What goes with a press: *begin* starts the first part, *next* ends the one before it, *end* closes the last."""
    reading = room.reading
    going_on = reading.phase
    finish = replace(
        first, kind="phase_finished", fields={"phase": going_on}, key=_key(first, "finish"), voice=None
    )
    if first.kind == "session_started":
        return begin(first, room)
    if first.kind == "phase_started":
        return [*([finish] if going_on else []), first, *_turn(first, room)]
    if first.kind == "session_ended":
        closing = [finish] if going_on == len(room.plan.phases) else []
        return [*closing, first]
    return [first]


def begin(first: Command, room: Room) -> list[Command]:
    """`first` is `session_started`. Whoever has not been marked as here is: they sit in front of the desk."""
    came = replace(first, kind="arrived", told_to=True, override=None, voice=None)
    here = [
        replace(came, by=slot, key=_key(first, f"here-{slot}"))
        for slot in room.plan.partners
        if slot not in room.reading.arrived
    ]
    start = replace(first, kind="phase_started", fields={"phase": 1}, key=_key(first, "start"), voice=None)
    return [*here, first, start, *_turn(start, room)]


def _turn(first: Command, room: Room) -> list[Command]:
    """A part that is one partner's begins with their turn, so that nobody has to press for it."""
    number = int(str(first.fields["phase"]))
    if not 1 <= number <= len(room.plan.phases):
        return []
    floor = room.plan.floor_of(room.plan.phases[number - 1].turn)
    turn = replace(first, kind="turn_started", fields={"floor": floor}, key=_key(first, "turn"), voice=None)
    return [turn] if floor else []


def _key(command: Command, part: str) -> str:
    """As long as any key may be, and never that of another press."""
    digest = hashlib.sha256(str(command.key).encode()).hexdigest()
    return f"{digest}:{part}"


def typed(posted: QueryDict) -> dict[str, dict[str, Any]]:
    """What was typed on the desk outside the cards, by kind and field, for a desk that had to say not yet."""
    kept = {name: posted.getlist(name) if name == "heard" else posted[name] for name in posted}
    return {posted.get("kind", ""): {name: value for name, value in kept.items() if name not in OURS}}


def card(posted: QueryDict, room: Room) -> dict[str, Any]:
    """The card that was posted, with what was typed in it, for a desk that had to say not yet."""
    kind = posted.get("kind", "")
    if kind not in CARDS:
        return {}
    return {kind: CARDS[kind](posted, people=people(room), auto_id=f"{kind}-%s")}  # type: ignore[call-arg]
