"""The steps of the whole path, each as a person at a screen takes it. Journeys put them together."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.services import House, wait_until

REMINDER = "A reminder you asked for."
# live.js marks what was pressed as busy until the desk has been swapped.
QUIET = "() => !document.querySelector('[aria-busy=true], [data-sending]')"
NAMES = {"A": "Ana", "B": "Ben"}


class Clock:
    """The offset file that every process of the house reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.go_to(datetime(2026, 3, 10, 9, 0, tzinfo=UTC))

    def go_to(self, then: datetime) -> None:
        self.path.write_text(str((then - datetime.now(UTC)).total_seconds()))

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self.path.read_text()))

    def pass_minutes(self, minutes: float) -> None:
        self.go_to(self.now() + timedelta(minutes=minutes))


class Desk:
    """The facilitator's screen, pressed as a person presses it."""

    def __init__(self, page: Any, clock: Clock) -> None:
        self.page = page
        self.clock = clock

    def press(self, words: str) -> None:
        self._sent(lambda: self.page.get_by_role("button", name=words).first.click())

    def next(self) -> None:
        """Once to arm, once to go."""
        self.page.locator("#arm-next summary").click()
        self._sent(lambda: self.page.locator("#arm-next button").click())

    def card(self, name: str, **typed: str) -> None:
        card = self.page.locator(f"#card-{name}")
        if not card.evaluate("card => card.open"):
            card.locator("summary").click()

        for field, value in typed.items():
            if field in ("by", "who"):
                card.locator(f"[name={field}][value={value}]").check()
            else:
                card.locator(f"[name={field}]").fill(value)

        self._sent(lambda: card.locator("button[type=submit]").click())

    def give_back(self) -> None:
        self.press("Said back")

    def state(self) -> str:
        return self.page.locator("[data-part=glance]").get_attribute("data-state")

    def _sent(self, act: Any) -> None:
        self.clock.pass_minutes(0.5)
        act()
        self.page.wait_for_function(QUIET)
        refused = self.page.locator("[data-part=refusal] [role=alert]:visible")
        assert refused.count() == 0, refused.first.inner_text()


def sent(page: Any, act: Any) -> None:
    """A plain form, posted, answered and shown: whoever goes on at once would cut the post off."""
    with page.expect_navigation():
        act()


def begin(page: Any, house: House) -> None:
    """A loaded demo is what has a mailbox of its own; the couple that walks in is a new one."""
    page.goto(house.url + "/")
    page.get_by_role("button", name="Load the demo practice").click()
    page.wait_for_url(house.url + "/", timeout=120_000)


def couple_walks_in(page: Any, house: House) -> str:
    page.goto(house.url + "/couples/new/")
    page.fill("[name=label]", "Cleo and Dev")
    page.fill("[name=name_a]", NAMES["A"])
    page.fill("[name=name_b]", NAMES["B"])
    page.select_option("[name=zone]", "Europe/Lisbon")
    sent(page, page.locator("main form button[type=submit]").click)
    couple: str = page.url

    for slot, name in NAMES.items():
        page.goto(couple)
        page.get_by_role("link", name=re.compile(f"Open.*{name}")).click()

        page.locator("[name=outcome][value=go]").check()
        sent(page, page.get_by_role("button", name="Record this talk").click)

        for scope in ("facilitation", "stored_notes", "messages"):
            page.locator(f"[name=scopes][value={scope}]").check()
        sent(page, page.get_by_role("button", name="Record these").click)

        page.fill("[name=address]", f"{slot.lower()}@walked-in.example")
        sent(page, page.get_by_role("button", name="Keep this address").click)

    return couple


def plan(page: Any, couple: str) -> None:
    page.goto(couple)
    page.get_by_role("link", name="Plan a session").click()
    page.locator("[name=format][value=first-talk]").check()
    page.locator("[name=first_speaker][value=A]").check()
    page.select_option("[name=category]", "feelings")
    page.fill("[name=goal]", "To hear what the quiet week was like.")

    page.get_by_role("button", name="Plan it").click()
    page.wait_for_selector("[data-desk]")


def hold(desk: Desk) -> None:
    """A short session with everything in it once."""
    desk.press("Ana is here")
    desk.press("Ben is here")
    desk.press("Begin")
    desk.press("Ground rules")
    desk.next()

    desk.press("Pause")
    assert desk.state() == "brief_pause"
    desk.press("Go on")
    desk.next()
    desk.next()

    desk.card("statement", by="A", text="On Monday evening I felt lonely.", feelings="lonely")
    desk.press("Check")
    desk.give_back()
    desk.press("Not quite")
    desk.give_back()
    desk.press("Yes, that is it")
    desk.next()

    desk.card("statement", by="B", text="I went quiet because I was overwhelmed.", feelings="overwhelmed")
    desk.press("Check")
    desk.give_back()
    desk.press("Yes, that is it")

    desk.press("Cool-down")
    assert desk.state() == "cooling_down"
    desk.clock.pass_minutes(20)
    desk.press("Ana is ready")
    desk.press("Ben is ready")
    desk.press("Go on")
    desk.next()

    desk.card("need", by="A", need="reassurance", wish="A word that you are coming back.")
    desk.next()

    desk.card("option", by="B", text="A walk on Saturday mornings.")
    look_again = (desk.clock.now() + timedelta(days=14)).date().isoformat()
    desk.card("agreement", text="We walk on Saturday mornings.", who="both", look_again_on=look_again)
    desk.press("Ana says yes")
    desk.press("Ben says yes")

    desk.next()
    desk.next()
    assert desk.state() == "ended"


def read_through(page: Any) -> None:
    """With each of them, which opens the papers."""
    page.get_by_role("link", name="To the papers").click()
    page.wait_for_url(re.compile("/sessions/[^/]+/$"))
    for name in NAMES.values():
        sent(page, lambda name=name: page.get_by_role("button", name=f"{name} read it and said yes").click())


def papers(page: Any, house: House) -> dict[str, bytes]:
    """Every paper that comes of it."""

    def ready() -> dict[str, str]:
        # A reload races with a navigation that has only just been answered; going there again does not.
        page.goto(page.url)
        rows = page.locator("section[aria-labelledby=papers] li").all()
        links = [(row.inner_text(), row.locator("a")) for row in rows]
        done = {text: link.first.get_attribute("href") for text, link in links if link.count()}
        return done if len(done) == len(rows) >= 6 else {}

    found = wait_until(ready, what="six papers: sheet, summary, two copies, agreements, record", within_s=60)
    return {text: page.request.get(house.url + href).body() for text, href in found.items()}


def ritual_from_agreement(page: Any) -> None:
    page.get_by_role("link", name="Make a ritual of it").click()
    page.locator("[name=rhythm][value=days]").check()
    for day in page.locator("[name=days]").all():
        day.set_checked(day.get_attribute("value") == "5")
    page.fill("[name=usual_time]", "10:00")
    page.get_by_role("button", name="Propose it to both").click()
    page.wait_for_url(re.compile("/rituals/$"))


def link_for(page: Any, house: House, couple: str, name: str, address: str) -> str:
    """Asked for at the desk, read in the demo mailbox."""
    page.goto(couple)
    page.get_by_role("link", name=re.compile(f"Open.*{name}")).click()
    sent(page, page.get_by_role("button", name="Send a sign-in link").click)

    def arrived() -> str | None:
        page.goto(house.url + "/mailbox/")
        for mail in page.locator("article").all():
            text = mail.inner_text()
            found = re.search(r"http\S+/l/\S+", text)
            if address in text and found:
                return found.group(0)
        return None

    found: str = wait_until(arrived, what=f"a link for {name}", within_s=40)
    return found


def sign_in(chromium: Any, link: str) -> Any:
    """A phone of their own. Looking spends nothing; the press does."""
    phone = chromium.new_context(viewport={"width": 390, "height": 800})

    page = phone.new_page()
    page.goto(link)
    page.goto(link)
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile("/me/$"))

    again = chromium.new_context().new_page()
    again.goto(link)
    assert again.locator("main form button[type=submit]").count() == 0
    return page


def phones(page: Any, chromium: Any, house: House, couple: str) -> dict[str, Any]:
    """One for each of them, signed in by the link from their own mail."""
    signed_in = {}
    for slot, name in NAMES.items():
        link = link_for(page, house, couple, name, f"{slot.lower()}@walked-in.example")
        signed_in[slot] = sign_in(chromium, link)
    return signed_in


def api(page: Any, house: House, path: str) -> Any:
    return page.request.get(f"{house.url}/api/v1/{path}").json()


def answer(page: Any, house: House, path: str, **fields: Any) -> int:
    csrf = next(c["value"] for c in page.context.cookies() if c["name"] == "csrf")
    headers = {"X-CSRFToken": csrf, "Content-Type": "application/json", "Origin": house.url}
    done = page.request.post(f"{house.url}/api/v1/{path}", data=json.dumps(fields), headers=headers)
    assert done.ok, done.text()
    return int(done.status)


def consent(phone: Any, house: House) -> None:
    [asked] = api(phone, house, "me/rituals")["rituals"]
    answer(phone, house, f"me/rituals/{asked['id']}/consent", answer="yes", hour="10:00")


def coming_saturday(clock: Clock) -> datetime:
    """A little after the hour at which the walk is due."""
    days = timedelta(days=(5 - clock.now().weekday()) % 7)
    return (clock.now() + days).replace(hour=10, minute=0, second=5)


def reminded(page: Any, house: House) -> bool:
    """Whether the mailbox holds a reminder for each."""
    page.goto(house.url + "/mailbox/")
    texts = [mail.inner_text() for mail in page.locator("article").all()]
    for_ana = any("a@walked-in.example" in text and REMINDER in text for text in texts)
    for_ben = any("b@walked-in.example" in text and REMINDER in text for text in texts)
    return for_ana and for_ben
