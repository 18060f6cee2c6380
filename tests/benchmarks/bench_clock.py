"""A reading of the clock over 10,000 Moments beside 1,000: linear, so a Moment costs the same in both.

`./run bench clock`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.benchmarks.measuring import Figure, beside, interleaved

RUNS = 15
SHORT, LONG = 1_000, 10_000
# So much more may one Moment of a long session cost. All 10,000 together: 50 ms on the machine of the floors.
GOAL = 1.25


def figures(*, brief: bool = False) -> Iterator[Figure]:
    from sessions.engine.clock import read
    from tests.sessions.engine.table import PLAN

    runs = 1 if brief else RUNS
    given = {count: moments(count) for count in (SHORT, LONG)}
    after = {count: those[-1].at + timedelta(seconds=5) for count, those in given.items()}

    ms = interleaved(
        {
            "short": lambda: read(PLAN, given[SHORT], after[SHORT]),
            "long": lambda: read(PLAN, given[LONG], after[LONG]),
        },
        runs=runs,
    )

    us = {"short": ms["short"] / SHORT * 1000, "long": ms["long"] / LONG * 1000}
    yield beside("clock: us a Moment of 10,000 / of 1,000", us["long"], us["short"], goal=GOAL, n=runs)


def moments(count: int) -> list[Any]:
    """A session that never ends: turns, statements, checks, reflections, pauses."""
    from sessions.engine.clock import Moment
    from tests.sessions.engine.table import Table

    table = Table().in_phase(3)
    found, at, number = list(table.state.moments), table.now, table.number
    while len(found) < count:
        turn, place = divmod(number, 8)
        by, kind, facts = step(turn, place)
        number += 1
        at += timedelta(seconds=3)

        # A round that was begun in the middle has no check to answer.
        was_opened = any(one.facts.get("id") == f"C{turn}" for one in found[-8:])
        if kind.startswith("reflection") and not was_opened:
            continue
        found.append(Moment(number, at, by, kind, facts))
    return found


def step(turn: int, place: int) -> tuple[str, str, dict[str, Any]]:
    """One of the eight things that happen in a turn."""
    speaker, listener = "AB"[turn % 2], "BA"[turn % 2]
    check, statement = f"C{turn}", f"S{turn}"

    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("F", "turn_started", {"floor": speaker}),
        (speaker, "statement", {"id": statement}),
        ("F", "check_opened", {"id": check, "of": statement, "listener": listener}),
        (listener, "reflection_given", {"check": check, "heard": ["feeling", "reason"]}),
        (speaker, "reflection_confirmed", {"check": check}),
        (listener, "brief_pause_called", {}),
        ("F", "resumed", {}),
        ("F", "note", {}),
    ]
    return steps[place]
