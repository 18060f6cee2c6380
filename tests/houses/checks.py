"""What must still hold in a kept house after an upgrade. Each fault is told in a line; a sound house has none."""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.houses.kept import House

# Where a later migration put what the kept houses have elsewhere: "table" or "table.column", before and after.
MOVED: dict[str, str] = {}

# Opens one that is over, which the house has.
OPEN_PURGE = "UPDATE facilitator_purge SET open_id = 1"
OF_SOMEBODY_ELSE = (
    "UPDATE rituals_delivery SET channel_id = "
    "(SELECT id FROM clients_channel WHERE partner_id <> rituals_delivery.person_id LIMIT 1)"
)


def now_called(name: str) -> str:
    if name in MOVED:
        return MOVED[name]
    table, dot, column = name.partition(".")
    return MOVED.get(table, table) + dot + column


def faults(house: House, kept: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """What became of the house, as `seen` in it now, measured by what was `kept` with it."""
    figures = other(kept["figures"], seen["figures"]) if seen["figures"] else []

    return [
        *lost_triggers(house, kept["triggers"]),
        *unguarded(house, seen["append_only"]),
        *broken_chains(kept["chains"], seen["chains"]),
        *changed(kept["values"], seen["values"]),
        *changed({"papers": kept["papers"]}, {"papers": seen["papers"]}),
        *(f"doctor: {line}" for line in seen["doctor"]),
        *(f"{name} lost or gained rows" for name in other(kept["rows"], seen["rows"])),
        *(f"{name} is another figure" for name in figures),
    ]


def lost_triggers(house: House, kept: Iterable[str]) -> Iterator[str]:
    there = set(house.triggers())
    for trigger in kept:
        table, _, name = trigger.partition(" ")
        if f"{now_called(table)} {name}" not in there:
            yield f"the trigger {name} is gone"


def unguarded(house: House, tables: Iterable[str]) -> Iterator[str]:
    """The triggers bite: nothing is changed, and nothing goes without a Purge, which cannot be left open."""
    for table in tables:
        update = f"UPDATE {table} SET id = id"
        delete = f"DELETE FROM {table}"
        if not house.count(table):
            yield f"{table} is empty: nothing is proved by it"

        if "append-only" not in house.refusal(update):
            yield f"{table} can be changed"
        if "append-only" not in house.refusal(OPEN_PURGE, update):
            yield f"{table} can be changed while a Purge is open"
        if "append-only" not in house.refusal(delete):
            yield f"rows of {table} can be deleted"

        refused = house.refusal(OPEN_PURGE, delete)
        if refused:
            yield f"a Purge takes no rows out of {table}: {refused}"

    if not house.refusal(OPEN_PURGE, commit=True):
        yield "a Purge can be left open"
    if "channel_of_its_person" not in house.refusal(OF_SOMEBODY_ELSE, commit=True):
        yield "a message can go to somebody else's address"


def broken_chains(kept: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    for name, end in kept.items():
        there = seen.get(name, {"wrong": ["is gone"]})
        yield from (f"{name}: {line}" for line in there["wrong"])
        if there | {"wrong": []} != end:
            yield f"{name} ends elsewhere"


def changed(kept: dict[str, dict[str, str]], seen: dict[str, dict[str, str]]) -> Iterator[str]:
    """Every value of then, found by column and row, opens to what it was."""
    for column, values in kept.items():
        there = seen.get(now_called(column), {})
        for row, digest in values.items():
            found = there.get(row, "gone")
            if found != digest:
                told = found if "cannot" in found else "another value, or gone"
                yield f"{column} of {row}: {told}"


def other(kept: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    return [name for name, value in kept.items() if seen.get(now_called(name)) != value]
