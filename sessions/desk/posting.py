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
from sessions.desk.context import Typed
from sessions.desk.forms import CARD_FORMS, CardForm
from sessions.desk.snapshot import DeskSnapshot, last_press
from sessions.engine.kinds import HEARD, KINDS, Command, Kind
from sessions.engine.values import ListOf, OneOf, Shape, Whole, YesNo, written
from sessions.record.conduct import command_from

# Keys of the desk's forms that are not fields of a command.
CONTROL_KEYS = {
    "csrfmiddlewaretoken", "kind", "key", "seen", "by", "override", "who", "next", "own_reason",
    "sign", "line_for_both", "next_at", "return_in", "option", "reaction", "milestone",
}  # fmt: skip
# Of these, what somebody typed, and what comes back to them.
TYPED_KEYS = {"by", "sign", "line_for_both", "next_at", "return_in", "option", "reaction", "milestone"}
ALL_PARTS = "all"
# Kinds that the desk asks for in minutes from now, where the table has an instant.
ASKED_IN_MINUTES = ("cool_down_called", "return_time_changed", "need_longer")

A_DAY = timedelta(days=1)
TWO_YEARS = timedelta(days=731)
MEETS_SOON = gettext_noop("The next meeting is some day within two years. Please look at its day again.")


@dataclass(frozen=True)
class Press:
    """What one press comes to."""

    # The command that was posted, without the ones that go with it.
    own: Command | None = None
    commands: list[Command] = field(default_factory=list)
    # A card that was not well formed, so that what was typed comes back.
    forms: dict[str, CardForm] = field(default_factory=dict)


def read_press(posted: QueryDict, desk: DeskSnapshot) -> Press:
    """The commands of a press, or the card that needs something still. Refuses what is malformed."""
    kind = posted.get("kind", "")
    if kind not in KINDS:
        raise Refusal(gettext_noop("The desk does not know this."), "unknown_kind", "form")
    if not posted.get("key"):
        raise Refusal(gettext_noop("Please open the desk anew and press again."), "no_key", "form")

    if kind in CARD_FORMS:
        form = _card_form(kind, posted, desk)
        if not form.is_valid():
            return Press(forms={kind: form})
        by = form.spoken_by
        fields = form.command_fields()
    else:
        by = posted.get("by") or "F"
        fields = {**_asked_otherwise(kind, posted, desk), **_plain_fields(kind, posted, desk)}

    if kind == "session_ended":
        fields.setdefault("how", _ended_how(desk))

    own = _command(kind, by, fields, posted)
    return Press(own=own, commands=_with_company(own, desk))


def _ended_how(desk: DeskSnapshot) -> str:
    """Ended in the last part, it is completed; else as the clock says."""
    is_last_part = desk.reading.phase == len(desk.plan.phases)
    if is_last_part and desk.reading.state != "ended":
        return "completed"
    return desk.reading.ended_how


def _command(kind: str, by: str, fields: Mapping[str, Any], posted: Mapping[str, Any]) -> Command:
    given = dict(fields)
    key = posted.get("key") or ""
    if KINDS[kind].makes and "id" not in given:
        given["id"] = f"{kind[0].upper()}-{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    if key:
        given["key"] = key

    reason = posted.get("own_reason") or posted.get("override")
    if reason:
        given["override"] = reason
    if posted.get("voice"):
        given["voice"] = posted["voice"]
    if by in ("A", "B"):
        given["told_to"] = "F"

    return command_from(given, by=by, kind=kind)


# Fields of a kind


def _plain_fields(kind: str, posted: QueryDict, desk: DeskSnapshot) -> dict[str, Any]:
    """The fields of a kind as its table shapes them; unknown names are refused by the form check."""
    known = dict(KINDS[kind].by_name)
    if kind == "corrected":
        known = {**_corrected_kind(posted, desk).by_name, **known}

    fields: dict[str, Any] = {}
    for name in posted:
        values = [value for value in posted.getlist(name) if value != ""]
        if name in CONTROL_KEYS or name == "voice" or not values:
            continue
        shape = known[name].type if name in known else None
        fields[name] = _shaped(shape, values)

    if ALL_PARTS in fields.get("heard", ()):
        check = desk.state.check
        fields["heard"] = list(HEARD[check.kind if check else "feeling_and_reason"])
    return fields


def _shaped(shape: Shape | None, values: list[str]) -> Any:
    """Posted texts as a value of this shape. Invalid input passes through; the form check rejects it."""
    if isinstance(shape, ListOf):
        words = values if isinstance(shape.shape, OneOf) else ",".join(values).split(",")
        return [word.strip() for word in words if word.strip()]
    if isinstance(shape, Whole):
        number = whole(values[0])
        return values[0] if number is None else number
    if isinstance(shape, YesNo):
        return values[0] == "on"
    return values[0]


def whole(text: str) -> int | None:
    """A whole number as a form posts it; None for anything else."""
    if not text.isascii() or not text.isdecimal() or len(text) >= 10:
        return None
    return int(text)


def _corrected_kind(posted: QueryDict, desk: DeskSnapshot) -> Kind:
    """The kind of the entry that is corrected; of nothing, where there is none: the rules say so."""
    line = whole(posted.get("line", ""))
    target = desk.state.moment_numbered(line) if line is not None else None
    return KINDS[target.kind] if target else KINDS["corrected"]


def _asked_otherwise(kind: str, posted: QueryDict, desk: DeskSnapshot) -> dict[str, Any]:
    """Fields that the desk asks for in another way than the table keeps them."""
    if kind == "option_reactions" and posted.get("option"):
        return {"reactions": {posted["option"]: posted.get("reaction", "")}}

    if kind == "milestones_kept" and posted.get("milestone"):
        made = hashlib.sha256((posted.get("key") or "").encode()).hexdigest()[:10]
        return {"milestones": [{"id": f"M-{made}", "milestone": posted["milestone"]}]}

    if kind == "session_ended" and posted.get("next_at"):
        return {"next_session": _next_meeting(posted["next_at"], desk)}

    minutes = whole(posted.get("return_in", ""))
    if kind in ASKED_IN_MINUTES and minutes is not None:
        return {"return_at": _return_at(minutes, desk, is_later=kind != "cool_down_called")}
    return {}


def _return_at(minutes: int, desk: DeskSnapshot, *, is_later: bool) -> str:
    """On a whole minute, as people say it; a later time counts from the one that stands."""
    since = desk.reading.now
    if is_later and desk.reading.return_at is not None:
        since = max(since, desk.reading.return_at)

    on_the_minute = since + timedelta(minutes=minutes, seconds=59)
    return written(on_the_minute.replace(second=0, microsecond=0))


def _next_meeting(local: str, desk: DeskSnapshot) -> str:
    """A day and an hour as a form posts them, where the couple lives.

    Invalid input passes through; the form check rejects it.
    """
    try:
        at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(desk.plan.zone))
    except ValueError:
        return local
    if not may_be_next(at, desk):
        raise Refusal(MEETS_SOON, "next_session_far", "form")
    return written(at)


def may_be_next(at: datetime, desk: DeskSnapshot) -> bool:
    """Neither long gone nor a slip of the hand in the year.

    What was held some time ago, and is written up now, may have been followed by a meeting that is gone too.
    """
    now = desk.reading.now
    held_on = desk.session.held_on
    try:
        is_gone = at.astimezone(UTC) < now - A_DAY
        is_too_far = at.astimezone(UTC) > now + TWO_YEARS
    except OverflowError:
        return False

    followed_what_was_held = held_on is not None and at.date() >= held_on
    return not is_too_far and (not is_gone or followed_what_was_held)


# What goes with a press


def _with_company(own: Command, desk: DeskSnapshot) -> list[Command]:
    """*Begin* starts the first part, *next* ends the one before it, *end* closes the last."""
    if own.kind == "session_started":
        return begin(own, desk)
    if own.kind == "phase_started":
        return [*_finish(own, desk.reading.phase), own, *_turn(own, desk)]
    if own.kind == "undone":
        return _undoing(own, desk)
    if own.kind == "session_ended":
        is_last_part = desk.reading.phase == len(desk.plan.phases)
        return [*_finish(own, desk.reading.phase if is_last_part else None), own]
    return [own]


def begin(own: Command, desk: DeskSnapshot) -> list[Command]:
    """`own` is `session_started`. Whoever is not marked as here yet is: they sit in front of the desk."""
    came = replace(own, kind="arrived", told_to=True, override=None, voice=None)
    missing = [slot for slot in desk.plan.partners if slot not in desk.reading.arrived]
    here = [replace(came, by=slot, key=_key(own, f"here-{slot}")) for slot in missing]

    start = replace(own, kind="phase_started", fields={"phase": 1}, key=_key(own, "start"), voice=None)
    return [*here, own, start, *_turn(start, desk)]


def _finish(own: Command, phase: int | None) -> list[Command]:
    if not phase:
        return []
    key = _key(own, "finish")
    return [replace(own, kind="phase_finished", fields={"phase": phase}, key=key, voice=None)]


def _turn(start: Command, desk: DeskSnapshot) -> list[Command]:
    """A part that is one partner's begins with their turn, so that nobody has to press for it."""
    number = int(str(start.fields["phase"]))
    if not 1 <= number <= len(desk.plan.phases):
        return []

    floor = desk.plan.floor_of(desk.plan.phases[number - 1].turn)
    if not floor:
        return []
    key = _key(start, "turn")
    return [replace(start, kind="turn_started", fields={"floor": floor}, key=key, voice=None)]


def _undoing(own: Command, desk: DeskSnapshot) -> list[Command]:
    """A press that wrote several lines is undone as one."""
    lines = last_press(desk)
    if not lines or own.fields.get("line") != lines[0]:
        return [own]
    others = [replace(own, fields={"line": line}, key=_key(own, f"undo-{line}")) for line in lines[1:]]
    return [own, *others]


def _key(command: Command, part: str) -> str:
    """As long as any key may be, and never that of another press."""
    digest = hashlib.sha256(str(command.key).encode()).hexdigest()
    return f"{digest}:{part}"


# What was typed, for a desk that had to say not yet


def typed_on(posted: QueryDict, desk: DeskSnapshot) -> Typed:
    """The card that was posted with what was typed in it, and what was typed outside the cards."""
    kind = posted.get("kind", "")
    bound = {kind: _card_form(kind, posted, desk)} if kind in CARD_FORMS else {}
    return Typed(cards=bound, fields=typed_fields(posted))


def typed_fields(posted: QueryDict) -> dict[str, dict[str, Any]]:
    """By kind and field."""
    kept: dict[str, Any] = {}
    for name in posted:
        if name in CONTROL_KEYS - TYPED_KEYS:
            continue
        kept[name] = posted.getlist(name) if name == "heard" else posted[name]
    return {posted.get("kind", ""): kept}


def _card_form(kind: str, posted: QueryDict, desk: DeskSnapshot) -> CardForm:
    return CARD_FORMS[kind](posted, people=desk.names, auto_id=f"{kind}-%s")
