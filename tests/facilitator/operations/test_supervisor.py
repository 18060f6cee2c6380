"""The supervisor, over small processes of its own kind: sh and sleep."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from facilitator.operations.supervisor import LONGEST_PAUSE_S, YOUNG_S, Child, Post
from tests.services import ROOT, wait_until

PROGRAM = """
import os, sys
from pathlib import Path
from facilitator.operations.supervisor import Child, Supervisor

grace_s, *scripts = sys.argv[1:]
children = [Child(f"child{n}", ("sh", "-c", script)) for n, script in enumerate(scripts)]
Supervisor(children, cwd=Path.cwd(), env=os.environ, grace_s=float(grace_s)).run()
"""


@dataclass
class Watch:
    """A running supervisor and what it says."""

    process: subprocess.Popen
    heard: str = ""

    def line(self, pattern: str, within_s: float = 10.0) -> re.Match[str]:
        """The next line that says this; what came before it is forgotten."""
        deadline = time.monotonic() + within_s
        found = None
        while not found:
            ready, _, _ = select.select([self.process.stderr], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"never said {pattern!r}: {self.heard}"
            said = os.read(self.process.stderr.fileno(), 65536).decode()
            assert said, f"ended without saying {pattern!r}: {self.heard}"
            self.heard += said
            found = re.search(f"{pattern}[^\n]*\n", self.heard)

        self.heard = self.heard[found.end() :]
        return found

    def started(self, name: str) -> int:
        return int(self.line(rf"{name} started \(pid (\d+)\)").group(1))

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator:
    made: list[Watch] = []

    def begin(*scripts: str, grace_s: float = 5.0) -> Watch:
        command = [sys.executable, "-c", PROGRAM, str(grace_s), *scripts]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        made.append(Watch(subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE)))
        return made[-1]

    yield begin
    for each in made:
        if each.process.poll() is None:
            each.end()
        each.process.stderr.close()


def is_gone(pid: int) -> bool:
    """Ended, whether or not somebody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_killed_child_is_started_again_within_a_second(watch) -> None:
    house = watch("exec sleep 60")
    first = house.started("child0")

    at = time.monotonic()
    os.kill(first, signal.SIGKILL)
    house.line(r"child0 ended by SIGKILL; starting it again in 0\.2 s")
    second = house.started("child0")

    assert time.monotonic() - at < 1.0
    assert second != first


def test_the_other_children_are_left_alone(watch) -> None:
    house = watch("exec sleep 60", "exec sleep 60")
    first = house.started("child0")
    second = house.started("child1")

    os.kill(first, signal.SIGKILL)
    house.started("child0")

    assert not is_gone(second)
    assert "child1" not in house.heard


def test_what_a_dead_child_had_started_dies_before_the_next_is_started(watch, tmp_path: Path) -> None:
    house = watch("sleep 60 & echo $! > grandchild; wait")
    first = house.started("child0")
    file = tmp_path / "grandchild"
    orphan = int(wait_until(lambda: file.exists() and file.read_text(), what="a pid"))

    os.kill(first, signal.SIGKILL)
    house.started("child0")

    assert is_gone(orphan)


def test_asked_to_stop_it_stops_every_child(watch) -> None:
    house = watch("exec sleep 60", "exec sleep 60")
    pids = [house.started("child0"), house.started("child1")]

    assert house.end() == 0
    house.line(r"child0 stopped \(ended by SIGTERM\)")
    assert [is_gone(pid) for pid in pids] == [True, True]


def test_a_child_that_will_not_stop_is_killed_when_its_time_is_over(watch, tmp_path: Path) -> None:
    house = watch("trap '' TERM; touch ready; while :; do sleep 1; done", grace_s=0.3)
    pid = house.started("child0")
    wait_until((tmp_path / "ready").exists, what="the child to stop listening")

    at = time.monotonic()
    assert house.end() == 0
    assert time.monotonic() - at < 3
    house.line("child0 did not stop and was killed")
    assert is_gone(pid)


def test_asked_twice_it_stops_at_once(watch, tmp_path: Path) -> None:
    house = watch("trap '' TERM; touch ready; while :; do sleep 1; done", grace_s=60)
    wait_until((tmp_path / "ready").exists, what="the child to stop listening")
    house.process.send_signal(signal.SIGINT)
    house.line("stopping")
    house.process.send_signal(signal.SIGINT)
    assert house.process.wait(5) == 0


def test_when_the_supervisor_is_killed_its_children_go_with_it(watch) -> None:
    house = watch("exec sleep 60", "exec sleep 60")
    pids = [house.started("child0"), house.started("child1")]

    house.process.kill()
    house.process.wait(5)
    wait_until(lambda: all(map(is_gone, pids)), what="the children to end", within_s=30)


def test_children_hear_signals_that_their_supervisor_blocks(watch, tmp_path: Path) -> None:
    house = watch("trap 'touch heard; exit 0' INT; touch ready; while :; do sleep 0.05; done")
    pid = house.started("child0")
    wait_until((tmp_path / "ready").exists, what="the child to listen")

    os.kill(pid, signal.SIGINT)
    wait_until((tmp_path / "heard").exists, what="the child to hear", within_s=30)


def test_the_pause_grows_for_a_child_that_ends_soon_and_is_reset_by_a_longer_run() -> None:
    post = Post(Child("web", ("true",)))

    pauses = [post.pause_s(0.1) for _ in range(9)]

    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 15.0, LONGEST_PAUSE_S]
    assert post.pause_s(YOUNG_S) == 0.2
    assert [post.pause_s(0.1) for _ in range(2)] == [0.2, 0.4]
