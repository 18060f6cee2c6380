"""What every benchmark shares: a database of its own, interleaved runs, and one JSON line for each figure.

Only ratios within one run count: machines differ, and this one is noisy.
"""

import gc
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

# A benchmark that waits for other programs is measured by this clock, one that does not by the processor's time.
WALL = time.perf_counter
PROCESSOR = time.process_time


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
        """With the load of the machine in the last minute: above 2 for two cores, look again later."""
        load = round(os.getloadavg()[0], 1)
        return json.dumps({**asdict(self), "commit": commit(), "load": load})


def beside(name: str, value: float, peer: float, *, goal: float | None, n: int) -> Figure:
    """A value and its ratio to a peer measured in the same run."""
    return Figure(name, round(value, 2), round(peer, 2), round(value / peer, 2), goal, n)


def alone(name: str, value: float, *, goal: float | None, n: int = 1) -> Figure:
    """A count or a size, which needs no peer."""
    return Figure(name, round(value, 2), None, None, goal, n)


def interleaved(
    acts: Mapping[str, Callable[[], Any]], *, runs: int, clock: Callable[[], float] = PROCESSOR
) -> dict[str, float]:
    """Milliseconds of each act, the median of `runs`, taken in turns.

    Processor time by default, because a shared machine takes a process off its core at any moment.
    """
    taken: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        act()

    gc.collect()
    for _ in range(runs):
        for name, act in acts.items():
            began = clock()
            act()
            taken[name].append((clock() - began) * 1000)

    return {name: statistics.median(each) for name, each in taken.items()}


@contextmanager
def database() -> Iterator[None]:
    """An empty database with the project's tables, for a benchmark that is run by itself."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.template import Template
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    django.setup()
    render = Template._render
    setup_test_environment()
    # In tests each template tells the client what it was given. No house does that, so it is not measured.
    Template._render = render

    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(old, verbosity=0)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is gone afterwards, in both databases."""
    from django.db import transaction

    with transaction.atomic(), transaction.atomic(using="keys"):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="keys")


@contextmanager
def running_house(*arguments: str, **env: str) -> Iterator[Any]:
    """The whole house as ./run starts it, in a folder that is removed afterwards."""
    from tests import services

    with (
        tempfile.TemporaryDirectory(prefix="third-chair-bench-") as folder,
        services.house(Path(folder) / "data", *arguments, **env) as house,
    ):
        yield house


@cache
def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
