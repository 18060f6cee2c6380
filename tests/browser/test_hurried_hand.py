"""A hurried hand: what is typed lands in the field that was opened, whatever letters it holds."""

import pytest
from playwright.sync_api import expect

# Every letter that is a key of the desk.
WORDS = "Anna felt unnerved, quoted my cold grey wish by half past two"


@pytest.fixture
def desk(rooms):
    page = rooms.page("fay")
    page.goto(rooms.url("/sessions/{running}/desk/"))
    expect(page.locator("[data-link-state]")).to_have_text("connected")
    if page.locator(".state-brief_pause, .state-cooling_down").count():
        page.locator("#press-resume button").click()

    expect(page.locator("[data-part=glance]")).to_have_attribute("data-state", "running")
    return page


def open_by_mouse(page, summary):
    page.locator(summary).click()
    # The focus follows once the browser has opened it.
    page.wait_for_function("document.activeElement.matches('textarea, input')")


def head(page):
    return page.locator("[data-part=glance]").get_attribute("data-head")


def test_a_note_opened_by_mouse_takes_every_letter_and_no_key_acts(desk):
    before = head(desk)

    open_by_mouse(desk, "#note > summary")
    desk.keyboard.type(WORDS)

    expect(desk.locator("#note-text")).to_have_value(WORDS)
    expect(desk.locator(".capture-card[open]")).to_have_count(0)
    expect(desk.locator(".arm[open]")).to_have_count(0)
    assert head(desk) == before


def test_letters_find_an_open_form_again_when_the_focus_has_left_it(desk):
    before = head(desk)
    open_by_mouse(desk, "#note > summary")
    desk.evaluate("document.activeElement.blur()")

    desk.keyboard.type(WORDS)

    expect(desk.locator("#note-text")).to_have_value(WORDS)
    assert head(desk) == before


@pytest.mark.parametrize("card", ["statement", "need", "option", "agreement"])
@pytest.mark.parametrize("how", ["mouse", "key"])
def test_a_card_takes_the_words_whoever_they_are_of(desk, card, how):
    letter = {"statement": "f", "need": "e", "option": "o", "agreement": "a"}[card]

    if how == "mouse":
        open_by_mouse(desk, f"#card-{card} > summary")
    else:
        desk.keyboard.press(letter)
    desk.keyboard.type("tea at nine")

    field = desk.locator(f"#card-{card}").locator("textarea, input[type=text]").first
    expect(field).to_have_value("tea at nine")
    expect(desk.locator(f"#card-{card} input[type=radio][name=by]:checked")).to_have_count(0)


def test_before_the_first_letter_1_and_2_choose_whose_words_they_are(desk):
    desk.keyboard.press("o")
    desk.keyboard.press("2")
    desk.keyboard.type("two chairs, 1 table")

    card = desk.locator("#card-option")
    expect(card.locator("[name=by][value=B]")).to_be_checked()
    expect(card.locator("textarea").first).to_have_value("two chairs, 1 table")
