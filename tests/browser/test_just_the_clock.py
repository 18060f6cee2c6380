"""Just the clock: of an hour that only a page holds no byte is on disk, neither in the app's data nor the browser's."""

import json
import re
import secrets

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import services

FLAGS = [*services.CHROMIUM_FLAGS, "--no-sandbox"]
# How Chromium and SQLite may have written a word down.
ENCODINGS = ("utf-8", "utf-16-le")
QUIET = "() => !document.querySelector('[aria-busy=true], [data-sending]')"
# What the browser writes on a timer, it writes within this.
SETTLED_MS = 6000


class Words:
    """Made-up words, each typed in one place, and where any of them is found."""

    def __init__(self, *folders):
        self.folders = folders
        self.typed = {}

    def new(self, place):
        word = "kw" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(14))
        self.typed[word] = place
        return word

    def found(self):
        """(place, file) of every word in every byte of every file."""
        needles = [(word.encode(how), place) for word, place in self.typed.items() for how in ENCODINGS]
        hits = set()

        for folder in self.folders:
            paths = [folder] if folder.is_file() else folder.rglob("*")
            for path in paths:
                hits |= {(place, path.name) for place in self._in(path, needles)}

        return sorted(hits)

    @staticmethod
    def _in(path, needles):
        try:
            content = path.read_bytes() if path.is_file() else b""
        except OSError:  # A journal that is gone again.
            return []
        return [place for needle, place in needles if needle in content]


class Visit:
    """A browser with a profile of its own at a house of its own, signed in on the first visit."""

    def __init__(self, house, chromium, folder):
        self.house = house
        self.profile = folder
        self.context = chromium.browser_type.launch_persistent_context(
            str(folder),
            executable_path=services.chromium_program(),
            args=FLAGS,
            viewport={"width": 1280, "height": 800},
        )
        self.page = self.context.pages[0]
        self.words = Words(house.data, house.log, folder)

    def signed_in(self, name="Fay"):
        self.page.goto(self.house.url + "/")

        for field, value in (
            ("name", name),
            ("email", "fay@example.org"),
            ("password", "a warm room with chairs"),
        ):
            self.page.fill(f"[name={field}]", value)
        with self.page.expect_navigation():
            self.page.locator("main form button[type=submit]").first.click()
        return self

    def begun(self):
        self.page.goto(self.house.url + "/clock/")
        self.page.get_by_role("button", name="Begin").click()
        self.page.wait_for_selector("[data-part=glance][data-state=running]")
        return self

    def state(self):
        return self.page.locator("[data-part=glance]").get_attribute("data-state")

    def sent(self, act):
        act()
        self.page.wait_for_function(QUIET)

    def press(self, words):
        self.sent(lambda: self.page.locator("#desk").get_by_role("button", name=words).first.click())
        self.clean()

    def next(self):
        self.page.locator("#arm-next summary").click()
        self.sent(lambda: self.page.locator("#arm-next button").click())

    def card(self, name, **typed):
        card = self.page.locator(f"#card-{name}")
        if not card.evaluate("card => card.open"):
            card.locator("summary").first.click()

        for field, value in typed.items():
            if field in ("by", "who"):
                card.locator(f"[name={field}][value={value}]").check()
            else:
                card.locator(f"[name={field}]").fill(value)
        self.clean()

        self.sent(lambda: card.locator("button[type=submit]").first.click())
        if self.page.locator("[data-part=refusal] [role=alert] button").count():
            self.go_on_anyway()
        self.clean()

    def go_on_anyway(self):
        """With a reason of one's own where there is a field for it, else with the first one offered."""
        refusal = self.page.locator("[data-part=refusal]")
        own = refusal.locator("[name=own_reason]")

        if own.count():
            own.fill(self.words.new("a reason"))
            own.press("Enter")
            self.page.wait_for_function(QUIET)
        else:
            self.sent(lambda: refusal.locator("[role=alert] button").first.click())

    def clean(self):
        assert self.words.found() == []

    def closed(self):
        self.page.wait_for_timeout(SETTLED_MS)
        self.context.close()


@pytest.fixture
def visit(tmp_path, chromium):
    with services.house(tmp_path / "data") as house:
        made = Visit(house, chromium, tmp_path / "profile")
        yield made
        made.context.close()


def hour(visit):
    """Something typed into every kind of card."""
    new = visit.words.new
    page = visit.page

    visit.press("Ground rules")
    visit.next()
    visit.next()

    visit.card("statement", by="A", text=new("said"), feelings=new("a feeling"))
    visit.press("Check")
    page.locator("#check-words summary").click()
    page.locator("#check-text").fill(new("said back"))
    visit.sent(lambda: page.locator("[data-part=check]").get_by_role("button", name="Said back").click())
    page.locator("#check-meant summary").click()
    page.locator("#check-meant [name=meant]").fill(new("meant"))
    visit.press("Not quite")
    visit.press("Said back")
    visit.press("Yes, that is it")

    visit.press("Pause")
    page.wait_for_timeout(SETTLED_MS)
    visit.press("Go on")

    visit.card("need", by="B", need=new("a need"), wish=new("a wish"))
    page.locator("#park-text").fill(new("an idea"))
    visit.sent(lambda: page.locator("#park-text").press("Enter"))
    page.locator("#note summary").click()
    page.locator("#note-text").fill(new("a note"))
    visit.sent(lambda: page.locator("#note button").click())

    visit.card("option", by="A", text=new("an option"))
    visit.card("agreement", text=new("an agreement"), who="both", look_again_on="2027-03-24")
    visit.press("Left says yes")
    visit.press("Right says yes")

    # Typed and never sent.
    page.locator("#card-statement summary").first.click()
    page.locator("#card-statement [name=text]").fill(new("never sent"))
    page.wait_for_timeout(SETTLED_MS)
    visit.clean()
    page.locator("#card-statement [name=text]").fill("")


def cards(visit):
    """The two cards of *Keep this?*, filled in."""
    page = visit.page
    page.locator("[data-keep]:visible").first.click()

    for slot in ("A", "B"):
        page.locator(f"#kept-{slot} > summary").click()
        assert page.locator("#keep [name$=-outcome]:visible").count() == 4
        page.fill(f"[name={slot}-name]", visit.words.new(f"the name of {slot}"))
        page.check(f"[name={slot}-outcome][value=go]")
        for scope in ("facilitation", "stored_notes"):
            page.check(f"[name={slot}-scopes][value={scope}]")
        page.check(f"[name={slot}-how][value=said_alone]")


def test_nothing_of_an_hour_that_a_page_holds_is_on_disk_and_a_reload_asks_and_loses_it(visit):
    visit.signed_in().begun()
    hour(visit)
    cards(visit)
    visit.page.wait_for_timeout(SETTLED_MS)
    visit.clean()

    # On to the end, with nothing kept.
    visit.page.get_by_role("button", name="Not now").click()
    for _ in range(8):
        if visit.state() == "ended":
            break
        visit.next()
    assert visit.state() == "ended"
    visit.clean()

    # A reload asks first, and loses it.
    asked = []
    visit.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    visit.page.reload()
    assert asked == ["beforeunload"]
    assert visit.page.locator("#desk").is_hidden()
    assert visit.page.evaluate("[sessionStorage.length, history.state]") == [0, None]
    assert not [word for word in visit.words.typed if word in visit.page.content()]

    # Nor is there anything once the browser has closed, or the app has stopped.
    visit.closed()
    assert visit.words.found() == []
    assert len(visit.words.typed) >= 14
    visit.house.stop()
    assert visit.words.found() == []


def test_all_that_was_typed_is_in_the_session_that_is_kept(visit):
    visit.signed_in().begun()
    hour(visit)
    typed = [word for word, place in visit.words.typed.items() if place != "never sent"]
    cards(visit)
    names = [word for word, place in visit.words.typed.items() if place.startswith("the name")]

    with visit.page.expect_navigation(url=re.compile("/sessions/[^/]+/desk/")):
        visit.page.get_by_role("button", name="Keep it").click()

    kept = visit.page.request.get(visit.page.url.replace("/desk/", "/file/")).text()
    header, *_commands = [json.loads(line) for line in kept.splitlines()]
    assert [header["partners"][slot]["name"] for slot in "AB"] == names
    assert [word for word in typed if word not in kept] == []

    # From here on it is a session like any other: sealed in the house (its pages carry the names in their titles).
    visit.closed()
    visit.words.folders = (visit.house.data, visit.house.log)
    assert visit.words.found() == []


def test_axe_finds_nothing_on_a_running_clock_and_on_the_cards_of_keeping(rooms):
    for width, scheme in ((1280, "light"), (390, "dark")):
        look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}
        page = rooms.page("fay", reduced_motion="reduce", **look)
        page.goto(rooms.url("/clock/"))
        page.get_by_role("button", name="Begin").click()
        page.wait_for_selector("[data-part=glance][data-state=running]")

        assert Axe().run(page).response["violations"] == []
        page.locator("[data-keep]:visible").first.click()
        page.wait_for_selector("#kept-A > summary")
        assert Axe().run(page).response["violations"] == []

        page.locator("#kept-A > summary").click()
        page.locator("#kept-B > summary").click()
        assert page.locator("[name=B-name]").is_visible()
        assert page.locator("[name=A-name]").is_hidden()

        # Put away and taken out for the other one: nothing of the first is in view.
        page.locator("[data-keep-not]").click()
        page.locator("[data-keep]:visible").first.click()
        assert page.locator("#keep details[open]").count() == 0
        page.locator("#kept-B > summary").click()
        assert Axe().run(page).response["violations"] == []

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.context.close()


def test_what_is_typed_into_an_ordinary_form_would_be_found(tmp_path, chromium):
    """Shows that the search above can find: in the database, and in the profile."""
    with services.house(tmp_path / "data") as house:
        visit = Visit(house, chromium, tmp_path / "profile")

        visit.signed_in(visit.words.new("in the database"))
        visit.page.set_content("<form><textarea name=text></textarea></form>")
        visit.page.evaluate("word => localStorage.setItem('kept', word)", visit.words.new("in storage"))
        visit.page.goto(house.url + "/health/?" + visit.words.new("in the history"))

        visit.closed()
        assert {place for place, _file in visit.words.found()} == {
            "in the database",
            "in storage",
            "in the history",
        }
