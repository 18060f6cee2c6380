"""The sheet at the door: one page that both may take home at once, because nothing on it is anybody's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.material import Material, Meeting
from reports.contexts.pieces import (
    Foot,
    PauseSign,
    foot,
    next_meeting,
    parts,
    pause_sign,
    people,
    size_of,
    written_up,
)
from reports.contexts.story import Draft, Story
from reports.contexts.words import day, iso_day
from sessions.wording.goals import came_for

# Letters that still fit one page at each size.
ROOMY = 700
SNUG = 1500


@dataclass(frozen=True)
class Step:
    """What they agreed to try, who does what, and when they look again."""

    text: str
    who: tuple[str, ...]
    look_again: str


@dataclass(frozen=True)
class AtTimes:
    what: str
    when: str


@dataclass(frozen=True)
class DoorSheet:
    day: str
    people: str
    written_up: str

    intention: str
    goals: tuple[str, ...]
    steps: tuple[Step, ...]
    pause: PauseSign | None
    rituals: tuple[AtTimes, ...]
    next_meeting: str

    from_name: str
    line: str
    size: str
    foot: Foot

    @classmethod
    def of(cls, material: Material) -> "DoorSheet | None":
        """`material` as the room may read it. None where no two people met: then nothing lies between two."""
        meeting = material.meeting
        if not two_met(meeting):
            return None

        story = Story(material, "room")
        steps = tuple(step(draft, meeting.names) for draft in story.agreements)
        goals = tuple(came_for(goal.wording) for goal in meeting.goals if goal.owner == "both")
        rituals = tuple(AtTimes(what, when) for what, when in meeting.rituals)

        printed = (*steps, *goals, *rituals, meeting.joint_intention, meeting.line)
        letters = sum(len(str(piece)) for piece in printed)

        return cls(
            day=day(meeting.held_on),
            people=people(meeting),
            written_up="" if meeting.timed else written_up(meeting),
            intention=meeting.joint_intention,
            goals=goals,
            steps=steps,
            pause=pause_sign(meeting),
            rituals=rituals,
            next_meeting=next_meeting(meeting),
            from_name=meeting.names.get("F", ""),
            line=meeting.line,
            size=size_of(letters, roomy=ROOMY, snug=SNUG),
            foot=foot(meeting, _("Sheet at the door")),
        )


def two_met(meeting: Meeting) -> bool:
    """Not a talk with one, and not a timed meeting that never began."""
    if meeting.who_meets != "both":
        return False
    return meeting.started_at is not None or not meeting.timed


def step(draft: Draft, names: Mapping[str, str]) -> Step:
    line = draft.line
    text = line.get("text") or ""

    who = []
    for part in parts(line, names):
        # Where somebody's part is the whole of it, it is not said twice.
        is_all_of_it = part.what == line.get("text")
        who.append(part.name if is_all_of_it else f"{part.name}: {part.what}")

    return Step(text, tuple(who), iso_day(line.get("look_again_on")))
