"""How long a reading takes over 100, 1,000 and 10,000 Moments: `python -m tests.benchmarks.bench_clock`.

Promise: at most 50 ms for 10,000, and linear. Prints one JSON line; asserted nowhere, machines differ.
"""

import json
import subprocess
import time
from datetime import timedelta

from sessions.engine.clock import Moment, read
from tests.sessions.engine.table import PLAN, Table

SIZES = (100, 1_000, 10_000)
RUNS = 15


def moments(count):
    """A session that never ends: turns, statements, checks, reflections, pauses."""
    table = Table().in_phase(3)
    found, now, number = list(table.state.moments), table.now, table.number
    while len(found) < count:
        turn, place = divmod(number, 8)
        speaker, listener = "AB"[turn % 2], "BA"[turn % 2]
        by, kind, facts = (
            ("F", "turn_started", {"floor": speaker}),
            (speaker, "statement", {"id": f"S{turn}"}),
            ("F", "check_opened", {"id": f"C{turn}", "of": f"S{turn}", "listener": listener}),
            (listener, "reflection_given", {"check": f"C{turn}", "heard": ["feeling", "reason"]}),
            (speaker, "reflection_confirmed", {"check": f"C{turn}"}),
            (listener, "brief_pause_called", {}),
            ("F", "resumed", {}),
            ("F", "note", {}),
        )[place]
        number += 1
        now += timedelta(seconds=3)
        # A round that was begun in the middle has no check to answer.
        if kind.startswith("reflection") and not any(m.facts.get("id") == f"C{turn}" for m in found[-8:]):
            continue
        found.append(Moment(number, now, by, kind, facts))
    return found


def measured(count):
    given = moments(count)
    now = given[-1].at + timedelta(seconds=5)
    best = float("inf")
    for _ in range(RUNS):
        begun = time.perf_counter()
        read(PLAN, given, now)
        best = min(best, time.perf_counter() - begun)
    return best * 1000


def main():
    taken = {count: measured(count) for count in SIZES}
    each = {count: ms / count * 1000 for count, ms in taken.items()}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(
        json.dumps(
            {
                "benchmark": "clock.read",
                "commit": commit,
                "runs": RUNS,
                "ms": {str(count): round(ms, 3) for count, ms in taken.items()},
                "us_per_moment": {str(count): round(us, 2) for count, us in each.items()},
                "per_moment_10000_to_1000": round(each[10_000] / each[1_000], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
