"""Entries as they read today: corrections applied, and what was undone left out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from clients.guarded import GuardedQuerySet
from sessions.engine.clock.state import undone_numbers


class Entry(Protocol):
    """Anything that says something: a line of the desk, or of a paper."""

    @property
    def kind(self) -> str: ...

    @property
    def command(self) -> int:
        """The number that corrections and undoing point at; parts of one command share it."""

    @property
    def owner(self) -> object: ...

    @property
    def facts(self) -> Mapping[str, Any]: ...

    @property
    def words(self) -> Mapping[str, Any]: ...


SomeEntry = TypeVar("SomeEntry", bound=Entry)


@dataclass(frozen=True)
class SpokenLine:
    """The words of one entry as they read today."""

    kind: str
    ref: str
    command: int
    owner: object
    facts: Mapping[str, Any]
    words: Mapping[str, Any]


def as_corrected(entries: Iterable[SomeEntry], *, undone: Iterable[int] = ()) -> list[SomeEntry]:
    """Entries in order, each with its corrections applied; corrections and undone entries are left out.

    `undone` names commands taken back, where the entries do not hold them themselves.
    A correction applies to the part that has its owner: parts of one command are for different readers.
    """
    everything = list(entries)
    taken_back = undone_numbers(everything) | set(undone)
    standing = [one for one in everything if one.command not in taken_back and one.kind != "undone"]

    corrections: dict[tuple[int, object], list[SomeEntry]] = defaultdict(list)
    for one in standing:
        if one.kind == "corrected":
            corrections[one.facts.get("line", 0), one.owner].append(one)

    said = [one for one in standing if one.kind != "corrected"]
    return [_corrected(one, corrections.get((one.command, one.owner), [])) for one in said]


def _corrected(entry: SomeEntry, corrections: Iterable[SomeEntry]) -> SomeEntry:
    """The entry with its corrections laid over its words, the latest on top."""
    words = dict(entry.words)
    for correction in corrections:
        changed = {name: value for name, value in correction.facts.items() if name != "line"}
        words.update(changed)
        words.update(correction.words)
    return replace(entry, words=words)  # type: ignore[type-var]


def spoken_lines(lines: GuardedQuerySet, *, undone: Iterable[int] = ()) -> list[SpokenLine]:
    """The lines of a query as they read today, oldest first. One query; the words are opened here."""
    columns = ("kind", "ref", "moment__command", "owner", "moment__facts", "words")
    rows = lines.order_by("moment__number").values_list(*columns)
    return as_corrected([SpokenLine(*row) for row in rows], undone=undone)
