"""One hand on the keys: what each does, and that a pause is felt before anybody has answered."""

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import QUIET

FELT_MS = 150
# From the key to the first frame that shows the pause.
WATCH = """() => {
  const desk = document.querySelector('[data-desk]');
  window.felt = null;
  document.addEventListener('keydown', () => { window.began = performance.now(); }, { capture: true, once: true });
  new MutationObserver(() => {
    if (window.felt === null && desk.hasAttribute('data-resting'))
      requestAnimationFrame(() => { window.felt ??= performance.now() - window.began; });
  }).observe(desk, { attributes: true, attributeFilter: ['data-resting'] });
}"""


@pytest.fixture
def desk(rooms):
    page = rooms.page("fay")
    page.goto(rooms.url("/sessions/{running}/desk/"))
    expect(page.locator("[data-link-state]")).to_have_text("connected")
    if page.locator(".state-brief_pause, .state-cooling_down").count():
        page.locator("#press-resume button").click()

    expect(state(page)).to_have_attribute("data-state", "running")
    yield page
    page.context.close()


def state(page):
    return page.locator("[data-part=glance]")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_function(QUIET)


def test_a_pause_is_felt_before_the_server_has_answered(desk):
    asked = []

    def late(route):
        asked.append(route.request.url)
        desk.wait_for_function("window.felt !== null")
        route.continue_()

    desk.route("**/command/", late)
    desk.evaluate(WATCH)
    desk.keyboard.press("Space")
    expect(state(desk)).to_have_attribute("data-state", "brief_pause")

    felt = desk.evaluate("window.felt")
    print(f"\na pause is felt after {felt:.0f} ms, its answer held back until then")
    assert len(asked) == 1
    assert felt <= FELT_MS

    press(desk, "Space")
    expect(state(desk)).to_have_attribute("data-state", "running")


def test_a_card_is_sent_by_enter_and_gives_the_keys_back(desk):
    press(desk, "f")
    card = desk.locator("#card-statement")
    if not card.locator("[name=by]:checked").count():
        press(desk, "1")

    desk.keyboard.type("One line,")
    desk.keyboard.press("Shift+Enter")
    desk.keyboard.type("and another.")
    press(desk, "Enter")

    expect(card).not_to_have_attribute("open", "")
    expect(desk.locator("[data-part=table]")).to_contain_text("and another.")
    assert desk.evaluate("document.activeElement === document.body")

    press(desk, "u")
    expect(desk.locator("[data-part=check]")).to_contain_text("says back")

    press(desk, "h", "q", "h", "y")
    expect(desk.locator(".line").first).to_contain_text("understood")


def test_l_opens_the_later_list_and_escape_leaves_it(desk):
    press(desk, "l")
    expect(desk.locator("#park-text")).to_be_focused()
    desk.keyboard.type("the garden")

    press(desk, "Enter")
    expect(desk.locator("[data-part=later]")).to_contain_text("the garden")
    expect(desk.locator("#park-text")).not_to_be_focused()

    press(desk, "m")
    expect(desk.locator("#card-more")).to_have_attribute("open", "")

    press(desk, "Escape")
    expect(desk.locator("#card-more")).not_to_have_attribute("open", "")


def test_an_idea_too_early_is_parked_and_leaves_its_card(desk):
    press(desk, "o")
    card = desk.locator("#card-option")
    card.locator("[name=by][value=B]").check()
    card.locator("textarea").fill("A bench for two.")
    desk.keyboard.press("Enter")

    desk.get_by_role("button", name="Park it for later").click()
    desk.wait_for_function(QUIET)

    expect(desk.locator("[data-part=later]")).to_contain_text("A bench for two.")
    expect(card.locator("textarea")).to_have_value("")
    expect(desk.get_by_role("alert")).to_have_count(0)


def test_after_a_press_by_mouse_space_is_a_pause(desk):
    desk.get_by_role("button", name="quiet").click()
    desk.wait_for_function(QUIET)

    press(desk, "Space")
    expect(state(desk)).to_have_attribute("data-state", "brief_pause")

    press(desk, "Space")
    expect(state(desk)).to_have_attribute("data-state", "running")


def test_undo_goes_by_itself_after_ten_seconds(desk):
    press(desk, "+")
    undo = desk.locator("[data-until]")
    expect(undo).to_be_visible()
    expect(undo).to_be_hidden(timeout=15_000)


def test_the_way_back_from_a_cool_down_has_keys(desk):
    press(desk, "c")
    expect(state(desk)).to_have_attribute("data-state", "cooling_down")

    back = desk.locator(".coming-back")
    expect(back.nth(0).locator("[data-key] kbd")).to_have_text(["1", "y"])
    expect(back.nth(1).locator("[data-key] kbd")).to_have_text(["2"])

    press(desk, "2")
    expect(back.nth(1)).to_contain_text("Ben is ready")
    expect(back.nth(1).locator("button")).to_have_count(0)

    press(desk, "y")
    expect(back.locator("button")).to_have_count(0)

    press(desk, "Space")
    expect(state(desk)).to_have_attribute("data-state", "running")


def test_the_list_of_keys_opens_at_its_top(desk):
    press(desk, "?")
    expect(desk.locator("#keys h2")).to_be_focused()
    assert desk.evaluate("document.getElementById('keys').scrollTop") == 0
    expect(desk.locator("#keys dt").first).to_be_in_viewport()

    desk.keyboard.press("Escape")
    expect(desk.locator("#keys")).to_be_hidden()


def test_the_box_that_says_not_yet_is_reached_by_keys_and_closed_by_escape(desk):
    desk.set_viewport_size({"width": 1280, "height": 800})
    press(desk, "o")
    card = desk.locator("#card-option")
    card.locator("[name=by][value=A]").check()
    card.locator("textarea").fill("A walk on Sundays.")
    press(desk, "Enter")

    box = desk.locator("[data-refusal]")
    buttons = box.locator("button")
    expect(buttons.first).to_be_focused()

    # The focus was put there; Space is still the pause, and nothing went on without a reason.
    press(desk, " ")

    expect(desk.locator("[data-part=glance]")).to_have_attribute("data-state", "brief_pause")
    expect(desk.locator("[data-part=table]")).not_to_contain_text("A walk on Sundays.")

    press(desk, " ")
    expect(desk.locator("[data-part=glance]")).to_have_attribute("data-state", "running")

    desk.locator("#card-option button[type=submit]").click()
    expect(buttons.first).to_be_focused()
    for reason in buttons.all()[1:4]:
        desk.keyboard.press("Tab")
        expect(reason).to_be_focused()

    expect(card.locator("button[type=submit]")).to_be_in_viewport(ratio=1)

    desk.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(card.locator("textarea")).to_have_value("A walk on Sundays.")

    card.locator("textarea").fill("")
    desk.keyboard.press("Escape")
