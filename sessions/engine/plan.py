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
    phases: tuple[PlannedPhase, ...]
    zone: str
    first_speaker: str
    planned_start: datetime | None = None
    agreed_max_minutes: int | None = None
    latest_end: datetime | None = None
    joint_intention: str = ""
    goals: tuple[Goal, ...] = ()
    exit_strategy: ExitStrategy = DEFAULT_EXIT
    with_: str = "both"
    # False: written up afterwards; nothing is timed.
    timed: bool = True
    continues: str | None = None
    # Partners with a confirmed reflection in the session this one continues.
    heard_before: frozenset[str] = frozenset()
    co_facilitator: bool = False
    # None: the couple keeps no list of phrases.
    phrases: tuple[str, ...] | None = None
    caucus_policy: str | None = None
    mode: str = "room"
    present: tuple[Present, ...] = ()
    language: str = "en"
    format: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def partners(self) -> tuple[str, ...]:
        """Who meets; "both" in a guard means these."""
        return ("A", "B") if self.with_ == "both" else (self.with_,)

    @property
    def minutes(self) -> int:
        return sum(phase.minutes for phase in self.phases)

    def floor_of(self, turn: str) -> str | None:
        """Whose turn a solo phase is; None where either may, or nobody."""
        if turn == "partner_1" or (turn == "partner_2" and self.with_ != "both"):
            return self.first_speaker
        if turn == "partner_2":
            return other(self.first_speaker)
        return None


def other(partner: str) -> str:
    return "B" if partner == "A" else "A"
