"""Reminders under kill -9: two workers are killed again and again; nothing is sent twice, nothing ends unseen.

THIRD_CHAIR_COUPLES and THIRD_CHAIR_KILLS make it longer; a kill can hold up to five rows until its lease ends.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from tests import ready_databases, services
from tests.services import ROOT, clean_env, wait_until

COUPLES = int(os.environ.get("THIRD_CHAIR_COUPLES", "40"))
KILLS = int(os.environ.get("THIRD_CHAIR_KILLS", "6"))


class Slow(services.SmtpServer):
    """A real server that takes its time, so that kills find messages on their way."""

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0.03)
        reply = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(0.03)
        return reply


@pytest.fixture(params=["sqlite", "postgresql"])
def worker_env(request, tmp_path):
    env = clean_env(
        THIRD_CHAIR_DATA=str(tmp_path / "data"),
        THIRD_CHAIR_TESTING="1",
        THIRD_CHAIR_TEST_CLOCK=str(tmp_path / "clock"),
    )
    (tmp_path / "clock").write_text("0")

    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        env |= server.for_a_house()

    ready_databases.copy_to(tmp_path / "data")
    return env


def sweeper(env, *what):
    return [sys.executable, "-m", "tests.faults.sweeper", *map(str, what)]


def working(env, log: Path):
    with log.open("ab") as out:
        return subprocess.Popen(sweeper(env, "sweep"), cwd=ROOT, env=env, stdout=out, stderr=out)


def test_nothing_is_sent_twice_and_nothing_ends_unseen(worker_env, tmp_path):
    dice = random.Random(2)
    log = tmp_path / "log"
    server = Slow()
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()

    try:
        subprocess.run(
            sweeper(worker_env, "begin", server.port, COUPLES), cwd=ROOT, env=worker_env, check=True
        )

        workers = [working(worker_env, log) for _ in range(2)]
        kills = 0

        while kills < KILLS:
            more = len(server.messages) + dice.randint(1, 6)
            wait_until(lambda n=more: len(server.messages) >= n, what="more", within_s=30)

            victim = dice.randrange(2)
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait(5)
            workers[victim] = working(worker_env, log)
            kills += 1

        for worker in workers:
            worker.kill()
            worker.wait(5)

        # Leases are over in three minutes; the house's clock says it is later than that.
        (tmp_path / "clock").write_text("180")
        done = subprocess.run(
            sweeper(worker_env, "finish"),
            cwd=ROOT,
            env=worker_env,
            check=True,
            capture_output=True,
            text=True,
        )
    finally:
        controller.stop()

    rows = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("row ")]
    arrived = Counter(message["Message-ID"] for message in server.messages)
    ends = Counter(state for state, _ in rows)
    print(f"{kills} kills, {dict(ends)}, {sum(arrived.values())} arrived")

    assert len(rows) == 2 * COUPLES
    assert set(ends) <= {"accepted", "uncertain"}
    assert [key for key, times in arrived.items() if times > 1] == []
    assert [key for state, key in rows if state == "accepted" and arrived[key] != 1] == []

    # At most what each kill found on its way; every one of them can be seen.
    assert ends["uncertain"] <= kills + 2
