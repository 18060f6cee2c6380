"""The sheet at the door: one page that both may take home at once, because nothing on it is anybody's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.joint import (
    Foot,
    PauseSign,
    foot,
    moment_of,
    parts,
    pause_sign,
    people,
    written_up,
)
from reports.contexts.material import Heard
from reports.contexts.story import Draft, Told
from reports.contexts.words import day, iso_day
from sessions.wording.goals import came_for

# Letters that still fit one page at each size.
ROOMY, SNUG = 700, 1500


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
    def of(cls, heard: Heard) -> "DoorSheet | None":
        """`heard` as the room. None for a talk with one, and where nobody met: then nothing lies between two."""
        meeting = heard.meeting
        if meeting.who_meets != "both" or (meeting.timed and meeting.started_at is None):
            return None
        steps = tuple(step(draft, meeting.names) for draft in Told(heard, "room").agreements)
        goals = tuple(came_for(goal.wording) for goal in meeting.goals if goal.owner == "both")
        rituals = tuple(AtTimes(what, when) for what, when in meeting.rituals)
        letters = sum(
            len(str(one)) for one in (*steps, *goals, *rituals, meeting.joint_intention, meeting.line)
        )
        return cls(
            day=day(meeting.held_on),
            people=people(meeting),
            written_up="" if meeting.timed else written_up(meeting),
            intention=meeting.joint_intention,
            goals=goals,
            steps=steps,
            pause=pause_sign(meeting),
            rituals=rituals,
            next_meeting=moment_of(meeting),
            from_name=meeting.names.get("F", ""),
            line=meeting.line,
            size="roomy" if letters <= ROOMY else "snug" if letters <= SNUG else "tight",
            foot=foot(meeting, _("Sheet at the door")),
        )


def step(draft: Draft, names: Mapping[str, str]) -> Step:
    line = draft.line
    return Step(
        text=line.get("text") or "",
        # Where somebody's part is the whole of it, it is not said twice.
        who=tuple(
            part.name if part.what == line.get("text") else f"{part.name}: {part.what}"
            for part in parts(line, names)
        ),
        look_again=iso_day(line.get("look_again_on")),
    )
