"""The whole path with kill -9 at awkward moments: nothing answered is lost, nothing is sent twice.

Web dies while the session is held, the worker while papers are set, beat before a reminder is due, and the
supervisor, with all it keeps, right before that reminder; then the house is started again where it stood.
"""

import json
import os
import re
import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

from tests import services
from tests.facilitator.operations.test_supervisor import is_gone
from tests.faults.test_supervisor_kill import everything
from tests.journeys import steps
from tests.services import House, wait_until

OUTCOME = "from tests.faults.stage import what_came_of; what_came_of({!r})"
# What those presses write, each once.
NEXT = ["phase_finished", "phase_started"]
WRITTEN = [
    *["arrived", "arrived", "session_started", "phase_started", "ground_rules_confirmed", *NEXT],
    *["brief_pause_called", "resumed", *NEXT, *NEXT, "turn_started", "statement", "check_opened"],
    *["reflection_given", "reflection_corrected", "reflection_given", "reflection_confirmed", *NEXT],
    *["turn_started", "statement", "check_opened", "reflection_given", "reflection_confirmed"],
    *[
        "cool_down_called",
        "ready_again",
        "ready_again",
        "resumed",
        *NEXT,
        "need_named",
        *NEXT,
        "option_added",
    ],
    *["compromise_drafted", "agreement_confirmed", "agreement_confirmed", *NEXT],
    *["phase_finished", "session_ended"],
]
# Presses of the desk, counted from one: right before, and between what is written and its answer.
BEFORE = {5, 10, 17, 26}
AT_ANSWER = {3, 6, 13, 21, 24}


def ask(house: House, question: str) -> Any:
    """What is durable, asked of the database itself."""
    with closing(sqlite3.connect(house.data / "db.sqlite3", timeout=10)) as database:
        return database.execute(question).fetchone()[0]


class DyingDesk(steps.Desk):
    """The same presses, on a web process that does not live long."""

    def __init__(self, page: Any, clock: steps.Clock, house: House) -> None:
        super().__init__(page, clock)
        self.house = house
        self.presses = 0
        self.lost = 0
        page.on("requestfailed", self._failed)
        self.session = UUID(re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", page.url).group())

    def _failed(self, request: Any) -> None:
        self.lost += 1

    def head(self) -> int:
        asked = f"SELECT head FROM facilitation_session WHERE id = '{self.session.hex}'"
        return int(ask(self.house, asked))

    def shown(self) -> int:
        return int(self.page.locator("[data-part=glance]").get_attribute("data-head"))

    def _sent(self, act: Any) -> None:
        self.presses += 1
        if self.presses in BEFORE:
            os.kill(self.house.pid("web"), signal.SIGKILL)
        if self.presses in AT_ANSWER:
            return self._sent_and_not_heard(act)
        return super()._sent(act)

    def _sent_and_not_heard(self, act: Any) -> None:
        self.clock.pass_minutes(0.5)
        written = self.head()
        shown = self.shown()

        act()

        wait_until(lambda: self.head() > written, what="the press to be written")
        os.kill(self.house.pid("web"), signal.SIGKILL)

        wait_until(lambda: self.shown() > shown, what="the desk to show it", within_s=30)
        self.page.wait_for_function(steps.QUIET)


def killed_over_a_paper(house: House) -> None:
    """The worker, as soon as it has taken a paper up."""
    taken = "SELECT COUNT(*) FROM reports_document WHERE state = 'rendering'"
    wait_until(lambda: ask(house, taken), what="a paper to be taken up", within_s=40)
    house.kill("worker")


def test_nothing_is_lost_or_sent_twice_when_processes_die(tmp_path: Path, chromium: Any) -> None:
    data = tmp_path / "data"
    env = {"THIRD_CHAIR_TEST_CLOCK": str(tmp_path / "clock")}
    clock = steps.Clock(tmp_path / "clock")

    with services.house(data, **env) as house:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()
        steps.begin(page, house)
        couple = steps.couple_walks_in(page, house)

        # Web dies while the session is held, the worker over a paper.
        steps.plan(page, couple)
        desk = DyingDesk(page, clock, house)
        steps.hold(desk)
        held = house.manage("export_session", str(desk.session)).stdout
        steps.read_through(page)
        killed_over_a_paper(house)
        clock.pass_minutes(10)
        made = steps.papers(page, house)

        steps.ritual_from_agreement(page)
        phones = steps.phones(page, chromium, house, couple)
        for phone in phones.values():
            steps.consent(phone, house)

        # Beat dies, then the supervisor with all it keeps, right before the reminder is due.
        house.kill("beat")
        all_of_it = everything(house)
        clock.go_to(steps.coming_saturday(clock).replace(hour=9, minute=59, second=58))
        house.process.kill()
        house.process.wait(5)
        wait_until(lambda: all(map(is_gone, all_of_it)), what="all of it to end")
        port = house.port

    # Started again where it stood, it goes on.
    clock.go_to(steps.coming_saturday(clock))
    with services.house(data, port=port, **env) as again:
        wait_until(lambda: steps.reminded(page, again), what="the reminders of both", within_s=60)
        [walk] = steps.api(phones["A"], again, "me/rituals")["rituals"]
        steps.answer(phones["A"], again, f"me/rituals/{walk['id']}/answer", answer="done")

        page.goto(f"{again.url}/sessions/{desk.session}/")
        assert sorted(steps.papers(page, again).values()) == sorted(made.values())
        assert again.manage("export_session", str(desk.session)).stdout == held
        outcome = json.loads(again.manage("shell", "-v0", "-c", OUTCOME.format(str(desk.session))).stdout)

    print(f"{len(BEFORE | AT_ANSWER) + 3} kills, {desk.lost} requests cut off, {outcome}")
    assert desk.lost > 0
    assert [json.loads(line)["kind"] for line in held.splitlines()[1:]] == WRITTEN
    assert outcome["chain"] == []
    assert Counter(map(tuple, outcome["mails"])) == {
        (f"{slot}@walked-in.example", subject): 1
        for slot in "ab"
        for subject in ("Please sign in when it suits you.", steps.REMINDER)
    }
    assert Counter(map(tuple, outcome["deliveries"])) == {
        ("sign_in", "accepted"): 2,
        ("nudge", "accepted"): 2,
    }
    assert outcome["attempts"] == 4
    assert outcome["answers"] == ["done"]
