"""What every benchmark shares: a database of its own, interleaved runs, and one JSON line for each figure.

Only ratios within one run count: machines differ, and this one is noisy.
"""

import gc
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value beside its peer of the same run. `goal` is the most the ratio (or the value) should be."""

    figure: str
    value: float
    peer: float | None
    ratio: float | None
    goal: float | None
    n: int

    def line(self) -> str:
        return json.dumps({**asdict(self), "commit": commit()})


def beside(name: str, value: float, peer: float, *, goal: float | None, n: int) -> Figure:
    """A value and its ratio to a peer measured in the same run."""
    return Figure(name, round(value, 2), round(peer, 2), round(value / peer, 2), goal, n)


def alone(name: str, value: float, *, goal: float | None, n: int = 1) -> Figure:
    """A count or a size, which needs no peer."""
    return Figure(name, round(value, 2), None, None, goal, n)


def interleaved(acts: Mapping[str, Callable[[], Any]], *, runs: int) -> dict[str, float]:
    """Milliseconds of processor time of each act, the median of `runs`, taken in turns.

    Processor time, because a shared machine takes a process off its core at any moment.
    """
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        act()

    gc.collect()
    for _ in range(runs):
        for name, act in acts.items():
            began = time.process_time()
            act()
            taken[name].append((time.process_time() - began) * 1000)

    return {name: statistics.median(each) for name, each in taken.items()}


@contextmanager
def database() -> Iterator[None]:
    """An empty database with the project's tables, for a benchmark that is run by itself."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    django.setup()
    setup_test_environment()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(old, verbosity=0)


def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
