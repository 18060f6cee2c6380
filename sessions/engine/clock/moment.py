"""A Moment as the clock sees it: the structure of one command, never a word of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions.engine.kinds import Command, Kind, corrected_parts, facts_of


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
    key: str | None = None
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
    if target is not None:
        facts, _ = corrected_parts(target, command.fields)
    else:
        facts = facts_of(command.kind, command.fields)
    return Moment(
        number=number,
        at=at,
        by=command.by,
        kind=command.kind,
        facts=facts,
        voice=command.voice,
        told_to=command.told_to,
        key=command.key,
        override=bool(set_aside),
    )
