"""The twenty-five ready-made rituals, as data. A ritual of a couple keeps only the code."""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from clients.rituals.cadence import EVERY_DAY

# The code of a ritual that two people (or one) made themselves: its words are its title.
OWN = "own"
FILE = Path(__file__).parent / "data" / "rituals.json"

DAYS_BY_CADENCE = {
    "daily": EVERY_DAY,
    "nightly": EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "twice a week": frozenset({1, 4}),
    "three times a week": frozenset({0, 2, 4}),
    "three set days a week": frozenset({0, 2, 4}),
    "four times a week": frozenset({0, 1, 3, 5}),
}
STEP_BY_CADENCE = {"every two weeks": 14, "monthly": 28}


@dataclass(frozen=True)
class RitualTemplate:
    code: str
    title: str
    kind: str
    who: str
    purpose: str
    steps: tuple[str, ...]
    minutes: int
    cadence: str
    disclosure: str
    suits: str
    invitation: str
    decline_acknowledgement: str
    gentler_alternatives: tuple[str, ...]

    @property
    def is_shared(self) -> bool:
        return self.who == "shared"

    def usual_days(self, start_on: date) -> tuple[frozenset[int], int]:
        """Weekdays and step in days that its cadence suggests; neither where it is done as needed."""
        name = self.cadence.split(",")[0].split(" or ")[0]

        if name == "weekly":
            return frozenset({start_on.weekday()}), 0
        return DAYS_BY_CADENCE.get(name, frozenset()), STEP_BY_CADENCE.get(name, 0)


@lru_cache(maxsize=1)
def library() -> dict[str, RitualTemplate]:
    """By code, in the order in which they are offered."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))

    templates = {}
    for row in rows:
        row["steps"] = tuple(row["steps"])
        row["gentler_alternatives"] = tuple(row["gentler_alternatives"])
        templates[row["code"]] = RitualTemplate(**row)
    return templates
