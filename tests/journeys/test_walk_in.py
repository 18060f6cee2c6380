"""A couple walks in, from an empty data folder to a printed sheet, in few screens and few inputs.

What is counted: screens are pages that say so (`data-screen`; a turned card counts with its card),
inputs are fields changed or choices made; Next, Begin and ticks are counted apart. Later work may never make this
path longer.
"""

import json
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import services
from tests.journeys.steps import QUIET, sent

MOST_SCREENS = 4
MOST_INPUTS = 16
TICKS = 4
MOST_SECONDS = 180
LEFT_BEHIND = """
import json
from clients.models import Channel, Consent
from clients.rituals.models import Delivery
from facilitator.models import LocalMail, User
why = "a journey counts what it left behind"
yes = list(Consent.objects.unscoped(why).values_list("scope", "version", "language", "how"))
print(json.dumps({
    "users": User.objects.count(),
    "mails": LocalMail.objects.count() + Delivery.objects.unscoped(why).count(),
    "addresses": Channel.objects.unscoped(why).count(),
    "consents": sorted(yes),
}))
"""


class Hand:
    """One hand at the laptop, counting what it does."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.screens: list[str] = []
        self.inputs = self.ticks = self.presses = 0

    def see(self) -> None:
        for one in self.page.locator("[data-screen]").all():
            name = one.get_attribute("data-screen")
            if name not in self.screens:
                self.screens.append(name)

    def type(self, field: str, text: str) -> None:
        self.page.fill(f"[name={field}]", text)
        self.inputs += 1

    def choose(self, field: str, value: str) -> None:
        self.page.locator(f"[name={field}][value={value}]").check()
        self.inputs += 1

    def tick_all(self) -> None:
        for box in self.page.locator("[name=scopes]").all():
            assert not box.is_checked()
            box.check()
            self.ticks += 1

    def press(self, role: str, name: str) -> None:
        sent(self.page, self.page.get_by_role(role, name=name, exact=True).click)
        self.presses += 1
        self.see()

    def turn_back(self, towards: str) -> None:
        """Held for a second; a blank comes first."""
        held = self.page.get_by_role("button", name="Hold to turn back")
        held.hover()
        self.page.mouse.down()
        self.page.wait_for_url(towards, timeout=15_000)
        self.page.mouse.up()
        self.presses += 1
        self.see()


def agrees(hand: Hand, name: str, towards: str) -> None:
    """The screen is theirs: they read, tick and send; then it comes back."""
    page = hand.page
    assert urlsplit(page.url).path == "/turned/"
    assert name in page.locator("main").inner_text()

    hand.tick_all()
    sent(page, page.locator("main form button[type=submit]").first.click)
    hand.presses += 1
    hand.turn_back(towards)


def end(page: Any) -> None:
    """A very short session, by the keys of the desk."""
    state = page.locator("[data-part=glance]")

    page.keyboard.press("g")
    page.wait_for_function(QUIET)

    for _ in range(20):
        if state.get_attribute("data-state") == "ended":
            break
        before = state.inner_html()
        page.keyboard.press("n")
        page.keyboard.press("n")
        page.wait_for_function(
            "before => document.querySelector('[data-part=glance]').innerHTML !== before", arg=before
        )
        page.wait_for_function(QUIET)

    assert state.get_attribute("data-state") == "ended"


def test_a_couple_walks_in(tmp_path: Path, chromium: Any) -> None:
    with services.house(tmp_path / "data") as house:
        asked_elsewhere: list[str] = []

        def only_the_house(route: Any) -> None:
            if route.request.url.startswith(house.url):
                route.continue_()
            else:
                asked_elsewhere.append(route.request.url)
                route.abort()

        context = chromium.new_context(viewport={"width": 1280, "height": 800})
        context.route("**/*", only_the_house)
        page = context.new_page()
        hand = Hand(page)

        began = time.monotonic()
        page.goto(house.url + "/")
        hand.see()
        hand.type("name", "Fay")
        hand.type("email", "fay@practice.example")
        hand.type("password", "a warm room with three chairs")
        hand.press("button", "Open my practice")

        sent(page, page.get_by_role("link", name="Start now").first.click)
        hand.presses += 1
        hand.see()

        for name, towards in (("Ana", "**/walk-in/*/"), ("Ben", "**/today/")):
            hand.type("name", name)
            hand.choose("outcome", "go")
            hand.press("button", f"Turn the screen to {name}")
            agrees(hand, name, towards)

        hand.choose("first_speaker", "A")
        hand.press("button", "Begin")
        page.wait_for_selector("[data-part=glance][data-state=running]")

        seconds = time.monotonic() - began
        print(
            f"\nwalk-in: {len(hand.screens)} screens {hand.screens}, {hand.inputs} inputs, {hand.ticks} ticks, "
            f"{hand.presses} presses, {seconds:.0f} s by script"
        )

        assert len(hand.screens) <= MOST_SCREENS
        assert hand.screens == ["you", "card-a", "card-b", "today"]
        assert hand.inputs <= MOST_INPUTS
        assert hand.ticks == TICKS
        assert seconds <= MOST_SECONDS

        session = urlsplit(page.url).path.split("/")[2]
        end(page)
        answer = page.goto(f"{house.url}/sessions/{session}/sheet/")
        assert answer.status == 200
        sheet = tmp_path / "sheet.pdf"
        page.pdf(path=str(sheet), prefer_css_page_size=True)
        words = subprocess.run(
            ["pdftotext", str(sheet), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert "Ana" in words
        assert "Ben" in words
        assert words.count("\f") == 1, "the sheet is one page"

        left = json.loads(house.manage("shell", "-v0", "-c", LEFT_BEHIND).stdout.splitlines()[-1])
        print(f"left behind: {left}; asked of the network: {asked_elsewhere}")
        both = [[scope, "default-1", "en", "own_hand"] for scope in ("facilitation", "stored_notes")]
        assert left == {"users": 1, "mails": 0, "addresses": 0, "consents": sorted(both * 2)}
        assert asked_elsewhere == []
