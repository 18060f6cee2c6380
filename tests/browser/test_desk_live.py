"""The desk in a browser: a second one follows through the stream, what is typed stays, keys do what they say."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def desk(rooms):
    opened = []

    def open_desk(**look):
        page = rooms.page("fay", **look)
        opened.append(page)
        page.goto(rooms.url("/sessions/{running}/desk/"))
        expect(page.locator("[data-link-state]")).to_have_text("connected")
        if page.locator(".state-brief_pause").count():
            page.locator("#press-resume button").click()
        expect(page.locator("[data-part=glance]")).to_have_attribute("data-state", "running")
        return page

    yield open_desk
    for page in opened:
        page.context.close()


def state(page):
    return page.locator("[data-part=glance]")


def test_a_second_desk_follows_and_a_field_being_typed_in_stays(desk):
    first = desk()
    second = desk()
    second.locator("#park-text").click()
    second.keyboard.type("half a thought")

    first.locator("#press-pause button").click()
    expect(state(second)).to_have_attribute("data-state", "brief_pause")
    expect(second.locator("#park-text")).to_have_value("half a thought")
    expect(second.locator("#park-text")).to_be_focused()

    first.locator("#press-resume button").click()
    expect(state(second)).to_have_attribute("data-state", "running")
    expect(second.locator("#park-text")).to_have_value("half a thought")


def test_space_pauses_and_goes_on_and_no_key_works_while_typing(desk):
    page = desk()

    page.locator("#park-text").click()
    page.keyboard.type("a pause, c and n n")
    expect(page.locator("#park-text")).to_have_value("a pause, c and n n")
    expect(state(page)).to_have_attribute("data-state", "running")

    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    expect(state(page)).to_have_attribute("data-state", "brief_pause")

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    expect(state(page)).to_have_attribute("data-state", "running")


def test_the_main_controls_need_no_scrolling(desk):
    page = desk()
    controls = page.locator(
        "[data-part=glance], [data-part=controls] button:visible, [data-part=controls] summary:visible"
    )
    boxes = [controls.nth(place).bounding_box() for place in range(controls.count())]
    assert len(boxes) > 5

    outside = [
        box
        for box in boxes
        if box["y"] < 0 or box["y"] + box["height"] > 800 or box["x"] + box["width"] > 1280
    ]
    small = [box for box in boxes if box["height"] < 44]
    assert outside == []
    assert small == []


def test_tab_reaches_every_control(desk):
    page = desk()
    wanted = page.evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, textarea, select, summary, [tabindex="0"]')]
        .filter((one) => one.checkVisibility() && !one.disabled && one.type !== 'hidden'
          && !(one.type === 'radio' && !one.checked))
        .map((one, place) => { one.dataset.place = place; return place })"""
    )

    reached = set()
    for _ in range(len(wanted) * 2 + 20):
        page.keyboard.press("Tab")
        place = page.evaluate("document.activeElement?.dataset?.place")
        if place is not None:
            reached.add(int(place))

    missed = page.evaluate(
        "(missed) => missed.map((place) => document.querySelector(`[data-place='${place}']`).outerHTML.slice(0, 120))",
        sorted(set(wanted) - reached),
    )

    assert len(wanted) > 20
    assert missed == []
