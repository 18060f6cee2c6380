"""A session as it was agreed: frozen when planned, and read by clock, rules and figures. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

PHASE_KINDS: Final = (
    "opening",
    "grounding",
    "appreciation",
    "agenda",
    "telling",
    "dialogue",
    "needs",
    "fears",
    "options",
    "agreement",
    "repair",
    "rehearsal",
    "celebration",
    "boundaries",
    "quiet_writing",
    "closing",
)
PHASE_GOALS: Final = ("frame", "feelings", "needs", "compromises")
TURNS: Final = ("facilitator", "quiet", "partner_1", "partner_2", "alternate", "together")
UNDERSTANDING_CHECKS: Final = ("none", "one_each", "each_statement")
MODES: Final = ("room", "in_person", "remote", "separate_rooms", "apart")


@dataclass(frozen=True)
class PlannedPhase:
    title: str
    kind: str
    goal: str
    minutes: int
    turn: str
    understanding_check: str
    check_kind: str | None = None
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Goal:
    id: str
    category: str
    owner: str
    wording: str


@dataclass(frozen=True)
class ExitStrategy:
    sign: str
    minimum_minutes: int
    return_sentence: str


DEFAULT_EXIT: Final = ExitStrategy(sign="", minimum_minutes=20, return_sentence="")


@dataclass(frozen=True)
class Present:
    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    format: str | None = None
    phases: tuple[PlannedPhase, ...]
    first_speaker: str
    with_: str = "both"

    # False: written up afterwards; nothing is timed.
    timed: bool = True
    zone: str
    planned_start: datetime | None = None
    agreed_max_minutes: int | None = None
    latest_end: datetime | None = None

    joint_intention: str = ""
    goals: tuple[Goal, ...] = ()
    exit_strategy: ExitStrategy = DEFAULT_EXIT
    # None: the couple keeps no list of phrases.
    phrases: tuple[str, ...] | None = None
    caucus_policy: str | None = None

    continues: str | None = None
    # Partners with a confirmed reflection in the session this one continues.
    heard_before: frozenset[str] = frozenset()

    mode: str = "room"
    language: str = "en"
    names: Mapping[str, str] = field(default_factory=dict)
    co_facilitator: bool = False
    present: tuple[Present, ...] = ()

    @property
    def partners(self) -> tuple[str, ...]:
        """Who meets; "both" in a guard means these."""
        if self.with_ == "both":
            return ("A", "B")
        return (self.with_,)

    @property
    def minutes(self) -> int:
        return sum(phase.minutes for phase in self.phases)

    def floor_of(self, turn: str) -> str | None:
        """Whose turn a solo phase is; None where either may, or nobody."""
        if turn not in ("partner_1", "partner_2"):
            return None
        if turn == "partner_2" and self.with_ == "both":
            return other(self.first_speaker)
        return self.first_speaker


def other(partner: str) -> str:
    return "B" if partner == "A" else "A"
