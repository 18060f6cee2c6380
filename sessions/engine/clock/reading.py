"""What the clock says now: everything a screen needs, derived from plan, Moments and one instant."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sessions.engine.clock.fold import fold
from sessions.engine.clock.moment import Moment
from sessions.engine.clock.state import (
    ACTIVE,
    MINUTE,
    NEVER,
    Due,
    Pause,
    PhaseRun,
    State,
    instant_at,
    seconds,
)
from sessions.engine.clock.time import pass_time
from sessions.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class PhaseReading:
    number: int
    title: str
    kind: str
    turn: str
    status: str  # waiting active finished set_aside
    planned_s: int
    extended_s: int
    active_s: int
    overtime_s: int
    remaining_s: int
    voice_s: dict[str, int]


@dataclass(frozen=True, slots=True)
class PauseReading:
    kind: str  # brief settling cool_down
    called_by: str
    called_at: datetime
    asked_return: datetime | None
    return_at: datetime | None
    agreed_return: datetime | None
    # The partner whose proposal stands, and who has said yes to it.
    proposed_by: str
    accepted: frozenset[str]
    ready: frozenset[str]
    shorter_than_suggested: bool


@dataclass(frozen=True, slots=True)
class CheckReading:
    id: str
    of: str
    listener: str
    speaker: str
    kind: str
    # awaiting_reflection awaiting_answer bridging bridge_awaiting_answer held
    state: str
    # What it returns to after a pause; the same as `state` where nothing is held.
    under: str
    attempt: int
    corrections: int


@dataclass(frozen=True, slots=True)
class ExtensionReading:
    phase: int
    minutes: int
    by: str
    # asking agreed not_now; unanswered after sixty seconds it reads not_now, and may still be answered.
    state: str
    sealed: bool
    answered: frozenset[str]


@dataclass(frozen=True, slots=True)
class DueReading:
    kind: str
    at: datetime
    phase: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    # Where the session stands, and when it began and ended.
    state: str
    now: datetime
    started_at: datetime | None
    ended_at: datetime | None
    # How it ended, or would end if the facilitator ended it now.
    ended_how: str

    # Phases, turn and voice.
    phase: int | None
    phases: tuple[PhaseReading, ...]
    floor: str | None
    voice: str

    # What each clock has counted.
    wall_s: int
    active_s: int
    brief_pause_s: int
    cool_down_s: int
    caucus_s: int
    voice_s: dict[str, int]
    caucus_with: str | None
    caucus_with_s: dict[str, int]

    # What is left, and until when.
    phase_remaining_s: int | None
    maximum_s: int | None
    active_left_s: int | None
    ends_at: datetime | None
    latest_end: datetime | None
    return_at: datetime | None

    # What is open.
    ready: frozenset[str]
    pause: PauseReading | None
    check: CheckReading | None
    extension: ExtensionReading | None

    # Who is there, and what they have agreed to.
    arrived: frozenset[str]
    ground_rules: frozenset[str]
    gone: frozenset[str]
    connection_is_lost: bool

    # What may come next, and what fell due by itself.
    closing_is_due: bool
    options_unlocked: bool
    due: tuple[DueReading, ...]
    changes_at: datetime | None


def read(plan: Plan, moments: Iterable[Moment] | State, now: datetime) -> Reading:
    """What plan and Moments say at one instant; the Moments may come folded already."""
    folded = moments if isinstance(moments, State) else fold(plan, moments)
    return reading_of(state_at(folded, now), now)


def state_at(state: State, now: datetime) -> State:
    """A copy whose clocks have run on to `now`; what it shares with the original is only read."""
    then = copy.copy(state)
    if not state.plan.timed:
        return then

    second = seconds(now)
    if second > state.second and state.ended_at is None:
        _copy_what_time_changes(state, then)
        pass_time(then, second)
    return then


def _copy_what_time_changes(state: State, then: State) -> None:
    then.phases = list(state.phases)
    then.due = list(state.due)
    then.alarms = dict(state.alarms)
    then.caucus_parts = dict(state.caucus_parts)

    if state.run is not None:
        run = replace(state.run, voice=dict(state.run.voice))
        then.phases[run.number - 1] = run
        then.run = run
        if state.open_phase is state.run:
            then.open_phase = run


def reading_of(state: State, now: datetime) -> Reading:
    """The reading of a state whose clocks stand at `now`."""
    plan = state.plan
    run = state.open_phase
    pause = state.pause

    started_at = None
    ended_at = None
    if plan.timed:
        started_at = _instant(state.started_at)
        ended_at = _instant(state.ended_at)

    phase = None
    phase_remaining_s = None
    if run is not None:
        phase = run.number
        phase_remaining_s = run.limit - run.active

    maximum_s = None
    active_left_s = None
    if state.maximum != NEVER:
        maximum_s = state.maximum
        active_left_s = state.maximum - state.active

    return Reading(
        state=state.name,
        now=now,
        started_at=started_at,
        ended_at=ended_at,
        ended_how=state.ended_how or state.derived_how(),
        phase=phase,
        phases=tuple(_phase(plan, one) for one in state.phases),
        floor=state.floor,
        voice=state.voice,
        wall_s=state.wall,
        active_s=state.active,
        brief_pause_s=state.brief,
        cool_down_s=state.cool,
        caucus_s=state.caucus,
        voice_s=state.voice_seconds(),
        caucus_with=state.caucus_with,
        caucus_with_s=dict(state.caucus_parts),
        phase_remaining_s=phase_remaining_s,
        maximum_s=maximum_s,
        active_left_s=active_left_s,
        ends_at=_ends_at(state),
        latest_end=_instant(state.latest_end),
        return_at=_instant(pause.return_at) if pause else None,
        ready=frozenset(pause.ready) if pause else frozenset(),
        pause=_pause(state),
        check=_check(state),
        extension=_extension(state),
        arrived=frozenset(state.present),
        ground_rules=frozenset(state.rules_said),
        gone=frozenset(state.left),
        connection_is_lost=state.connection_is_lost,
        closing_is_due=closing_is_due(state),
        options_unlocked=state.options_unlocked,
        due=_due(state),
        changes_at=_changes_at(state),
    )


# --- phases and time ---------------------------------------------------------------------------------


def closing_is_due(state: State) -> bool:
    """Only the closing still fits into the agreed time, and it has not begun."""
    return state.started_at is not None and not state.closing_has_begun and state.active >= state.closing_at


def _instant(second: int | None) -> datetime | None:
    if second is None or second == NEVER:
        return None
    return instant_at(second)


def _phase(plan: Plan, run: PhaseRun) -> PhaseReading:
    phase = plan.phases[run.number - 1]

    return PhaseReading(
        number=run.number,
        title=phase.title,
        kind=phase.kind,
        turn=phase.turn,
        status=run.status,
        planned_s=run.planned,
        extended_s=run.extended,
        active_s=run.active,
        overtime_s=run.overtime,
        remaining_s=run.left,
        voice_s=dict(run.voice),
    )


def _ends_at(state: State) -> datetime | None:
    """When it would end at this pace: what is left of each phase, from now or from the return time."""
    if not state.plan.timed or state.ended_at is not None or state.second == 0:
        return None

    begin = state.second
    if state.started_at is None and state.plan.planned_start is not None:
        begin = max(begin, seconds(state.plan.planned_start))
    if state.pause is not None and state.pause.return_at is not None:
        begin = max(begin, state.pause.return_at)

    left = sum(run.left for run in state.phases if run.status in ("waiting", "active"))
    return instant_at(begin + left)


def _due(state: State) -> tuple[DueReading, ...]:
    """What fell due by itself, oldest first. An extension that is unsealed shows in its own reading."""
    in_order = sorted(state.due, key=_instant_of)
    return tuple(
        DueReading(due.kind, instant_at(due.at), due.phase)
        for due in in_order
        if due.kind != "extension_unsealed"
    )


def _instant_of(due: Due) -> int:
    return due.at


def _changes_at(state: State) -> datetime | None:
    """When this reading next changes by itself, should nobody do anything."""
    if not state.plan.timed or state.ended_at is not None:
        return None

    ahead = [at for at in state.alarms.values() if at > state.second]
    if state.clock == ACTIVE:
        ahead += [state.second + wait for wait in _waits(state) if 0 < wait < NEVER // 2]

    if not ahead:
        return None
    return instant_at(min(ahead))


def _waits(state: State) -> tuple[int, ...]:
    """Active seconds until the phase, the time before the closing and the agreed maximum are used up."""
    run = state.run or state.phases[0]
    until_phase_is_over = run.limit - run.active
    until_maximum = state.maximum - state.active
    if state.closing_has_begun:
        return until_phase_is_over, until_maximum

    until_closing = state.closing_at - state.active
    return until_phase_is_over, until_closing, until_maximum


# --- what is open ------------------------------------------------------------------------------------


def _pause(state: State) -> PauseReading | None:
    pause = state.pause
    if pause is None:
        return None

    return PauseReading(
        kind=pause.kind,
        called_by=pause.called_by,
        called_at=instant_at(pause.called_at),
        asked_return=_instant(pause.asked),
        return_at=_instant(pause.return_at),
        agreed_return=_instant(pause.agreed),
        proposed_by=pause.proposer,
        accepted=frozenset(pause.accepted),
        ready=frozenset(pause.ready),
        shorter_than_suggested=is_shorter(state.plan, pause),
    )


def is_shorter(plan: Plan, pause: Pause) -> bool:
    """A cool-down whose return time, or whose real length, is under the least minutes they had agreed on."""
    if pause.kind != "cool_down" or pause.return_at is None:
        return False

    until = pause.return_at
    if pause.resumed_at is not None:
        until = min(until, pause.resumed_at)
    return until - pause.called_at < plan.exit_strategy.minimum_minutes * MINUTE


STAGES = {
    "reflect": "awaiting_reflection",
    "answer": "awaiting_answer",
    "bridge": "bridging",
    "bridge_answer": "bridge_awaiting_answer",
}


def _check(state: State) -> CheckReading | None:
    check = state.check
    if check is None:
        return None

    under = STAGES[check.stage]
    is_next_attempt = check.stage == "reflect"

    return CheckReading(
        id=check.id,
        of=check.of,
        listener=check.listener,
        speaker=check.speaker,
        kind=check.kind,
        state=under if state.clock == ACTIVE else "held",
        under=under,
        attempt=check.tries + 1 if is_next_attempt else check.tries,
        corrections=check.corrections,
    )


def _extension(state: State) -> ExtensionReading | None:
    extension = state.extension
    if extension is None:
        return None

    is_sealed = not extension.outcome and "extension_unsealed" in state.alarms
    unanswered = "asking" if is_sealed else "not_now"

    return ExtensionReading(
        phase=extension.phase,
        minutes=extension.minutes,
        by=extension.by,
        state=extension.outcome or unanswered,
        sealed=is_sealed,
        answered=frozenset(extension.answers),
    )
