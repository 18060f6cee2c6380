"""A house in which nobody does anything: its share of a core, its memory, and how often it wakes the processor.

`./run bench idle`. The house is the one of ./run: SQLite, and its own broker in the data folder.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measuring import Figure, alone, running_house

# Beat rings every 15 s. After a few rounds everything is loaded, and a minute holds four more.
SETTLE_S, LOOK_S = 50, 60
CORE_GOAL_PERCENT, MEMORY_GOAL_MIB, WAKES_GOAL = 0.4, 230, 6
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Used:
    """What the processes of a house have used since each began."""

    seconds: float
    wakes: int


def figures(*, brief: bool = False) -> Iterator[Figure]:
    """In brief it looks at this process for an instant, which is enough to see that looking works."""
    if brief:
        yield from looked_at(os.getpid(), seconds=0.1)
        return

    with running_house() as house:
        time.sleep(SETTLE_S)
        yield from looked_at(house.process.pid, seconds=LOOK_S)


def looked_at(pid: int, *, seconds: float) -> Iterator[Figure]:
    before, began = used(pid), time.monotonic()
    time.sleep(seconds)
    after, took = used(pid), time.monotonic() - began

    mib = sum(shared_out_kib(each) for each in family(pid)) / 1024
    percent = (after.seconds - before.seconds) / took * 100
    wakes = (after.wakes - before.wakes) / took

    yield alone("idle: MiB of memory (PSS)", mib, goal=MEMORY_GOAL_MIB)
    yield alone("idle: percent of a core", percent, goal=CORE_GOAL_PERCENT, n=round(took))
    yield alone("idle: wake-ups a second", wakes, goal=WAKES_GOAL, n=round(took))


def used(pid: int) -> Used:
    """A wake-up is a time a thread went to wait by itself, and so had been woken before."""
    pids = family(pid)
    seconds = sum(processor_seconds(each) for each in pids)
    wakes = sum(waits(thread) for each in pids for thread in Path(f"/proc/{each}/task").iterdir())
    return Used(seconds, wakes)


def family(pid: int) -> list[int]:
    """The process with that number and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := stat_of(folder)):
            parent = int(fields[1])
            children.setdefault(parent, []).append(int(folder.name))

    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found


def processor_seconds(pid: int) -> float:
    fields = stat_of(Path(f"/proc/{pid}"))
    in_program, in_kernel = int(fields[11]), int(fields[12])
    return (in_program + in_kernel) / TICKS_A_SECOND


def stat_of(folder: Path) -> list[str]:
    """The fields after the name, which may hold spaces; none where the process has ended."""
    try:
        text = (folder / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def waits(thread: Path) -> int:
    return field_of(thread / "status", "voluntary_ctxt_switches:")


def shared_out_kib(pid: int) -> int:
    """Its own memory, and of what it shares with others its part."""
    return field_of(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def field_of(file: Path, name: str) -> int:
    line = next(line for line in file.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])
