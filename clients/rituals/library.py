"""The twenty-five ready-made rituals, as data. A ritual of a couple keeps only the code."""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from clients.rituals.cadence import EVERY_DAY

OWN = "own"
"""The code of a ritual that two people (or one) made themselves: its words are its title."""

WEEKDAYS = {
    "daily": EVERY_DAY,
    "nightly": EVERY_DAY,
    "weekdays": frozenset(range(5)),
    "twice a week": frozenset({1, 4}),
    "three times a week": frozenset({0, 2, 4}),
    "three set days a week": frozenset({0, 2, 4}),
    "four times a week": frozenset({0, 1, 3, 5}),
}
STEPS = {"every two weeks": 14, "monthly": 28}


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
        return WEEKDAYS.get(name, frozenset()), STEPS.get(name, 0)


@lru_cache(maxsize=1)
def library() -> dict[str, RitualTemplate]:
    rows = json.loads((Path(__file__).parent / "data" / "rituals.json").read_text(encoding="utf-8"))
    tuples = ("steps", "gentler_alternatives")
    made = (RitualTemplate(**{k: tuple(v) if k in tuples else v for k, v in row.items()}) for row in rows)
    return {template.code: template for template in made}
