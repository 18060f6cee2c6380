"""The turned screen: nothing private is in the page, its network log or its storage, and the way back takes a hold."""

import json
import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import services
from tests.browser.conftest import Rooms
from tests.cast import PASSWORD

STAGE = "from tests.browser.turned_stage import *; "
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
STORED = """async () => JSON.stringify([
  document.documentElement.outerHTML, {...localStorage}, {...sessionStorage}, document.cookie, history.state, name,
  await Promise.all((await caches.keys()).map(async (each) => (await (await caches.open(each)).keys()).length)),
  (await indexedDB.databases()).map((each) => each.name), performance.getEntries().map((each) => each.name),
])"""


@pytest.fixture(scope="module")
def rooms(tmp_path_factory, chromium):
    with services.house(tmp_path_factory.mktemp("turned") / "data") as house:
        said = house.manage("shell", "-v0", "-c", STAGE + "stage()").stdout
        yield Rooms(house, chromium, **json.loads(said.splitlines()[-1]))


def turn(page, session, **fields):
    """The same POST as the desk's button makes."""
    page.evaluate(
        """([action, fields]) => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = action;
          fields.csrfmiddlewaretoken = document.querySelector("[name=csrfmiddlewaretoken]").value;
          for (const [name, value] of Object.entries(fields)) {
            const field = document.createElement("input");
            [field.type, field.name, field.value] = ["hidden", name, value];
            form.append(field);
          }
          document.body.append(form);
          form.submit();
        }""",
        [f"/sessions/{session}/turn/", fields],
    )
    at_shared(page)


def at_shared(page):
    expect(page).to_have_url(re.compile("/turned/$"))
    expect(page.locator(".turned-foot")).to_be_visible()
    page.wait_for_load_state()


def at_desk(page):
    expect(page).to_have_url(re.compile("/desk/$"), timeout=8000)
    page.wait_for_load_state()


def hold(page, ms):
    page.locator("[data-hold]").scroll_into_view_if_needed()
    box = page.locator("[data-hold]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(ms)
    page.mouse.up()


def held(page):
    """As long as it takes on a busy machine; never less than a second."""
    page.locator("[data-hold]").scroll_into_view_if_needed()
    box = page.locator("[data-hold]").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    began = time.monotonic()
    with page.expect_navigation():
        page.mouse.down()
    assert time.monotonic() - began >= 1
    page.mouse.up()

    at_desk(page)


def shared(page):
    return page.url.endswith("/turned/") and "Hold to turn back" in page.content()


def listened(context):
    """Every body that comes over the network from now on, streams apart."""
    bodies = []

    def keep(route):
        answer = route.fetch(max_redirects=0)
        bodies.append((route.request.url, repr(answer.headers).encode() + answer.body()))
        route.fulfill(response=answer)

    context.route(lambda url: "/stream/" not in url, keep)
    return bodies


def streamed(page):
    """What the streams of this page say: an empty poke and nothing else."""
    said = []
    protocol = page.context.new_cdp_session(page)
    protocol.on("Network.eventSourceMessageReceived", lambda event: said.append(event["data"]))
    protocol.send("Network.enable")
    return said


def test_nothing_private_is_in_the_page_its_network_log_or_its_storage(rooms, capsys):
    session = rooms.ids["session"]
    page = rooms.page("fay")
    page.goto(rooms.url("/sessions/{session}/desk/"))
    # It was there a moment ago, on this machine and in this browser.
    assert "canary-statement" in page.content()
    other = page.context.new_page()
    other.goto(rooms.url("/sessions/{session}/desk/"))

    turn(page, session)
    # A tab that lay open beside it follows by itself.
    at_shared(other)
    assert shared(other)

    # From now on every body and every poke is kept, while two more things are said in private.
    bodies = listened(page.context)
    pokes = streamed(page)
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    rooms.house.manage(
        "shell", "-c", f"{STAGE}say('{session}', 'A', 'statement', id='S9', text='canary-late')"
    )
    rooms.house.manage("shell", "-c", f"{STAGE}say('{session}', 'B', 'cool_down_called', temperature=9)")
    expect(page.get_by_role("heading", name="We are taking a pause")).to_be_visible(timeout=6000)
    assert "joint-agreement" in page.content()

    # Back, and every address typed, lead to the shared view.
    page.go_back()
    assert shared(page)
    for path in ("/", "/sessions/{session}/desk/", "/sessions/{session}/desk/fragment/", "/sessions/{session}/file/",
                 "/couples/{couple}/", "/partners/{partner}/", "/documents/", "/settings/sign-in/", "/sign-out/",
                 "/sign-in/", "/admin/", "/nowhere/", "/settings/mail/"):  # fmt: skip
        tab = page.context.new_page()
        tab.goto(rooms.url(path))
        assert shared(tab), path
        tab.close()

    # API and posts are refused in one sentence.
    for verb, path in (
        ("GET", "/api/v1/sessions/{session}/reading"),
        ("POST", "/api/v1/sessions/{session}/commands"),
        ("POST", "/sessions/{session}/command/"),
        ("POST", "/sign-out/"),
    ):
        status, said = page.evaluate(
            "async ([path, method]) => { const a = await fetch(path, { method }); return [a.status, await a.text()] }",
            [rooms.url(path), verb],
        )
        assert status == 409, path
        assert "canary" not in said, path

    page.reload()
    other.goto(rooms.url("/turned/"))
    stored = [tab.evaluate(STORED).encode() for tab in (page, other)]
    cookies = json.dumps(page.context.cookies()).encode()
    looked = [*bodies, ("cookies", cookies), *[("stored", each) for each in stored]]
    assert [where for where, body in looked if b"canary" in body.lower()] == []
    assert any(b"joint-agreement" in body for _, body in bodies)
    assert len(bodies) > 60
    assert set(pokes) <= {""}

    size = sum(len(body) for _, body in looked)
    with capsys.disabled():
        print(
            f"\nturned: {len(bodies)} bodies, {size:,} bytes looked at, 0 canary bytes, {len(pokes)} empty pokes"
        )
    page.context.unroute_all(behavior="ignoreErrors")

    # A click is no hold; a whole second is; then a blank, and the desk.
    page.locator("[data-hold]").click()
    page.wait_for_timeout(1200)
    hold(page, 600)
    page.wait_for_timeout(600)
    assert shared(page)
    held(page)
    page.context.close()


def test_with_a_code_the_hold_alone_does_nothing_and_keys_can_hold(rooms):
    page = rooms.page("gil")
    page.goto(rooms.url("/sessions/{coded}/desk/"))
    turn(page, rooms.ids["coded"])

    hold(page, 1600)
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type("1234")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert page.locator("[name=code]").input_value() == "1234"

    # The wrong code, with the hold made by a key.
    page.locator("[data-hold]").focus()
    with page.expect_navigation():
        page.keyboard.down("Space")
    page.keyboard.up("Space")
    expect(page.get_by_text("That was not the code.")).to_be_visible()
    assert page.locator("[name=code]").input_value() == ""

    # The right one.
    page.locator("[name=code]").fill("4711")
    page.locator("[data-hold]").focus()
    page.keyboard.down("Enter")
    at_desk(page)
    page.keyboard.up("Enter")

    page.go_back()
    assert "4711" not in page.content()
    page.context.close()


def test_without_script_a_plain_button_and_a_blank_that_leads_out_by_itself(rooms):
    page = rooms.page("fay looks", java_script_enabled=False)
    page.context.request.post(
        rooms.url("/sessions/{session}/turn/"),
        form={"csrfmiddlewaretoken": token(page, rooms)},
        headers={"referer": rooms.url("/")},
    )

    page.goto(rooms.url("/couples/{couple}/"))
    assert page.url.endswith("/turned/")

    page.get_by_role("button", name="Turn back").click()
    assert "Ana" not in page.content()
    at_desk(page)
    page.context.close()


def token(page, rooms):
    page.goto(rooms.url("/sessions/{session}/desk/"))
    return page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")


def test_an_answer_leaves_nothing_on_the_screen_or_behind_it(rooms):
    page = rooms.page("fay cards")
    page.goto(rooms.url("/sessions/{cards}/desk/"))
    turn(page, rooms.ids["cards"], card="fear", partner="A", ref="F1")

    expect(page.get_by_text("I wonder whether canary-fear")).to_be_visible()
    answer = page.get_by_role("button", name="This is my answer")
    passes = page.get_by_role("button", name="Pass")
    assert answer.bounding_box()["width"] == passes.bounding_box()["width"]
    assert answer.bounding_box()["height"] == passes.bounding_box()["height"]

    page.get_by_label("Partly").check()
    page.get_by_label("In your own words").fill("canary-own")
    answer.click()
    expect(page.get_by_role("heading", name="Thank you, Ana")).to_be_visible()

    bodies = listened(page.context)
    page.go_back()
    page.reload()
    page.wait_for_timeout(300)
    assert b"canary" not in page.evaluate(STORED).encode()
    assert [url for url, body in bodies if b"canary" in body] == []
    page.context.unroute_all(behavior="ignoreErrors")

    page.keyboard.down("t")
    at_desk(page)
    page.keyboard.up("t")
    page.context.close()


def test_turning_in_one_tab_blanks_the_clock_of_another_and_loses_nothing_of_its_hour(rooms):
    page = rooms.page("fay cards")
    page.goto(rooms.url("/clock/"))
    page.get_by_role("button", name="Begin").click()
    running = page.locator("[data-part=glance][data-state=running]")
    expect(running).to_be_visible()
    page.evaluate("window.same = true")

    empty = page.context.new_page()
    empty.goto(rooms.url("/clock/"))

    other = page.context.new_page()
    other.goto(rooms.url("/sessions/{cards}/desk/"))
    # Another page of the facilitator's is opened: nothing is turned, nothing changes.
    expect(running).to_be_visible()

    turn(other, rooms.ids["cards"])
    expect(page.locator("body")).to_be_hidden()
    at_shared(empty)

    # Looked at, while the screen is turned: still nothing to see, nothing lost.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.evaluate("new BroadcastChannel('screen').postMessage({ back: true })")
    page.wait_for_timeout(500)
    expect(page.locator("body")).to_be_hidden()

    other.bring_to_front()
    at_shared(other)
    held(other)
    expect(running).to_be_visible()
    assert page.evaluate("[window.same, held.holds()]") == [True, True]

    page.get_by_role("button", name="Pause").first.click()
    expect(page.locator("[data-part=glance][data-state=brief_pause]")).to_be_visible()
    page.context.close()


def test_a_tab_that_still_shows_the_others_card_asks_for_the_one_that_lies_here_now(rooms):
    page = rooms.page("fay cards")
    page.goto(rooms.url("/sessions/{cards}/desk/"))
    turn(page, rooms.ids["cards"], card="number", partner="A")
    other = page.context.new_page()
    other.goto(rooms.url("/turned/"))
    expect(other.get_by_text("For Ana")).to_be_visible()

    page.bring_to_front()
    held(page)
    turn(page, rooms.ids["cards"], card="number", partner="B")
    expect(other.get_by_text("For Ben")).to_be_visible()

    # Both show the same now, and rest.
    loads = []
    for tab in (page, other):
        tab.on("load", lambda *_: loads.append(1))
    page.wait_for_timeout(1500)
    assert loads == []
    held(page)

    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=[f"{w}-{s}" for w, s in LOOKS])
def test_axe_finds_nothing_on_the_turned_screen(rooms, width, scheme):
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}
    page = rooms.page("fay cards", reduced_motion="reduce", **look)
    found = {}

    def looked_at(name):
        for violation in Axe().run(page).response["violations"]:
            found.setdefault(name, []).append((violation["id"], violation["nodes"][0]["html"][:160]))

        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.setdefault(name, []).append(("scrolls sideways", wide))

        small = page.evaluate(
            "[...document.querySelectorAll('button, label.ask-choice, .turned input:not([type=radio], [type=hidden])')]"
            ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44).length"
        )
        if small:
            found.setdefault(name, []).append(("smaller than a finger", small))

    for name, session, fields in (
        ("shared", "cards", {}),
        ("shared, paused", "session", {}),
        ("ended", "ended", {}),
        ("number", "cards", {"card": "number", "partner": "A"}),
        ("reactions", "cards", {"card": "reactions", "partner": "B"}),
    ):
        page.goto(rooms.url(f"/sessions/{{{session}}}/desk/"))
        turn(page, rooms.ids[session], **fields)
        looked_at(name)
        if fields:
            page.get_by_role("button", name="Pass").click()
            expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
            looked_at(f"{name}, passed")
        held(page)

    page.goto(rooms.url("/settings/sign-in/short-code/"))
    # Asked once in a while; the four looks share a sign-in.
    if "/again/" in page.url:
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
    expect(page.get_by_role("heading", name="Short code")).to_be_visible()
    looked_at("short code")

    page.context.close()
    assert found == {}
