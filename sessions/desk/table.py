"""What lies on the table: what was said, needed, offered and drafted, the open check, the Later list, the log."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sessions.desk.snapshot import Room, last_press
from sessions.engine import clock
from sessions.engine.clock.state import undone_numbers
from sessions.engine.kinds import CHECK_KINDS, HEARD, PARTNERS, PROBLEMS
from sessions.engine.plan import other
from sessions.engine.rules.undo_and_correct import UNDO_S
from sessions.record.corrected import SpokenLine, spoken_lines
from sessions.wording import codes
from sessions.wording.moments import entry_name

ON_THE_TABLE = {
    "statement": "statement",
    "redirect_rephrased": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}
# The field of a line that a rewording changes.
REWORDED = {"statement": "text", "need": "need", "option": "text", "agreement": "text"}
NEWEST = 40


def table(room: Room) -> list[dict[str, Any]]:
    """What was said, needed, offered and drafted, oldest first, as it reads now, with where its check stands."""
    return [_row(room, line, ON_THE_TABLE[line.kind]) for line in _said(room) if line.kind in ON_THE_TABLE]


def _said(room: Room) -> list[SpokenLine]:
    return spoken_lines(room.lines, undone=undone_numbers(room.moments))


def _row(room: Room, line: SpokenLine, kind: str) -> dict[str, Any]:
    words = line.words
    author = room.state.authors.get(line.ref, "")
    confirmed = room.state.agreements.get(line.ref, set())
    checked = {check.of: check.outcome for check in room.state.checks.values()}
    one_of_two = author in ("A", "B") and len(room.plan.partners) == 2
    return {
        "ref": line.ref,
        "line": line.command,
        "kind": kind,
        "by": author if author in ("A", "B") and kind != "agreement" else "",
        "text": _text(words),
        "checked": checked.get(line.ref) == "confirmed",
        "may_check": one_of_two and line.ref not in checked,
        "may_read_back": kind == "agreement" and len(room.plan.partners) == 2 and line.ref not in checked,
        "check_kind": _likely_kind(room, kind),
        "listener": other(author) if author in ("A", "B") else "",
        "confirmed": confirmed,
        "in_force": kind == "agreement" and set(room.plan.partners) <= confirmed,
        "look_again_on": words.get("look_again_on") or line.facts.get("look_again_on"),
        "may_reword": not confirmed,
        "reworded": REWORDED[kind] if REWORDED[kind] in words else next(iter(words), "text"),
        "rewording": words.get(REWORDED[kind]) or words.get("need", ""),
    }


def _likely_kind(room: Room, kind: str) -> str:
    """The kind of check that is most likely meant; one press changes it."""
    phase = room.plan.phases[room.reading.phase - 1] if room.reading.phase else None
    if kind == "agreement":
        return "terms"
    if phase is not None and phase.kind == "boundaries":
        return "boundary"
    if kind in ("need", "option"):
        return "wish"
    if phase is not None and phase.kind == "repair":
        return "own_part"
    return (phase.check_kind if phase else None) or "feeling_and_reason"


def check_kinds() -> list[tuple[str, Any]]:
    return codes.choices(codes.CHECK_KIND, CHECK_KINDS)


def later(room: Room) -> list[dict[str, Any]]:
    """The Later list, without ideas that became options."""
    said = _said(room)
    options = {line.words.get("text") for line in said if line.kind == "option_added"}
    ideas = [
        line for line in said if line.kind == "idea_parked" and line.words.get("text", "") not in options
    ]
    return [_idea(room, line) for line in ideas]


def _idea(room: Room, line: SpokenLine) -> dict[str, Any]:
    author = room.state.authors.get(line.ref, "")
    is_of_one = author in PARTNERS
    return {
        "ref": line.ref,
        "text": line.words.get("text", ""),
        "by": [author] if is_of_one else room.plan.partners,
    }


def _text(words: Mapping[str, Any]) -> str:
    said = [words.get("text"), words.get("need"), words.get("wish"), ", ".join(words.get("feelings", []))]
    return " · ".join(part for part in said if part)


def check(room: Room, table: list[dict[str, Any]]) -> dict[str, Any] | None:
    check = room.reading.check
    if check is None:
        return None
    waiting = {
        "awaiting_reflection": "reflection",
        "awaiting_answer": "answer",
        "bridge_awaiting_answer": "answer",
    }
    about = next((row for row in table if row["ref"] == check.of), None)
    return {
        "ref": check.id,
        "speaker": check.speaker,
        "listener": check.listener,
        "kind": check.kind,
        "waiting_for": waiting.get(check.under, "bridge"),
        "text": about["text"] if about else "",
        "kind_words": codes.at_the_desk(codes.CHECK_KIND, check.kind),
        "parts": codes.choices(codes.HEARD_PART, HEARD[check.kind]),
        "problems": codes.choices(codes.PROBLEM, PROBLEMS),
        "told": _not_quite(room, check),
        "try": check.attempt,
    }


def _not_quite(room: Room, check: clock.CheckReading) -> int | None:
    """The line of the last *not quite* of an open check: what was meant can be added to it."""
    if not check.corrections or check.under == "awaiting_answer":
        return None
    told = (
        m.number
        for m in reversed(room.moments)
        if m.kind == "reflection_corrected" and m.facts.get("check") == check.id
    )
    return next(told, None)


def checkable(room: Room, table: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((row for row in reversed(table) if row["may_check"]), None)


def entries(room: Room) -> list[dict[str, Any]]:
    return [{"at": m.at, "words": _entry(room, m)} for m in reversed(room.moments[-NEWEST:])]


def undoable(room: Room) -> dict[str, Any] | None:
    """The last press of yours, for ten seconds."""
    lines = last_press(room)
    if not lines:
        return None
    at = next(one.at for one in room.moments if one.number == lines[0])
    return {"line": lines[0], "until": at + timedelta(seconds=UNDO_S) if at else None}


def _entry(room: Room, moment: clock.Moment) -> str:
    who = room.partners[moment.by].name if moment.by in room.partners else ""
    what = entry_name(moment.kind)
    phase = moment.facts.get("phase")
    if isinstance(phase, int):
        what = f"{what}: {room.plan.phases[phase - 1].title}"
    return f"{who} · {what}" if who else what
