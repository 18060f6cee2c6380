"""What the desk shows, shaped for its templates: absolute instants only, so that one state gives one fragment."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.access import AsFacilitator
from clients.models import Partner
from sessions import clock, log
from sessions.forms import CARDS
from sessions.kinds import HEARD, PAUSED
from sessions.models import Line, Session
from sessions.plan import Plan, other
from sessions.plans import plan_of, title_of

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
NEWEST = 40


@dataclass(frozen=True)
class Room:
    """One session as its desk sees it at one instant."""

    session: Session
    plan: Plan
    state: clock.State
    reading: clock.Reading
    moments: list[clock.Moment]
    lines: list[Line]
    partners: Mapping[str, Partner]

    @property
    def clock_line(self) -> int:
        return log.clock_line(self.moments)


def room(session: Session, viewer: AsFacilitator, now: datetime) -> Room:
    """Three queries: Moments, Lines, partners."""
    plan = plan_of(session)
    moments, _last = log.read(session.pk)
    state = clock.fold(plan, moments)
    lines = Line.objects.visible_to(viewer).filter(session=session).select_related("moment")
    partners = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    return Room(
        session,
        plan,
        state,
        clock.read(plan, state, now),
        moments,
        list(lines.order_by("moment__number")),
        {partner.slot: partner for partner in partners},
    )


def context(
    room: Room,
    *,
    forms: Mapping[str, Any] | None = None,
    refusal: Any = None,
    typed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`forms` and `typed` hold what was typed on a press that had to wait."""
    table = _table(room)
    key_base = hashlib.sha256(f"{room.session.pk}:{len(room.moments)}".encode()).hexdigest()[:20]
    room.session.title = title_of(room.session)
    return {
        "session": room.session,
        "partners": room.partners,
        "people": [room.partners[slot] for slot in room.plan.partners],
        "reading": _reading(room),
        "check": _check(room, table),
        "checkable": _checkable(room, table),
        "table": list(reversed(table))[:NEWEST],
        "forms": {**_forms(room), **(forms or {})},
        "open_card": _open_card(forms),
        "refusal": refusal,
        "typed": typed or {},
        "later": [line.words for line in room.lines if line.kind == "idea_parked"],
        "log": _log(room),
        "seen": room.clock_line,
        # Lets a screen drop an answer that is older than what it shows already.
        "head": len(room.moments),
        "key_base": key_base,
    }


CARD_NAMES = {
    "statement": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}


def _open_card(forms: Mapping[str, Any] | None) -> str:
    return next((CARD_NAMES[kind] for kind in forms or {} if kind in CARD_NAMES), "")


def people(room: Room) -> list[tuple[str, str]]:
    return [(slot, room.partners[slot].name) for slot in room.plan.partners]


def _forms(room: Room) -> dict[str, Any]:
    floor = room.reading.floor
    start = {"by": floor, "who": "both"} if floor else {"who": "both"}
    return {
        kind: made(people=people(room), initial=start, auto_id=f"{kind}-%s")  # type: ignore[call-arg]
        for kind, made in CARDS.items()
    }


def _reading(room: Room) -> SimpleNamespace:
    reading = room.reading
    ticking = reading.state in ("running", "wrapping_up") and reading.phase is not None
    phase = _phase(room, reading.phase)
    left = reading.phase_remaining_s
    later = next((p.number for p in reading.phases if p.status == "waiting"), None)
    run = reading.phases[reading.phase - 1] if reading.phase else None
    return SimpleNamespace(
        state=reading.state,
        floor=reading.floor,
        voice=reading.voice,
        phase=phase,
        next_phase=_phase(room, later),
        phases=reading.phases,
        phase_ends_at=_ends(reading, left) if ticking else None,
        session_ends_at=_session_ends(reading),
        changes_at=reading.changes_at,
        return_at=reading.return_at,
        left_s=left if not ticking else None,
        to_go_s=_to_go(reading),
        planned_s=(run.planned_s + run.extended_s) if run else 0,
        ticking=ticking,
        arrived=reading.arrived,
        ready=reading.ready,
        caucus_with=reading.caucus_with,
        suggestion=_suggestion(room),
    )


def _ends(reading: clock.Reading, left: int | None) -> datetime | None:
    return None if left is None else clock.instant_at(clock.seconds(reading.now) + left)


def _session_ends(reading: clock.Reading) -> datetime | None:
    """Only where it stands still: while the clock runs, or while a return time is ahead."""
    if reading.state in ("running", "wrapping_up"):
        return reading.ends_at
    return reading.ends_at if reading.return_at and reading.return_at > reading.now else None


def _to_go(reading: clock.Reading) -> int | None:
    """While the clock rests the end moves on with it: how far ahead it stays."""
    if reading.state not in PAUSED or reading.ends_at is None or _session_ends(reading):
        return None
    return clock.seconds(reading.ends_at) - clock.seconds(reading.now)


def _phase(room: Room, number: int | None) -> SimpleNamespace | None:
    if not number:
        return None
    phase = room.plan.phases[number - 1]
    run = room.reading.phases[number - 1]
    return SimpleNamespace(
        number=number,
        title=phase.title,
        goal=phase.goal,
        minutes=(run.planned_s + run.extended_s) // 60,
        prompts=phase.prompts,
        turn=phase.turn,
    )


def _suggestion(room: Room) -> str | None:
    """What fell due most recently, as something a person may do; nothing happens by itself."""
    words = {
        "not_held": _("Half an hour after the planned time. Close it, or begin when they come."),
        "phase_overtime": _("This part has had its minutes. Finish it, or add some."),
        "closing_due": _("Time for the closing; what was begun may end first."),
        "maximum_reached": _("The agreed time is reached. Begin nothing new; end when it feels right."),
        "brief_pause_long": _("Some minutes of pause. Go on, or make it a cool-down."),
        "return_due": _("The time to come back is here. Ask each: ready, nearly, another day?"),
        "return_missed": _("Ten minutes past the time to come back. Name a new time, or carry it over."),
        "connection_lost_long": _("Ten minutes without a connection. Carry it over, or wait."),
    }
    if room.reading.state == "ended":
        return None
    current = [due for due in room.reading.due if _still(due, room.reading)]
    return words.get(current[-1].kind) if current else None


def _still(due: clock.DueReading, reading: clock.Reading) -> bool:
    """Whether what fell due still says something about now."""
    state = reading.state
    return {
        "not_held": state in ("ready", "gathering"),
        "phase_overtime": due.phase == reading.phase
        and state == "running"
        and (reading.phase_remaining_s or 0) <= 0,
        "closing_due": state == "running" and reading.closing_is_due,
        "maximum_reached": state == "wrapping_up",
        "brief_pause_long": state == "brief_pause",
        "return_due": state == "cooling_down" and len(reading.ready) < 2,
        "return_missed": state == "cooling_down" and len(reading.ready) < 2,
        "connection_lost_long": reading.connection_is_lost,
    }.get(due.kind, False)


def _table(room: Room) -> list[dict[str, Any]]:
    """What was said, needed, offered and drafted, oldest first, with where its check stands."""
    checked = {check.of: check.outcome for check in room.state.checks.values()}
    rows = []
    for line in room.lines:
        kind = ON_THE_TABLE.get(line.kind)
        if kind is None:
            continue
        facts, author = line.moment.facts, room.state.authors.get(line.ref, "")
        confirmed = room.state.agreements.get(line.ref, set())
        rows.append(
            {
                "ref": line.ref,
                "kind": kind,
                "by": author if author in ("A", "B") and kind != "agreement" else "",
                "text": _text(line.words),
                "checked": checked.get(line.ref) == "confirmed",
                "may_check": author in ("A", "B")
                and line.ref not in checked
                and len(room.plan.partners) == 2,
                "listener": other(author) if author in ("A", "B") else "",
                "confirmed": confirmed,
                "in_force": kind == "agreement" and set(room.plan.partners) <= confirmed,
                "look_again_on": facts.get("look_again_on"),
            }
        )
    return rows


def _text(words: Mapping[str, Any]) -> str:
    said = [words.get("text"), words.get("need"), words.get("wish"), ", ".join(words.get("feelings", []))]
    return " · ".join(part for part in said if part)


def _check(room: Room, table: list[dict[str, Any]]) -> dict[str, Any] | None:
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
        "parts": [(part, TICKS[part]) for part in HEARD[check.kind]],
    }


def _checkable(room: Room, table: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((row for row in reversed(table) if row["may_check"]), None)


def _log(room: Room) -> list[dict[str, Any]]:
    return [{"at": m.at, "words": _entry(room, m)} for m in reversed(room.moments[-NEWEST:])]


def _entry(room: Room, moment: clock.Moment) -> str:
    who = room.partners[moment.by].name if moment.by in room.partners else ""
    what = moment.kind.replace("_", " ")
    phase = moment.facts.get("phase")
    if isinstance(phase, int):
        what = f"{what}: {room.plan.phases[phase - 1].title}"
    return f"{who} · {what}" if who else what


def digest(html: str, token: str) -> str:
    """The fragment's tag: its bytes without the form token, which is new on each page."""
    return hashlib.sha256(json.dumps(html.replace(token, "")).encode()).hexdigest()[:32]
