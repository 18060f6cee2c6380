"""The library of session formats and the word lists, as data. Pure."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from sessions.engine.plan import PlannedPhase

DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Format:
    code: str
    title: str
    minutes: int
    minutes_short: int
    serves: tuple[str, ...]
    use: str
    not_when: str
    first_speaker: str
    with_: str  # both, or one
    phases: tuple[PlannedPhase, ...]
    phases_short: tuple[PlannedPhase, ...]


def _phase(entry: Mapping[str, Any], minutes: int) -> PlannedPhase:
    return PlannedPhase(
        title=entry["title"],
        kind=entry["kind"],
        goal=entry["goal"],
        minutes=minutes,
        turn=entry["turn"],
        understanding_check=entry["understanding_check"],
        check_kind=entry["check_kind"],
        prompts=tuple(entry["prompts"]),
    )


def _format(entry: Mapping[str, Any]) -> Format:
    return Format(
        code=entry["code"],
        title=entry["title"],
        minutes=entry["minutes"],
        minutes_short=entry["minutes_short"],
        serves=tuple(entry["serves"]),
        use=entry["use"],
        not_when=entry["not_when"],
        first_speaker=entry["first_speaker"],
        with_=entry["with"],
        phases=tuple(_phase(phase, phase["minutes"]) for phase in entry["phases"]),
        phases_short=tuple(_phase(phase, phase["minutes_short"]) for phase in entry["phases"]),
    )


def _load() -> dict[str, Format]:
    entries = json.loads((DATA / "formats.json").read_text("utf-8"))
    return {entry["code"]: _format(entry) for entry in entries}


FORMATS: Final[dict[str, Format]] = _load()


def _words(name: str) -> dict[str, tuple[str, ...]]:
    """A list of words by family, families and words in the order of the file."""
    families: dict[str, tuple[str, ...]] = {}
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            family = row["family"]
            families[family] = (*families.get(family, ()), row["word"])
    return families


@cache
def feelings() -> dict[str, tuple[str, ...]]:
    """The ninety feelings, by family. Lists are help, not fences."""
    return _words("feelings.tsv")


@cache
def needs() -> dict[str, tuple[str, ...]]:
    """The sixty needs, by family."""
    return _words("needs.tsv")


@cache
def need_words() -> frozenset[str]:
    return frozenset(word for words in needs().values() for word in words)
