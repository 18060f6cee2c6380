"""What a paper is made from: one session as one reader may see it. Nothing here asks the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sessions.engine.plan import ExitStrategy, Goal, Plan

# For whom a paper is: both partners, one of them, or the facilitator.
# "room" is the sheet at the door: what lies open between the two, before and after any release.
PaperFor = Literal["both", "A", "B", "F", "room"]
SLOTS = ("A", "B")


@dataclass(frozen=True)
class SeenLine:
    """One entry of the log. `owner` is the partner whose row it is, "" when it is nobody's own."""

    kind: str
    number: int
    at: datetime | None = None
    by: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)
    audience: str = "JOINT"
    owner: str = ""
    held_back: bool = False
    told_to: bool = False
    # Several entries of one command share its number; corrections and undoing name a command.
    command: int = 0
    # What its words belong to ("S1"), where the words stand apart from the entry that names it.
    ref: str = ""

    def __post_init__(self) -> None:
        if not self.command:
            object.__setattr__(self, "command", self.number)

    @property
    def said_by(self) -> str:
        """Whose words they are: a part with an audience of its own names its owner only."""
        return self.owner or self.by

    def get(self, name: str, default: Any = None) -> Any:
        return self.words.get(name, self.facts.get(name, default))


@dataclass(frozen=True)
class Meeting:
    """Who met, when and what for. Names by slot: A, B, F, and G when there was a co-facilitator."""

    held_on: date
    zone: str
    code: str
    label: str
    names: Mapping[str, str]
    format_title: str

    first_speaker: str = "A"
    who_meets: str = "both"
    timed: bool = True
    started_at: datetime | None = None
    ended_at: datetime | None = None
    agreed_max_minutes: int | None = None
    latest_end: datetime | None = None
    # Of what was written up afterwards: the length somebody remembers.
    about_minutes: int | None = None

    joint_intention: str = ""
    goals: Sequence[Goal] = ()
    exit_strategy: ExitStrategy | None = None
    phrases: Sequence[str] = ()
    present: Sequence[tuple[str, str]] = ()

    opening_words: str = ""
    # One line of the facilitator's on the sheet at the door.
    line: str = ""
    # What runs between times with the yes of both: its title, and when.
    rituals: Sequence[tuple[str, str]] = ()
    next_session: datetime | None = None

    version: int = 1
    released_on: date | None = None

    @classmethod
    def of(cls, plan: Plan, **facts: Any) -> "Meeting":
        """What the plan says, and the facts it does not hold."""
        agreed: dict[str, Any] = {
            "zone": plan.zone,
            "first_speaker": plan.first_speaker,
            "who_meets": plan.with_,
            "timed": plan.timed,
            "joint_intention": plan.joint_intention,
            "goals": plan.goals,
            "exit_strategy": plan.exit_strategy,
            "phrases": plan.phrases or (),
            "present": tuple((one.name, one.why) for one in plan.present),
            "agreed_max_minutes": plan.agreed_max_minutes,
            "latest_end": plan.latest_end,
        }

        agreed.update(facts)
        return cls(**agreed)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    @property
    def order(self) -> tuple[str, ...]:
        """The slots that met, first speaker first."""
        if self.who_meets != "both":
            return (self.who_meets,)
        return ("B", "A") if self.first_speaker == "B" else SLOTS


@dataclass(frozen=True)
class Due:
    """Something automatic, with the instant at which it fell due; derived, never written."""

    kind: str
    at: datetime
    phase: int | None = None


@dataclass(frozen=True)
class Material:
    """All that a paper may be made of: the plan, the figures, the log as its reader sees it, and the meeting."""

    plan: Plan
    figures: Mapping[str, Any]
    lines: Sequence[SeenLine]
    meeting: Meeting
    due: Sequence[Due] = ()


def may_print(line: SeenLine, paper_for: PaperFor) -> bool:
    """Whether this line may be on that paper. The query has decided already; this is a second lock."""
    if line.audience in ("OWN", "SYS"):
        return False

    if paper_for == "F":
        return True

    if paper_for == "room":
        return line.audience == "JOINT" and not line.held_back

    is_own = line.owner == paper_for
    if line.held_back and not is_own:
        return False

    if line.audience in ("JOINT", "REL"):
        return True

    return line.audience == "OWN_F" and is_own
