"""A live session survives kill -9 of its web process, between any two commands and between commit and reply.

A dozen kills; a thorough run kills before and after every single line.
"""

import http.client
import json
import os
import signal
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests import services
from tests.faults.stage import FILE
from tests.services import House, wait_until
from tests.thorough import IS_THOROUGH

FIGURES = json.loads((FILE.parent / "worked_session_figures.json").read_text())
STAGE = "from tests.faults.stage import plan_worked_session; plan_worked_session()"


class Driver:
    """Posts the lines of a session file as their facilitator's screen would, at each line's instant."""

    def __init__(self, house: House, clock: Path) -> None:
        self.house = house
        self.clock = clock
        staged = json.loads(house.manage("shell", "-v0", "-c", STAGE).stdout.splitlines()[-1])
        self.session = staged["session"]
        self.sign_in = staged["sign_in"]
        self.csrf = "0" * 32

    def set_clock(self, at: str) -> None:
        """A fifth of a second into the line's second, so that its whole second is what the server reads."""
        then = datetime.fromisoformat(at.replace("Z", "+00:00"))
        self.clock.write_text(str(then.timestamp() + 0.2 - datetime.now(UTC).timestamp()))

    def send(self, line: dict[str, Any]) -> http.client.HTTPConnection:
        self.set_clock(line["at"])
        body = json.dumps({name: value for name, value in line.items() if name != "at"})
        connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=20)
        headers = {
            "Content-Type": "application/json",
            "Cookie": f"session={self.sign_in}; csrf={self.csrf}",
            "X-CSRFToken": self.csrf,
            "Origin": self.house.url,
        }

        connection.request("POST", f"/api/v1/sessions/{self.session}/commands", body, headers)
        return connection

    def post(self, line: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with closing(self.send(line)) as connection:
            response = connection.getresponse()
            said = response.read()
            assert response.getheader("Content-Type") == "application/json", self.house.said()[-3000:]
            return response.status, json.loads(said)

    def head(self) -> int:
        """What is durable, asked of the database itself."""
        ask = "SELECT head FROM facilitation_session WHERE id = "
        url = self.house.env.get("DATABASE_URL")
        if url:
            with psycopg.connect(url) as database:
                return int(database.execute(ask + "%s", [self.session]).fetchone()[0])  # type: ignore[index]

        with closing(sqlite3.connect(self.house.data / "db.sqlite3")) as database:
            return int(database.execute(ask + "?", [UUID(self.session).hex]).fetchone()[0])

    def kill_web(self) -> None:
        self.house.kill("web")
        wait_until(self._answers, what="the web process to answer again")

    def _answers(self) -> bool:
        with closing(http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=5)) as connection:
            try:
                connection.request("GET", "/health/")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def post_and_die(self, line: dict[str, Any]) -> None:
        """Send, kill -9 once the command is durable, and never read the reply."""
        before = self.head()
        connection = self.send(line)
        wait_until(lambda: self.head() > before, what="the command to be written")
        os.kill(self.house.pid("web"), signal.SIGKILL)
        connection.close()
        wait_until(self._answers, what="the web process to answer again", within_s=30)


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_every_answered_command_survives_kill_9(
    database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    env = {"THIRD_CHAIR_TEST_CLOCK": str(clock)}
    if database == "PostgreSQL":
        server = request.getfixturevalue("postgres")
        env |= server.for_a_house()
    clock.write_text("0")
    lines = [json.loads(text) for text in FILE.read_text().splitlines()[1:]]
    kills = 0
    began = time.monotonic()

    with services.house(tmp_path / "data", **env) as house:
        driver = Driver(house, clock)
        for number, line in enumerate(lines, 2):
            keyed = {**line, "key": f"line-{number}"}
            if IS_THOROUGH or number % 24 == 2:
                driver.kill_web()
                kills += 1

            dies_before_its_reply = IS_THOROUGH or number % 16 == 9
            if dies_before_its_reply:
                driver.post_and_die(keyed)
                kills += 1

            # What was written before is answered as it was; what was not is written now.
            status, answer = driver.post(keyed)
            assert status == (200 if dies_before_its_reply else 201), answer
            assert answer.get("line") == number, answer

        exported = house.manage("export_session", driver.session).stdout
        (tmp_path / "exported.jsonl").write_text(exported)
        replayed = house.manage("replay", str(tmp_path / "exported.jsonl"), "--out", str(tmp_path / "out"))

    print(f"{database}: {kills} kills in {time.monotonic() - began:.0f} s, {len(lines)} lines")
    assert kills >= 10
    assert json.loads(replayed.stdout) == FIGURES
