"""What lies on the table: what was said, needed, offered and drafted, the open check, the Later list, the log."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sessions.desk.other_commands import CHOICES
from sessions.desk.snapshot import Room, last_press
from sessions.engine import clock
from sessions.engine.kinds import CHECK_KINDS, HEARD, PROBLEMS
from sessions.engine.plan import other
from sessions.engine.rules.undo_and_correct import UNDO_S
from sessions.wording.moments import ENTRY

TICKS = {
    "feeling": gettext_lazy("feeling heard"),
    "reason": gettext_lazy("reason heard"),
    "wish": gettext_lazy("wish heard"),
    "why": gettext_lazy("what it would give"),
    "own_part": gettext_lazy("own part heard"),
    "boundary": gettext_lazy("boundary heard"),
    "terms": gettext_lazy("terms read back"),
}
ON_THE_TABLE = {
    "statement": "statement",
    "redirect_rephrased": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}
SHOWN = {*ON_THE_TABLE, "idea_parked", "reflection_corrected"}
# The field of a line that a rewording changes.
REWORDED = {"statement": "text", "need": "need", "option": "text", "agreement": "text"}
NEWEST = 40


def table(room: Room) -> list[dict[str, Any]]:
    """What was said, needed, offered and drafted, oldest first, as it reads now, with where its check stands."""
    words = _as_corrected(room)
    return [
        _row(room, line, ON_THE_TABLE[line.kind], words[line.moment.command])
        for line in room.lines
        if line.kind in ON_THE_TABLE and line.moment.command in words
    ]


def _as_corrected(room: Room) -> dict[int, dict[str, Any]]:
    """The words of each entry with its corrections in place; what was undone is not on the table."""
    gone = {one.facts["line"] for one in room.moments if one.kind == "undone"}
    words: dict[int, dict[str, Any]] = {}
    for line in room.lines:
        if line.kind == "corrected" and line.moment.facts.get("line") in words:
            words[line.moment.facts["line"]].update(line.words)
        elif line.kind in SHOWN and line.moment.command not in gone:
            words[line.moment.command] = dict(line.words)
    return words


def _row(room: Room, line: Any, kind: str, words: Mapping[str, Any]) -> dict[str, Any]:
    author = room.state.authors.get(line.ref, "")
    confirmed = room.state.agreements.get(line.ref, set())
    checked = {check.of: check.outcome for check in room.state.checks.values()}
    one_of_two = author in ("A", "B") and len(room.plan.partners) == 2
    return {
        "ref": line.ref,
        "line": line.moment.command,
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
        "look_again_on": words.get("look_again_on") or line.moment.facts.get("look_again_on"),
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
    return [(kind, CHOICES[kind]) for kind in CHECK_KINDS]


def later(room: Room) -> list[dict[str, Any]]:
    """The Later list; an idea that has become an option is not later any more."""
    words = _as_corrected(room)
    options = {
        words[line.moment.command].get("text") for line in room.lines if _lies(line, "option_added", words)
    }
    return [
        {
            "ref": line.ref,
            "text": text,
            "by": [author]
            if (author := room.state.authors.get(line.ref, "")) in ("A", "B")
            else room.plan.partners,
        }
        for line in room.lines
        if _lies(line, "idea_parked", words)
        if (text := words[line.moment.command].get("text", "")) not in options
    ]


def _lies(line: Any, kind: str, words: Mapping[int, Any]) -> bool:
    return line.kind == kind and line.moment.command in words


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
        "kind_words": CHOICES[check.kind],
        "parts": [(part, TICKS[part]) for part in HEARD[check.kind]],
        "problems": [(problem, CHOICES[problem]) for problem in PROBLEMS],
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
    what = _(ENTRY[moment.kind])
    phase = moment.facts.get("phase")
    if isinstance(phase, int):
        what = f"{what}: {room.plan.phases[phase - 1].title}"
    return f"{who} · {what}" if who else what
