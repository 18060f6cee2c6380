"""A Moment as the clock sees it: the structure of one command, never a word of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions.engine.kinds import Command, Kind, facts_of


@dataclass(frozen=True, slots=True)
class Moment:
    # Grows from Moment to Moment, gaps allowed; `undone` and `corrected` point at it. In a file: the line.
    number: int
    # None only in a session written up afterwards.
    at: datetime | None
    by: str
    kind: str
    facts: Mapping[str, object]
    voice: str | None = None
    told_to: bool = False
    # Whether a soft guard was set aside; the reason is words and lies elsewhere.
    override: bool = False


def moment_of(
    command: Command,
    *,
    number: int,
    at: datetime | None,
    target: Kind | None = None,
    set_aside: tuple[str, ...] = (),
) -> Moment:
    """The structure of a command that the rules let pass; `target` is the kind of the line it corrects."""
    facts = facts_of(command.kind, command.fields, target)

    return Moment(
        number=number,
        at=at,
        by=command.by,
        kind=command.kind,
        facts=facts,
        voice=command.voice,
        told_to=command.told_to,
        override=bool(set_aside),
    )
