"""When a ritual is next due, and whether now is an hour at which somebody may be reached.

A rule is a local wall-clock time in a named zone; an instant is worked out from it each time and never the
other way round. Zones come from the `tzdata` package only: a stale copy on the machine would win otherwise.
"""

import importlib.metadata
import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

TZDB = importlib.metadata.version("tzdata")
DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))

# Two reminders of one person and ritual are never closer than this.
APART = timedelta(hours=18)
# Latest delay after the due time at which a reminder is still sent.
GRACE = timedelta(minutes=90)


class UnknownZone(ValueError):
    """The name is in no current list of time zones; nothing may be scheduled by it."""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    listed = (importlib.resources.files("tzdata") / "zones").read_text(encoding="ascii")
    return frozenset(listed.split())


@lru_cache(maxsize=700)
def zone(name: str) -> ZoneInfo:
    """The zone of that name; old link names (Europe/Kiev) are as good as new ones."""
    if name not in zone_names():
        raise UnknownZone(name)

    folder = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with folder.open("rb") as compiled:
        return ZoneInfo.from_file(compiled, key=name)


def local_date(at: datetime, zone_name: str) -> date:
    """The date that the calendar there shows at that instant."""
    return at.astimezone(zone(zone_name)).date()


@dataclass(frozen=True)
class Rule:
    """Either the named weekdays (Monday is 0), or every n days counted from `start_on`."""

    local_time: time
    zone: str
    start_on: date
    weekdays: frozenset[int] = EVERY_DAY
    every_n_days: int = 0

    def __post_init__(self) -> None:
        zone(self.zone)

        if self.local_time.tzinfo is not None:
            raise ValueError("a rule keeps wall-clock time; its zone has a field of its own")
        if self.every_n_days < 0 or not self.weekdays <= EVERY_DAY:
            raise ValueError("days are 0 to 6, and steps are positive")
        if not self.every_n_days and not self.weekdays:
            raise ValueError("a rule without any day never comes round")

    def falls_on(self, day: date) -> bool:
        if day < self.start_on:
            return False
        if self.every_n_days:
            return (day - self.start_on).days % self.every_n_days == 0
        return day.weekday() in self.weekdays

    @property
    def interval(self) -> timedelta:
        """The shortest distance between two of its days."""
        if self.every_n_days:
            return self.every_n_days * DAY

        days = sorted(self.weekdays)
        first_again = days[0] + 7
        distances = [later - sooner for sooner, later in pairwise([*days, first_again])]
        return min(distances) * DAY

    @property
    def grace(self) -> timedelta:
        """Latest delay after the due time at which a reminder of this rule is still sent."""
        return min(GRACE, self.interval / 4)


@dataclass(frozen=True)
class Occurrence:
    """`local_date` and `slot` are the key; `due_at` (UTC) follows from them and may be worked out anew."""

    local_date: date
    slot: int
    due_at: datetime


def instant(day: date, at: time, place: ZoneInfo) -> datetime:
    """The first instant at which that wall clock shows `at`; where it never does, the first after the gap."""
    wall = datetime.combine(day, at)
    by_old_offset = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    by_new_offset = wall.replace(tzinfo=place, fold=1).astimezone(UTC)

    wall_clock_shows_it = by_old_offset.astimezone(place).replace(tzinfo=None) == wall
    if wall_clock_shows_it:
        return by_old_offset
    return _end_of_gap(by_new_offset, by_old_offset, place)


def _end_of_gap(still_old: datetime, already_new: datetime, place: ZoneInfo) -> datetime:
    """The second at which the clocks were changed, found by halving the time between the two."""
    old_offset = still_old.astimezone(place).utcoffset()

    while already_new - still_old > timedelta(seconds=1):
        apart_s = int((already_new - still_old).total_seconds())
        middle = still_old + timedelta(seconds=apart_s // 2)
        if middle.astimezone(place).utcoffset() == old_offset:
            still_old = middle
        else:
            already_new = middle

    return already_new.replace(microsecond=0)


def _exists(day: date, place: ZoneInfo) -> bool:
    """False for the few dates a country has skipped by moving over the date line."""
    return instant(day, time(0), place).astimezone(place).date() == day


def next_occurrence(rule: Rule, after: datetime, last: Occurrence | None = None) -> Occurrence:
    """The next one due after that instant.

    `last` is what this person was given before, perhaps in another zone: the same local date never comes
    twice, and two are never closer than 18 hours, whichever way somebody flies over the date line.
    """
    place = zone(rule.zone)
    day = max(after.astimezone(place).date() - DAY, rule.start_on)

    while True:
        is_new_date = last is None or day > last.local_date
        if is_new_date and rule.falls_on(day) and _exists(day, place):
            due_at = instant(day, rule.local_time, place)
            is_far_enough = last is None or due_at - last.due_at >= APART
            if due_at > after and is_far_enough:
                return Occurrence(day, 0, due_at)
        day += DAY


@dataclass(frozen=True)
class Hours:
    """The hours of the local day at which a message is fine; they may cross midnight; of no length: never."""

    opens: time = time(8)
    closes: time = time(21)

    def hold(self, at: time) -> bool:
        if self.opens < self.closes:
            return self.opens <= at < self.closes
        if self.opens == self.closes:
            return False
        return at >= self.opens or at < self.closes


def may_reach(hours: Hours, zone_name: str, at: datetime) -> bool:
    return hours.hold(at.astimezone(zone(zone_name)).time())


def closes_at(hours: Hours, zone_name: str, at: datetime) -> datetime:
    """When the hours that are open at `at` are over; `at` itself where they are not open."""
    if not may_reach(hours, zone_name, at):
        return at

    closings = _near(hours.closes, zone_name, at)
    return next(closing for closing in closings if closing > at)


def opens_at(hours: Hours, zone_name: str, at: datetime) -> datetime | None:
    """`at` itself where the hours are open, else their next beginning; None where they never are."""
    if may_reach(hours, zone_name, at):
        return at
    if hours.opens == hours.closes:
        return None

    openings = _near(hours.opens, zone_name, at)
    return next(opening for opening in openings if opening >= at and may_reach(hours, zone_name, opening))


def _near(wall_time: time, zone_name: str, at: datetime) -> Iterator[datetime]:
    """When that wall clock time comes round, from the day before `at` to three days after it."""
    place = zone(zone_name)
    day = at.astimezone(place).date()
    for n in range(-1, 4):
        yield instant(day + n * DAY, wall_time, place)
