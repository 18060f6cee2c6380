"""What a plan and its Moments come to: the fold's value. Seconds are whole, counted from the epoch."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Final

from sessions.engine.clock.moment import Moment
from sessions.engine.plan import Plan

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEVER: Final = 1 << 60

# Which clock runs.
STILL: Final = ""
ACTIVE: Final = "active"
BRIEF: Final = "brief"
COOL: Final = "cool"
CAUCUS: Final = "caucus"

MINUTE: Final = 60
DOORS_S: Final = 15 * MINUTE
NOT_HELD_S: Final = 30 * MINUTE
BRIEF_PAUSE_S: Final = 5 * MINUTE
RETURN_GRACE_S: Final = 10 * MINUTE
CONNECTION_S: Final = 10 * MINUTE
SEALED_S: Final = 60
TRIES_BEFORE_BRIDGE: Final = 3


def seconds(at: datetime) -> int:
    """Cut to the whole second: the time identities hold exactly because every instant is cut once, here."""
    return int((at - EPOCH).total_seconds())


def instant_at(second: int) -> datetime:
    return EPOCH + timedelta(seconds=second)


@dataclass(slots=True)
class PhaseRun:
    number: int
    planned: int
    extended: int = 0
    status: str = "waiting"  # waiting active finished set_aside
    active: int = 0
    voice: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0, "F": 0, "none": 0})
    last_floor: str | None = None
    floors: set[str] = field(default_factory=set)

    @property
    def limit(self) -> int:
        return self.planned + self.extended

    @property
    def left(self) -> int:
        return max(0, self.limit - self.active)


@dataclass(slots=True)
class Check:
    id: str
    of: str
    listener: str
    speaker: str
    kind: str
    phase: int
    # reflect: the listener gives it back; answer: the speaker says whether it fits; bridge: the facilitator
    # reflects; bridge_answer: the speaker says whether that fits.
    stage: str = "reflect"
    outcome: str = ""  # confirmed set_aside carried
    tries: int = 0
    corrections: int = 0
    problem: str | None = None
    bridged: bool = False
    corrected_at: int = 0
    corrected_active: int = 0
    settled_wall: int | None = None
    settled_active: int | None = None

    @property
    def answered(self) -> bool:
        return self.corrections > 0 or self.outcome == "confirmed"

    @property
    def first_try(self) -> bool:
        return self.outcome == "confirmed" and self.tries == 1 and not self.corrections


@dataclass(slots=True)
class Pause:
    kind: str  # brief settling cool_down
    called_by: str
    called_at: int
    asked: int | None = None
    return_at: int | None = None
    agreed: int | None = None
    proposer: str = ""
    accepted: set[str] = field(default_factory=set)
    ready: set[str] = field(default_factory=set)
    longer: dict[str, int] = field(default_factory=dict)
    resumed_at: int | None = None


@dataclass(slots=True)
class Extension:
    phase: int
    minutes: int
    by: str
    asked_at: int
    answers: dict[str, str] = field(default_factory=dict)
    outcome: str = ""  # agreed not_now


@dataclass(slots=True)
class Redirect:
    to: str
    answer: str = ""  # rephrased kept not_now


@dataclass(slots=True)
class Fear:
    to: str
    answer: str = ""


@dataclass(slots=True)
class Due:
    """Something automatic that fell due; never written, always derived."""

    kind: str
    at: int
    phase: int | None = None


@dataclass(slots=True)
class State:
    plan: Plan
    phases: list[PhaseRun]
    maximum: int
    latest_end: int
    second: int = 0
    last_at: datetime | None = None
    clock: str = STILL
    started_at: int | None = None
    ended_at: int | None = None
    ended_how: str = ""
    active: int = 0
    brief: int = 0
    cool: int = 0
    caucus: int = 0
    caucus_parts: dict[str, int] = field(default_factory=lambda: {"A": 0, "B": 0})
    # The phase the seconds belong to, and the one that is going on.
    run: PhaseRun | None = None
    open_phase: PhaseRun | None = None
    floor: str | None = None
    voice: str = "none"
    gathered: bool = False
    present: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    rules_said: set[str] = field(default_factory=set)
    carried: bool = False
    # Carried over out of a cool-down in which not everybody had said ready: no joint work may begin again.
    resting: bool = False
    connection_is_lost: bool = False
    pause: Pause | None = None
    pauses: list[Pause] = field(default_factory=list)
    caucus_with: str | None = None
    caucus_in_cool_down: bool = False
    extension: Extension | None = None
    extensions: list[Extension] = field(default_factory=list)
    check: Check | None = None
    checks: dict[str, Check] = field(default_factory=dict)
    listened: set[str] = field(default_factory=set)
    pace_may_be_asked: bool = False
    pace_is_asked: bool = False
    # Every id that was made, and what for; who is behind it.
    ids: dict[str, str] = field(default_factory=dict)
    authors: dict[str, str] = field(default_factory=dict)
    need_owners: dict[str, set[str]] = field(default_factory=dict)
    redirects: dict[str, Redirect] = field(default_factory=dict)
    fears: dict[str, Fear] = field(default_factory=dict)
    agreements: dict[str, set[str]] = field(default_factory=dict)
    milestones: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    validations: int = 0
    newly_voiced: int = 0
    retreat_views: set[str] = field(default_factory=set)
    due: list[Due] = field(default_factory=list)
    alarms: dict[str, int] = field(default_factory=dict)
    next_alarm: int = NEVER
    closing_rung: bool = False
    maximum_rung: bool = False
    moments: list[Moment] = field(default_factory=list)

    @property
    def closing(self) -> PhaseRun:
        return self.phases[-1]

    @property
    def closing_at(self) -> int:
        """Active seconds at which only the closing still fits."""
        return self.maximum - self.closing.limit

    @property
    def closing_finished(self) -> bool:
        return self.closing.status == "finished"

    @property
    def over(self) -> bool:
        """The agreed maximum or the latest end is reached."""
        return self.started_at is not None and (
            self.active >= self.maximum or (self.second >= self.latest_end and self.plan.timed)
        )

    @property
    def name(self) -> str:
        if self.ended_at is not None:
            return "ended"
        if self.clock == BRIEF:
            return "brief_pause"
        if self.clock == COOL:
            return "cooling_down"
        if self.clock == CAUCUS:
            return "caucus"
        if self.clock == ACTIVE:
            return "wrapping_up" if self.closing_finished or self.carried or self.over else "running"
        return "gathering" if self.gathered else "ready"

    @property
    def everybody(self) -> frozenset[str]:
        return frozenset(self.plan.partners)

    @property
    def everybody_is_here(self) -> bool:
        # Nobody says "we are here" when a session is written up afterwards.
        return not self.plan.timed or self.everybody <= self.present

    @property
    def everybody_is_ready(self) -> bool:
        return self.pause is not None and self.everybody <= self.pause.ready

    @property
    def options_unlocked(self) -> bool:
        """Listening first: each has given the other something back that fitted."""
        return len(self.everybody) < 2 or self.everybody <= (self.listened | self.plan.heard_before)

    @property
    def wall(self) -> int:
        return self.active + self.brief + self.cool + self.caucus

    def needed_for(self, phase: PhaseRun, more: int) -> int:
        """Active seconds at which `phase` plus `more`, what is going on, and the closing would be done."""
        going_on = {run.number: run for run in (self.open_phase, phase, self.closing) if run is not None}
        going_on[phase.number] = phase
        left = 0
        for run in going_on.values():
            extra = more if run is phase else 0
            left += max(0, run.limit + extra - run.active)
        return self.active + left

    def derived_how(self) -> str:
        """How the session would have ended, ended here by the facilitator."""
        if self.started_at is None:
            return "not_held"
        if self.carried:
            return "carried_over"
        if self.closing_finished:
            return "completed"
        if self.left:
            return "early_by_partner"
        if self.connection_is_lost:
            return "connection_lost"
        if self.over:
            return "maximum_reached"
        return "early_by_facilitator"

    def moment_numbered(self, number: int) -> Moment | None:
        for moment in reversed(self.moments):
            if moment.number == number:
                return moment
            if moment.number < number:
                return None
        return None

    def become(self, other: "State") -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))


def begin(plan: Plan) -> State:
    """The state before the first Moment."""
    runs = [PhaseRun(n, phase.minutes * MINUTE) for n, phase in enumerate(plan.phases, 1)]
    timed = plan.timed
    state = State(
        plan=plan,
        phases=runs,
        maximum=plan.agreed_max_minutes * MINUTE if timed and plan.agreed_max_minutes else NEVER,
        latest_end=seconds(plan.latest_end) if timed and plan.latest_end else NEVER,
    )
    if timed and plan.planned_start:
        start = seconds(plan.planned_start)
        set_alarm(state, "doors_opened", start - DOORS_S)
        set_alarm(state, "not_held", start + NOT_HELD_S)
    return state


def set_alarm(state: State, name: str, at: int) -> None:
    state.alarms[name] = at
    state.next_alarm = min(state.alarms.values())


def clear_alarm(state: State, *names: str) -> None:
    for name in names:
        state.alarms.pop(name, None)
    state.next_alarm = min(state.alarms.values(), default=NEVER)


def undone_numbers(moments: Iterable[Moment]) -> set[int]:
    return {int(str(m.facts["line"])) for m in moments if m.kind == "undone"}
