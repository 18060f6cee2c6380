"""From what the desk posts to commands: one press may be several commands at one instant.

Ids are made from the press's key, so that the same press sent twice is the same command.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from facilitator.errors import Refusal, gettext_noop
from sessions.desk.forms import CARDS, SpokenForm
from sessions.desk.snapshot import Room, last_press, people
from sessions.engine.kinds import HEARD, KINDS, Command, Kind
from sessions.engine.values import ListOf, OneOf, Shape, Whole, YesNo, written
from sessions.record.conduct import command_from

# Keys of the form that are not fields of a command.
OURS = {
    "csrfmiddlewaretoken", "kind", "key", "seen", "by", "override", "who", "next", "own_reason",
    "sign", "line_for_both", "next_at", "return_in", "option", "reaction", "milestone",
}  # fmt: skip
ALL_PARTS = "all"
A_DAY, TWO_YEARS = timedelta(days=1), timedelta(days=731)
MEETS_SOON = gettext_noop("The next meeting is some day within two years. Please look at its day again.")


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
        fields, by = (
            _made_of_choices(kind, posted, room) | _plain(kind, posted, room),
            posted.get("by") or "F",
        )
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
        "override": posted.get("own_reason") or posted.get("override") or None,
        "voice": posted.get("voice") or None,
    }
    said_aloud = {"told_to": "F"} if by in ("A", "B") else {}
    given = {name: value for name, value in common.items() if value is not None}
    return command_from({**own, **given, **said_aloud}, by=by, kind=kind)


def _plain(kind: str, posted: QueryDict, room: Room) -> dict[str, Any]:
    """The fields of a kind as its table shapes them; unknown names are refused by the form check."""
    fields: dict[str, Any] = {}
    known = dict(_target(posted, room).by_name) if kind == "corrected" else {}
    known |= KINDS[kind].by_name
    for name in posted:
        values = [value for value in posted.getlist(name) if value != ""]
        if name in OURS or name == "voice" or not values:
            continue
        described = known.get(name)
        fields[name] = _shaped(described.type if described else None, values)
    if ALL_PARTS in fields.get("heard", ()):
        fields["heard"] = list(HEARD[room.state.check.kind if room.state.check else "feeling_and_reason"])
    return fields


def _shaped(shape: Shape | None, values: list[str]) -> Any:
    if isinstance(shape, ListOf):
        words = values if isinstance(shape.shape, OneOf) else ",".join(values).split(",")
        return [word.strip() for word in words if word.strip()]
    if isinstance(shape, Whole):
        number = whole(values[0])
        return values[0] if number is None else number
    return values[0] == "on" if isinstance(shape, YesNo) else values[0]


def _target(posted: QueryDict, room: Room) -> Kind:
    """The kind of the entry that is corrected; of nothing, where there is none: the rules say so."""
    line = whole(posted.get("line", ""))
    found = room.state.moment_numbered(line) if line is not None else None
    return KINDS[found.kind] if found else KINDS["corrected"]


def _made_of_choices(kind: str, posted: QueryDict, room: Room) -> dict[str, Any]:
    """Fields the desk asks for in another way than the table keeps them."""
    if kind == "option_reactions" and posted.get("option"):
        return {"reactions": {posted["option"]: posted.get("reaction", "")}}
    if kind == "milestones_kept" and posted.get("milestone"):
        made = hashlib.sha256((posted.get("key") or "").encode()).hexdigest()[:10]
        return {"milestones": [{"id": f"M-{made}", "milestone": posted["milestone"]}]}
    if kind == "session_ended" and posted.get("next_at"):
        return {"next_session": _instant(posted["next_at"], room)}
    minutes = whole(posted.get("return_in", ""))
    if kind in ("cool_down_called", "return_time_changed", "need_longer") and minutes is not None:
        return {"return_at": _return_at(minutes, room, later=kind != "cool_down_called")}
    return {}


def _return_at(minutes: int, room: Room, *, later: bool) -> str:
    """On a whole minute, as people say it; a later time counts from the one that stands."""
    now, stands = room.reading.now, room.reading.return_at
    since = max(now, stands) if later and stands else now
    then = since + timedelta(minutes=minutes, seconds=59)
    return written(then.replace(second=0, microsecond=0))


def _instant(local: str, room: Room) -> str:
    """A day and an hour as a form posts them, where the couple lives. What is none is left for the shape to say."""
    try:
        at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(room.plan.zone))
    except ValueError:
        return local
    if not may_be_next(at, room):
        raise Refusal(MEETS_SOON, "next_session_far", "form")
    return written(at)


def may_be_next(at: datetime, room: Room) -> bool:
    """Neither long gone nor a slip of the hand in the year; what was held some time ago may have been followed."""
    now, held_on = room.reading.now, room.session.held_on
    try:
        gone = at.astimezone(UTC) < now - A_DAY and (held_on is None or at.date() < held_on)
        return not gone and at.astimezone(UTC) <= now + TWO_YEARS
    except OverflowError:
        return False


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
    if first.kind == "undone":
        return _undoing(first, room)
    if first.kind == "session_ended":
        closing = [finish] if going_on == len(room.plan.phases) else []
        return [*closing, first]
    return [first]


def _undoing(first: Command, room: Room) -> list[Command]:
    """A press that wrote several lines is undone as one."""
    rest = last_press(room)
    if not rest or first.fields.get("line") != rest[0]:
        return [first]
    others = [replace(first, fields={"line": n}, key=_key(first, f"undo-{n}")) for n in rest[1:]]
    return [first, *others]


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
    ours = OURS - {"by", "sign", "line_for_both", "next_at", "return_in", "option", "reaction", "milestone"}
    return {posted.get("kind", ""): {name: value for name, value in kept.items() if name not in ours}}


def card(posted: QueryDict, room: Room) -> dict[str, Any]:
    """The card that was posted, with what was typed in it, for a desk that had to say not yet."""
    kind = posted.get("kind", "")
    if kind not in CARDS:
        return {}
    return {kind: CARDS[kind](posted, people=people(room), auto_id=f"{kind}-%s")}  # type: ignore[call-arg]
