"""What the desk shows at a glance: where we are, whose turn, how long. Absolute instants only."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.utils.translation import gettext as _

from sessions.desk.snapshot import Room
from sessions.engine import clock
from sessions.engine.kinds import LIVE, PAUSED
from sessions.engine.values import written

# What is offered when somebody needs longer, or a later time suits better.
LATER_MINUTES = (10, 20, 60)


def glance(room: Room) -> SimpleNamespace:
    reading = room.reading
    ticking = reading.state in ("running", "wrapping_up") and reading.phase is not None
    phase = _phase(room, reading.phase)
    left = reading.phase_remaining_s
    later = _next(room)
    run = reading.phases[reading.phase - 1] if reading.phase else None
    return SimpleNamespace(
        state=reading.state,
        floor=reading.floor,
        first=room.plan.first_speaker,
        voice=reading.voice,
        phase=phase,
        next_phase=_phase(room, later),
        phases=reading.phases,
        phase_ends_at=_ends(reading, left) if ticking else None,
        session_ends_at=_session_ends(reading, _back_at(room)),
        changes_at=reading.changes_at,
        return_at=reading.return_at,
        back_at=_back_at(room),
        return_at_written=written(reading.return_at) if reading.return_at else "",
        left_s=left if not ticking else None,
        to_go_s=_to_go(reading, _back_at(room)),
        planned_s=(run.planned_s + run.extended_s) if run else 0,
        ticking=ticking,
        arrived=reading.arrived,
        ready=reading.ready,
        caucus_with=reading.caucus_with,
        suggestion=_suggestion(room),
        turns=_turns(room),
        coming_back=_coming_back(room),
        live=reading.state in LIVE,
        settling=reading.pause is not None and reading.pause.kind == "settling",
        carried=room.state.carried,
        gone=reading.gone,
        rules_said=set(room.plan.partners) <= reading.ground_rules,
    )


def _ends(reading: clock.Reading, left: int | None) -> datetime | None:
    return None if left is None else clock.instant_at(clock.seconds(reading.now) + left)


def _back_at(room: Room) -> datetime | None:
    """The time they agreed to be back; settling here has its minutes from the moment it was called."""
    pause = room.reading.pause
    if pause is None or pause.kind != "settling":
        return room.reading.return_at
    called = next((m for m in reversed(room.moments) if m.kind == "settling_called"), None)
    return pause.called_at + timedelta(minutes=called.facts["minutes"]) if called else None


def _session_ends(reading: clock.Reading, back_at: datetime | None) -> datetime | None:
    """Only where it stands still: while the clock runs, or while a return time is ahead."""
    if reading.state in ("running", "wrapping_up"):
        return reading.ends_at
    if back_at is None or back_at <= reading.now or reading.ends_at is None:
        return None
    if reading.return_at:
        return reading.ends_at
    # What the clock counts from the return time of a cool-down, settling has from its own.
    ahead = clock.seconds(reading.ends_at) - clock.seconds(reading.now)
    return clock.instant_at(clock.seconds(back_at) + ahead)


def _to_go(reading: clock.Reading, back_at: datetime | None) -> int | None:
    """While the clock rests the end moves on with it: how far ahead it stays."""
    if reading.state not in PAUSED or reading.ends_at is None or _session_ends(reading, back_at):
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


def _next(room: Room) -> int | None:
    """After the closing, or once it was carried over, nothing but the closing may still begin."""
    waiting = [phase.number for phase in room.reading.phases if phase.status == "waiting"]
    if room.state.carried or room.state.closing_finished:
        waiting = [number for number in waiting if number == len(room.plan.phases)]
    return waiting[0] if waiting else None


def _turns(room: Room) -> list[dict[str, Any]]:
    """Whose turn can be pressed: each of the two, while a part is going on."""
    if room.reading.phase is None or room.reading.state not in ("running", "wrapping_up"):
        return []
    both = enumerate(room.plan.partners, 1)
    return [{"slot": slot, "key": key, "has_it": room.reading.floor == slot} for key, slot in both]


def _coming_back(room: Room) -> list[dict[str, Any]]:
    """In a cool-down, for each: ready, fine with the time, or longer."""
    pause = room.reading.pause
    if room.reading.state != "cooling_down" or pause is None:
        return []
    waiting = [slot for slot in room.plan.partners if slot not in pause.ready]
    return [
        {
            "slot": slot,
            "key": str(key),
            "also": "y" if slot in waiting[:1] else "",
            "ready": slot in pause.ready,
            "may_accept": slot not in pause.accepted
            and slot != pause.proposed_by
            and slot not in pause.ready,
            "agreed": slot in pause.accepted or slot == pause.proposed_by,
        }
        for key, slot in enumerate(room.plan.partners, 1)
    ]
