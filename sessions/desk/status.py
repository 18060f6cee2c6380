"""What the desk shows of the clock: where we are, whose turn, how long. Absolute instants only.

So one state gives one status, whenever it is looked at, and a screen that counts down needs nothing new.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from sessions.desk.snapshot import DeskSnapshot
from sessions.engine import clock
from sessions.engine.kinds import LIVE, PAUSED, READY
from sessions.engine.values import written
from sessions.wording import codes

# What is offered when somebody needs longer, or a later time suits better.
LATER_MINUTES = (10, 20, 60)


@dataclass(frozen=True)
class Part:
    """One part of the session as the desk names it."""

    number: int
    title: str
    # What it is about, in words; "" for a part that frames the hour.
    about: str
    minutes: int
    prompts: tuple[str, ...]
    turn: str


@dataclass(frozen=True)
class Whose:
    """Whose turn it is, or who is talked with: a slot (or "both"), what that means, and the words."""

    slot: str
    what: str
    words: str


@dataclass(frozen=True)
class TurnButton:
    slot: str
    name: str
    key: str
    has_it: bool


@dataclass(frozen=True)
class ComingBack:
    """What one of the two can say in a cool-down: ready, fine with the time, or longer."""

    slot: str
    key: str
    also: str
    is_ready: bool
    may_accept: bool
    has_agreed: bool


@dataclass(frozen=True)
class DeskStatus:
    """The clock of one session at one instant, shaped for the templates."""

    state: str
    state_words: str
    is_before: bool
    is_live: bool
    is_resting: bool
    is_ticking: bool

    part: Part | None
    next_part: Part | None
    part_states: tuple[str, ...]
    planned_s: int
    part_ends_at: datetime | None
    # What is left of the part where its clock rests.
    left_s: int | None

    # Where the end of the session moves with the time, how far ahead it stays.
    to_go_s: int | None
    session_ends_at: datetime | None
    changes_at: datetime | None
    return_at: datetime | None
    return_at_written: str
    back_at: datetime | None

    whose: Whose
    voice: str
    turns: tuple[TurnButton, ...]
    caucus_with: str | None
    coming_back: tuple[ComingBack, ...]
    arrived: tuple[str, ...]

    may_cool_down: bool
    may_talk_with_each: bool
    asks_for_rules: bool
    # The button that turns the screen has its place among the extras, not beside the check.
    turn_is_extra: bool
    suggestion: str


def status_of(desk: DeskSnapshot) -> DeskStatus:
    """The status of a desk, from its snapshot."""
    reading = desk.reading
    is_ticking = reading.state in LIVE and reading.phase is not None
    is_settling = reading.pause is not None and reading.pause.kind == "settling"
    back_at = _back_at(desk)
    run = reading.phases[reading.phase - 1] if reading.phase else None
    rules_were_said = set(desk.plan.partners) <= reading.ground_rules
    asks_for_rules = reading.phase == 1 and not rules_were_said

    return DeskStatus(
        state=reading.state,
        state_words=_state_words(reading.state, is_settling=is_settling),
        is_before=reading.state in READY,
        is_live=reading.state in LIVE,
        is_resting=reading.state in PAUSED,
        is_ticking=is_ticking,
        part=_part(desk, reading.phase),
        next_part=_part(desk, _next_phase(desk)),
        part_states=tuple(phase.status for phase in reading.phases),
        planned_s=run.planned_s + run.extended_s if run else 0,
        part_ends_at=_part_ends_at(reading) if is_ticking else None,
        left_s=None if is_ticking else reading.phase_remaining_s,
        to_go_s=_remaining_s(reading, back_at),
        session_ends_at=_session_ends_at(reading, back_at),
        changes_at=reading.changes_at,
        return_at=reading.return_at,
        return_at_written=written(reading.return_at) if reading.return_at else "",
        back_at=back_at,
        whose=_whose(desk),
        voice=reading.voice,
        turns=_turn_buttons(desk),
        caucus_with=reading.caucus_with,
        coming_back=_coming_back(desk),
        arrived=tuple(sorted(reading.arrived)),
        may_cool_down=reading.state in (*LIVE, "brief_pause", "caucus"),
        may_talk_with_each=len(desk.people) > 1 and reading.state in (*LIVE, "cooling_down"),
        asks_for_rules=asks_for_rules,
        turn_is_extra=not is_ticking or asks_for_rules,
        suggestion=_suggestion(desk),
    )


def _state_words(state: str, *, is_settling: bool) -> str:
    code = "settling" if is_settling and state == "brief_pause" else state
    return codes.at_the_desk(codes.STATE_LABEL, code)


# Parts


def _part(desk: DeskSnapshot, number: int | None) -> Part | None:
    if not number:
        return None
    planned = desk.plan.phases[number - 1]
    run = desk.reading.phases[number - 1]
    return Part(
        number=number,
        title=planned.title,
        about=codes.at_the_desk(codes.PART_GOAL, planned.goal) if planned.goal in codes.PART_GOAL else "",
        minutes=(run.planned_s + run.extended_s) // 60,
        prompts=planned.prompts,
        turn=planned.turn,
    )


def _next_phase(desk: DeskSnapshot) -> int | None:
    """The part that may begin next; after the closing, or once carried over, only the closing may."""
    waiting = [phase.number for phase in desk.reading.phases if phase.status == "waiting"]
    if desk.state.carried or desk.state.closing_finished:
        closing = len(desk.plan.phases)
        waiting = [number for number in waiting if number == closing]
    return waiting[0] if waiting else None


# Ends


def _part_ends_at(reading: clock.Reading) -> datetime | None:
    """The instant at which the part has had its minutes; stays where it was once it is past."""
    left = reading.phase_remaining_s
    if left is None:
        return None
    return clock.instant_at(clock.seconds(reading.now) + left)


def _back_at(desk: DeskSnapshot) -> datetime | None:
    """The time they agreed to be back; settling here has its minutes from the moment it was called."""
    pause = desk.reading.pause
    if pause is None or pause.kind != "settling":
        return desk.reading.return_at

    for moment in reversed(desk.moments):
        if moment.kind == "settling_called":
            return pause.called_at + timedelta(minutes=int(str(moment.facts["minutes"])))
    return None


def _session_ends_at(reading: clock.Reading, back_at: datetime | None) -> datetime | None:
    """When the session ends, where that stands still: while a part uses its minutes, or a return time is ahead."""
    if reading.state in LIVE:
        is_using_its_minutes = (reading.phase_remaining_s or 0) > 0
        return reading.ends_at if is_using_its_minutes else None
    if reading.ends_at is None or back_at is None or back_at <= reading.now:
        return None
    if reading.return_at:
        return reading.ends_at

    # The clock counts from the return time of a cool-down by itself; settling has a return time of its own.
    ahead = clock.seconds(reading.ends_at) - clock.seconds(reading.now)
    return clock.instant_at(clock.seconds(back_at) + ahead)


def _remaining_s(reading: clock.Reading, back_at: datetime | None) -> int | None:
    """Where the expected end moves later second by second, the seconds until then, which stay the same.

    So it is while paused, between parts, and in a part that takes longer than planned.
    """
    if reading.ends_at is None or reading.state not in (*LIVE, *PAUSED):
        return None
    if _session_ends_at(reading, back_at) is not None:
        return None
    return clock.seconds(reading.ends_at) - clock.seconds(reading.now)


# Whose turn, and coming back


def _whose(desk: DeskSnapshot) -> Whose:
    """Whose turn it is while there are turns; who is talked with alone; else the two."""
    reading = desk.reading
    if reading.state in (*LIVE, "brief_pause", "cooling_down"):
        if reading.floor:
            return Whose(reading.floor, _("turn"), desk.partners[reading.floor].name)
        return Whose("both", _("turn"), _nobodys_turn(desk))

    if reading.state == "caucus" and reading.caucus_with:
        return Whose(reading.caucus_with, _("alone with"), desk.partners[reading.caucus_with].name)
    return Whose("both", "", desk.session.couple.label)


def _nobodys_turn(desk: DeskSnapshot) -> str:
    """A turn that is no single partner's: yours, quiet, both, or free."""
    number = desk.reading.phase
    turn = desk.plan.phases[number - 1].turn if number else ""
    if turn == "facilitator":
        return _("you")
    if turn == "quiet":
        return _("quiet")
    if turn == "together":
        return _("both")

    first = desk.partners[desk.plan.first_speaker].name
    return _("free · %(name)s first") % {"name": first}


def _turn_buttons(desk: DeskSnapshot) -> tuple[TurnButton, ...]:
    """Each of the two, while a part is going on."""
    if desk.reading.phase is None or desk.reading.state not in LIVE:
        return ()
    in_order = enumerate(desk.people, 1)
    return tuple(
        TurnButton(partner.slot, partner.name, str(key), has_it=desk.reading.floor == partner.slot)
        for key, partner in in_order
    )


def _coming_back(desk: DeskSnapshot) -> tuple[ComingBack, ...]:
    """For each of the two, in a cool-down."""
    pause = desk.reading.pause
    if desk.reading.state != "cooling_down" or pause is None:
        return ()

    waiting = [slot for slot in desk.plan.partners if slot not in pause.ready]
    return tuple(
        _one_coming_back(slot, str(key), pause, is_first_waiting=slot in waiting[:1])
        for key, slot in enumerate(desk.plan.partners, 1)
    )


def _one_coming_back(slot: str, key: str, pause: clock.PauseReading, *, is_first_waiting: bool) -> ComingBack:
    is_ready = slot in pause.ready
    has_agreed = slot in pause.accepted or slot == pause.proposed_by
    return ComingBack(
        slot=slot,
        key=key,
        also="y" if is_first_waiting else "",
        is_ready=is_ready,
        may_accept=not has_agreed and not is_ready,
        has_agreed=has_agreed,
    )


# A suggestion


def _suggestion(desk: DeskSnapshot) -> str:
    """What fell due most recently, as something a person may do; nothing happens by itself."""
    if desk.reading.state == "ended":
        return ""
    current = [due.kind for due in desk.reading.due if _still_holds(due, desk.reading)]
    if not current:
        return ""
    return _suggestions().get(current[-1], "")


def _suggestions() -> dict[str, str]:
    return {
        "not_held": _("Half an hour after the planned time. Close it, or begin when they come."),
        "phase_overtime": _("This part has had its minutes. Finish it, or add some."),
        "closing_due": _("Time for the closing; what was begun may end first."),
        "maximum_reached": _("The agreed time is reached. Begin nothing new; end when it feels right."),
        "brief_pause_long": _("Some minutes of pause. Go on, or make it a cool-down."),
        "return_due": _("The time to come back is here. Ask each: ready, nearly, another day?"),
        "return_missed": _("Ten minutes past the time to come back. Name a new time, or carry it over."),
        "connection_lost_long": _("Ten minutes without a connection. Carry it over, or wait."),
    }


def _still_holds(due: clock.DueReading, reading: clock.Reading) -> bool:
    """Whether what fell due still says something about now."""
    state = reading.state
    if due.kind == "not_held":
        return state in ("ready", "gathering")
    if due.kind == "phase_overtime":
        is_over = (reading.phase_remaining_s or 0) <= 0
        return state == "running" and due.phase == reading.phase and is_over
    if due.kind == "closing_due":
        return state == "running" and reading.closing_is_due
    if due.kind == "maximum_reached":
        return state == "wrapping_up"
    if due.kind == "brief_pause_long":
        return state == "brief_pause"
    if due.kind in ("return_due", "return_missed"):
        return state == "cooling_down" and len(reading.ready) < 2
    if due.kind == "connection_lost_long":
        return reading.connection_is_lost
    return False
