"""What a plan and its Moments come to: the value of the fold. Seconds are whole, counted from the epoch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from sessions.engine.clock.moment import Moment
from sessions.engine.kinds import PARTNERS, VOICES
from sessions.engine.plan import Plan

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEVER: Final = 1 << 60

# Which clock runs.
STILL: Final = ""
ACTIVE: Final = "active"
BRIEF: Final = "brief"
COOL: Final = "cool"
CAUCUS: Final = "caucus"
# What the session is called while a clock other than the active one runs.
RESTS: Final = {BRIEF: "brief_pause", COOL: "cooling_down", CAUCUS: "caucus"}

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


def _no_voice_yet() -> dict[str, int]:
    return dict.fromkeys(VOICES, 0)


def _no_caucus_yet() -> dict[str, int]:
    return dict.fromkeys(PARTNERS, 0)


@dataclass(slots=True)
class PhaseRun:
    """One phase: what was planned for it, and what it has taken so far."""

    number: int
    planned: int
    extended: int = 0
    status: str = "waiting"  # waiting active finished set_aside
    active: int = 0
    voice: dict[str, int] = field(default_factory=_no_voice_yet)
    last_floor: str | None = None

    @property
    def limit(self) -> int:
        return self.planned + self.extended

    @property
    def left(self) -> int:
        return max(0, self.limit - self.active)

    @property
    def overtime(self) -> int:
        return max(0, self.active - self.limit)


@dataclass(slots=True)
class Check:
    """One understanding check, from its opening to what came of it."""

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

    # The first correction, and how long it took from there until it fitted.
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
    resumed_at: int | None = None

    # The return time as first asked, as it stands, and as agreed.
    asked: int | None = None
    return_at: int | None = None
    agreed: int | None = None
    proposer: str = ""
    accepted: set[str] = field(default_factory=set)

    ready: set[str] = field(default_factory=set)
    # How often each has asked for longer.
    longer: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Extension:
    phase: int
    minutes: int
    by: str
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
    # Active seconds both agreed to at most, and the instant nobody stays beyond.
    maximum: int
    latest_end: int

    # Everything that was folded, and the instant of the last of it.
    moments: list[Moment] = field(default_factory=list)
    last_at: datetime | None = None

    # Where time stands, which clock runs, and what each has counted.
    second: int = 0
    clock: str = STILL
    active: int = 0
    brief: int = 0
    cool: int = 0
    caucus: int = 0
    caucus_parts: dict[str, int] = field(default_factory=_no_caucus_yet)

    # Beginning and end.
    gathered: bool = False
    started_at: int | None = None
    carried: bool = False
    ended_at: int | None = None
    ended_how: str = ""

    # The phase the seconds belong to, and the one that is going on.
    run: PhaseRun | None = None
    open_phase: PhaseRun | None = None

    # Whose turn, who speaks, and who is there.
    floor: str | None = None
    voice: str = "none"
    present: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    rules_said: set[str] = field(default_factory=set)
    connection_is_lost: bool = False

    # Pauses and talks with each.
    pause: Pause | None = None
    pauses: list[Pause] = field(default_factory=list)
    caucus_with: str | None = None
    caucus_in_cool_down: bool = False

    # More time: the extension asked for last, and all of them.
    extension: Extension | None = None
    extensions: list[Extension] = field(default_factory=list)

    # Understanding checks: the open one, all of them, and who was told that their reflection fits.
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

    # What fell due by itself, and what will: the alarms that are set, and the next of them.
    due: list[Due] = field(default_factory=list)
    alarms: dict[str, int] = field(default_factory=dict)
    next_alarm: int = NEVER
    closing_rung: bool = False
    maximum_rung: bool = False

    @property
    def closing(self) -> PhaseRun:
        return self.phases[-1]

    @property
    def closing_at(self) -> int:
        """Active seconds at which only the closing still fits."""
        return self.maximum - self.phases[-1].limit

    @property
    def closing_has_begun(self) -> bool:
        return self.closing.status in ("active", "finished")

    @property
    def closing_finished(self) -> bool:
        return self.closing.status == "finished"

    @property
    def nothing_new_begins(self) -> bool:
        """The closing is done, or the rest was carried over to another day."""
        return self.closing_finished or self.carried

    @property
    def over(self) -> bool:
        """The agreed maximum or the latest end is reached."""
        if self.started_at is None:
            return False
        if self.active >= self.maximum:
            return True
        return self.plan.timed and self.second >= self.latest_end

    @property
    def name(self) -> str:
        """The state of the session, as rules and screens call it."""
        if self.ended_at is not None:
            return "ended"

        if self.clock == STILL:
            return "gathering" if self.gathered else "ready"
        if self.clock in RESTS:
            return RESTS[self.clock]

        is_wrapping_up = self.nothing_new_begins or self.over
        return "wrapping_up" if is_wrapping_up else "running"

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

    def voice_seconds(self) -> dict[str, int]:
        """Who spoke how long, over all phases."""
        return {who: sum(run.voice[who] for run in self.phases) for who in VOICES}

    def needed_for(self, phase: PhaseRun, more: int) -> int:
        """Active seconds at which `phase` plus `more`, what is going on, and the closing would be done."""
        to_do = {run.number: run for run in (self.open_phase, self.closing) if run is not None}
        # The phase itself is counted with its extra time, and once.
        to_do.pop(phase.number, None)

        left = max(0, phase.limit + more - phase.active)
        return self.active + left + sum(run.left for run in to_do.values())

    def derived_how(self) -> str:
        """The `ended_how` value if the facilitator ended it now."""
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
        """The Moment with this number, looked for from the newest on."""
        for moment in reversed(self.moments):
            if moment.number == number:
                return moment
            if moment.number < number:
                return None
        return None

    def become(self, other: "State") -> None:
        """Take over everything of another state, for whoever holds this one."""
        for one in fields(self):
            setattr(self, one.name, getattr(other, one.name))


def begin(plan: Plan) -> State:
    """The state before the first Moment."""
    runs = [PhaseRun(n, phase.minutes * MINUTE) for n, phase in enumerate(plan.phases, 1)]
    state = State(plan=plan, phases=runs, maximum=NEVER, latest_end=NEVER)
    if not plan.timed:
        return state

    if plan.agreed_max_minutes:
        state.maximum = plan.agreed_max_minutes * MINUTE
    if plan.latest_end:
        state.latest_end = seconds(plan.latest_end)
    if plan.planned_start:
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


class Entry(Protocol):
    """Anything that may say that another was taken back: a Moment, its row, or a line of a paper."""

    @property
    def kind(self) -> str: ...

    @property
    def facts(self) -> Mapping[str, object]: ...


def undone_numbers(entries: Iterable[Entry]) -> set[int]:
    """The numbers of what was taken back."""
    return {int(str(one.facts["line"])) for one in entries if one.kind == "undone"}
