"""The sweep of the rituals: when the next is due, a round in which nothing is due, and laying out what is.

`./run bench rituals`.
"""

import copy
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, interleaved, undone

RUNS = 15
FEW, MANY = 100, 10_000
DUE = 200
ARITHMETIC_GOAL, IDLE_GOAL, LAY_OUT_GOAL = 3, 1.1, 1.3
ZONES_STEP, DAYS = 12, 6


def figures(*, brief: bool = False) -> Iterator[Figure]:
    runs = 1 if brief else RUNS
    yield from next_occurrences(runs)

    few, many = (5, 10) if brief else (FEW, MANY)
    yield idle_round(few, many, runs=runs)

    due = 3 if brief else DUE
    yield lay_out(due)


# When it is next due


def next_occurrences(runs: int) -> Iterator[Figure]:
    """The cadence of the house beside a date put together with an hour and nothing else."""
    from clients.rituals import cadence

    places = sorted(cadence.zone_names())[::ZONES_STEP]
    instants = [datetime(2026, 3, 10, tzinfo=UTC) + timedelta(days=50 * number) for number in range(DAYS)]
    asked = [(evening(place), at) for place in places for at in instants]

    def ours() -> list[datetime]:
        return [cadence.next_occurrence(rule, at).due_at for rule, at in asked]

    def bare() -> list[datetime]:
        return [bare_next(rule, at) for rule, at in asked]

    ms = interleaved({"ours": ours, "bare": bare}, runs=runs)
    name = "rituals: us of a next occurrence / bare arithmetic"
    us = {key: value / len(asked) * 1000 for key, value in ms.items()}
    yield beside(name, us["ours"], us["bare"], goal=ARITHMETIC_GOAL, n=len(asked))

    differing = [(one, other) for one, other in zip(ours(), bare(), strict=True) if one != other]
    yield alone("rituals: next occurrences that differ from it", len(differing), goal=0, n=len(asked))


def evening(place: str) -> Any:
    """Every day at seven in the evening: no clock was changed at that hour."""
    from clients.rituals import cadence

    return cadence.Rule(time(19), place, date(2026, 1, 1))


def bare_next(rule: Any, after: datetime) -> datetime:
    from clients.rituals import cadence

    place = cadence.zone(rule.zone)
    day = after.astimezone(place).date()
    while True:
        due_at = datetime.combine(day, rule.local_time, place).astimezone(UTC)
        if due_at > after:
            return due_at
        day += timedelta(days=1)


# A round in which nothing is due


def idle_round(few: int, many: int, *, runs: int) -> Figure:
    """Measured one after the other, each in a house of so many rituals: the smaller one grows into the larger."""
    with undone():
        house, agreed = one_ritual()
        add_copies(house, agreed, few)
        with_few = interleaved({"round": swept_in_the_morning}, runs=runs)["round"]

        add_copies(house, agreed, many - few)
        with_many = interleaved({"round": swept_in_the_morning}, runs=runs)["round"]

    name = f"rituals: ms of an idle round with {many:,} / with {few:,}"
    return beside(name, with_many, with_few, goal=IDLE_GOAL, n=runs)


def swept_in_the_morning() -> None:
    """Nothing is due before the evening."""
    from tests.rituals.evenings import MINUTE, TUESDAY, sweep

    sweep(TUESDAY + MINUTE)


# Laying out what is due


def lay_out(due: int) -> Figure:
    """Every ritual comes round for both. The peer writes the same rows in bulk and asks nothing before it does."""
    from clients.rituals import deliveries
    from tests.rituals.evenings import SEVEN_PM

    def laid_out() -> None:
        laid, errors = deliveries.lay_out_due(SEVEN_PM)
        assert (laid, errors) == (2 * due, 0)

    ours = spent(due, laid_out)
    bulk = spent(due, lambda: written_in_bulk(SEVEN_PM))

    name = "rituals: ms to lay out one that is due / the same rows in bulk"
    return beside(name, ours / due / 2, bulk / due / 2, goal=LAY_OUT_GOAL, n=2 * due)


def spent(due: int, act: Callable[[], None]) -> float:
    """Milliseconds of one act in a fresh house with so many rituals."""
    from tests.benchmarks.measuring import PROCESSOR

    with undone():
        house, agreed = one_ritual()
        add_copies(house, agreed, due - 1)

        began = PROCESSOR()
        act()
        return (PROCESSOR() - began) * 1000


def written_in_bulk(now: datetime) -> None:
    from clients.rituals import cadence
    from clients.rituals.models import Delivery, Occurrence, RitualConsent

    rows = RitualConsent.objects.unscoped("a benchmark").filter(next_due_at__lte=now)
    mine = list(rows.select_related("ritual", "partner__seat", "partner__couple__practice"))
    channels = channels_of({one.partner_id for one in mine})

    occurrences = [occurrence_of(one) for one in mine]
    Occurrence.objects.bulk_create(occurrences)
    Delivery.objects.bulk_create(
        delivery_of(one, occurrence, channels[one.partner_id], now)
        for one, occurrence in zip(mine, occurrences, strict=True)
    )

    for one in mine:
        rule = one.ritual.rule(zone=one.due_zone)
        one.next_due_at = cadence.next_occurrence(rule, one.next_due_at).due_at
    RitualConsent.objects.unscoped("a benchmark").bulk_update(mine, ["next_due_at"])


def channels_of(partners: set[Any]) -> dict[Any, Any]:
    from clients.models import Channel

    rows = Channel.objects.unscoped("a benchmark").filter(partner__in=partners)
    return {channel.partner_id: channel for channel in rows}


def occurrence_of(mine: Any) -> Any:
    from clients.rituals import cadence
    from clients.rituals.models import Occurrence

    return Occurrence(
        ritual=mine.ritual,
        partner=mine.partner,
        local_date=cadence.local_date(mine.next_due_at, mine.due_zone),
        due_at=mine.next_due_at,
        tzdb=cadence.TZDB,
        reminder=Occurrence.Reminder.PLANNED,
    )


def delivery_of(mine: Any, occurrence: Any, channel: Any, now: datetime) -> Any:
    from clients.rituals.models import Delivery

    return Delivery(
        occurrence=occurrence,
        person=mine.partner,
        channel=channel,
        kind=Delivery.Kind.NUDGE,
        text="reminder",
        dedupe_key=f"nudge|{occurrence.pk}",
        message_id=f"{occurrence.pk}@bench.example",
        not_before=now,
        expires_at=now + timedelta(hours=1),
        person_epoch=0,
        wake_at=now,
    )


# Rows


def one_ritual() -> tuple[Any, Any]:
    """Ana's and Ben's, every evening at seven; both may be reached."""
    from tests.cast import household
    from tests.rituals.evenings import agreed, reachable

    house = household("Fay", ("Ana", "Ben"))
    reachable(house)
    return house, agreed(house)


def add_copies(house: Any, ritual: Any, count: int) -> None:
    """As many rituals of the same two again, with both answers."""
    from clients.rituals.models import Ritual, RitualConsent

    answers = list(RitualConsent.objects.unscoped("a benchmark").filter(ritual=ritual))
    rituals = [copied(ritual) for _ in range(count)]
    Ritual.objects.bulk_create(rituals, batch_size=500)

    consents = [copied(answer, ritual=one) for one in rituals for answer in answers]
    RitualConsent.objects.bulk_create(consents, batch_size=500)


def copied(row: Any, **changes: Any) -> Any:
    another = copy.copy(row)
    another.pk = uuid.uuid4()
    for name, value in changes.items():
        setattr(another, name, value)
    return another
