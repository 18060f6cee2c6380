"""The Tuesday test: an hour of `first-talk` on one laptop by one hand, and what the two take home of it.

Presses are counted where no text field has the focus, words where one has. What is typed in a field and how it is
left (Tab, Enter) is printed too.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from tests import services
from tests.journeys import steps
from tests.reports.reading import text_of

MOST_PRESSES = 45
MOST_WORDS = 40
GOAL = "To hear what the quiet weeks were like"
STEP = "A walk on Saturday mornings"
SIGN = "open hand"
IN_A_FIELD = "document.activeElement?.matches('input:not([type=radio], [type=checkbox]), textarea, select')"


class Hand:
    """One hand on the keys, counted."""

    def __init__(self, page: Any, clock: steps.Clock) -> None:
        self.page = page
        self.clock = clock
        self.outside = self.inside = self.words = 0

    def keys(self, *names: str) -> None:
        for name in names:
            typing = self.page.evaluate(IN_A_FIELD)
            self.inside += bool(typing)
            self.outside += not typing

            self.page.keyboard.press(name)
            self.page.wait_for_function(steps.QUIET)

            no = self.page.locator("[data-part=refusal] [role=alert]:visible")
            assert no.count() == 0, (name, no.first.inner_text())

    def types(self, text: str) -> None:
        assert self.page.evaluate(IN_A_FIELD), text
        self.words += len(text.split())
        self.page.keyboard.type(text)

    def minutes(self, minutes: float) -> None:
        self.clock.pass_minutes(minutes)

    def on(self, minutes: float) -> None:
        """A part has had its minutes; on to the next."""
        self.minutes(minutes)
        self.keys("n", "n")

    def phase(self) -> str:
        title: str = self.page.locator(".glance-title").inner_text()
        return title


def says(hand: Hand, text: str, feeling: str) -> None:
    hand.minutes(4)
    hand.keys("f")
    hand.types(text)
    hand.keys("Tab")
    hand.types(feeling)
    hand.keys("Enter")

    hand.minutes(2)
    hand.keys("u")
    hand.minutes(1)
    hand.keys("h", "y")


def needs(hand: Hand, turn: str, need: str) -> None:
    hand.keys(turn)
    hand.minutes(4)
    hand.keys("e")
    hand.types(need)
    hand.keys("Enter")


def an_hour(hand: Hand) -> None:
    hand.keys("Space")
    hand.minutes(2)
    hand.keys("g")
    hand.on(5)

    hand.on(3)
    hand.keys("1")
    hand.minutes(4)
    hand.keys("2")
    hand.on(4)

    says(hand, "Monday, alone in the car", "lonely")
    hand.on(3)
    says(hand, "I went quiet", "overwhelmed")
    hand.on(3)

    needs(hand, "1", "reassurance")
    needs(hand, "2", "space")
    hand.on(4)

    hand.minutes(3)
    hand.keys("a")
    hand.types(STEP)
    hand.keys("Enter", "y", "y")
    hand.on(1)

    assert hand.phase() == "Closing"
    hand.minutes(5)
    hand.keys("n", "Tab")
    hand.types(SIGN)
    hand.keys("Tab", "Tab")
    hand.types("03242026")
    hand.keys("Tab")
    hand.types("0600p")
    hand.keys("Enter")


def plan(page: Any, house: services.House, couple: str, hand: Hand) -> None:
    page.goto(f"{house.url}/couples/{couple}/plan/")
    page.locator("[name=format][value=first-talk]").check()
    page.locator("[name=first_speaker][value=A]").check()
    page.select_option("[name=category]", "feelings")

    page.locator("[name=goal]").click()
    hand.types(GOAL)
    page.get_by_role("button", name="Plan it").click()
    page.wait_for_selector("[data-desk]")


def test_an_hour_by_one_hand(tmp_path: Path, chromium: Any) -> None:
    clock = steps.Clock(tmp_path / "clock")
    env = {"THIRD_CHAIR_TEST_CLOCK": str(tmp_path / "clock")}

    with services.house(tmp_path / "data", **env) as house:
        staged = house.manage(
            "shell", "-v0", "-c", "from tests.journeys.tuesday import stage; stage()"
        ).stdout
        ids = json.loads(staged.splitlines()[-1])
        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": "session", "value": ids["sign_in"], "url": house.url}])
        page = context.new_page()

        hand = Hand(page, clock)
        plan(page, house, ids["couple"], hand)
        an_hour(hand)
        assert page.locator("[data-part=glance]").get_attribute("data-state") == "ended"

        with context.expect_page() as opened:
            hand.keys("p")
        sheet = opened.value
        sheet.wait_for_load_state()
        taken_home = sheet.locator("main").inner_text()
        sheet.close()
        print(
            f"\nTuesday: {hand.outside} key presses outside fields, {hand.inside} inside (Tab, Enter), "
            f"{hand.words} words typed"
        )
        assert hand.outside <= MOST_PRESSES
        assert hand.words <= MOST_WORDS
        assert [words for words in (GOAL, STEP, SIGN, "24 March") if words not in taken_home] == []

        # The summary tells what both said and need.
        session = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", page.url).group()  # type: ignore[union-attr]
        steps.read_through(page)
        made = steps.papers(page, house)
        [summary] = [body for name, body in made.items() if "ummary" in name]
        both = " ".join(text_of(summary).split())
        wanted = ("lonely", "overwhelmed", "reassurance", "space", STEP)
        assert [word for word in wanted if word not in both] == []

        # The session file tells who was understood, and the sign they chose.
        held = [json.loads(line) for line in house.manage("export_session", session).stdout.splitlines()]
        confirmed = {line["by"] for line in held if line.get("kind") == "reflection_confirmed"}
        assert confirmed == {"A", "B"}
        assert held[0]["exit_strategy"]["sign"] == SIGN

        if "TUESDAY_TO" in os.environ:
            Path(os.environ["TUESDAY_TO"]).write_text("".join(json.dumps(one) + "\n" for one in held))
