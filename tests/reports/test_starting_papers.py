"""Blank papers to start with: each opens in usual and large print, in the app's own words, and names nobody."""

import pytest
from django.urls import reverse

from clients import agreement
from clients.words import GROUND_RULES, SIX_CARDS
from reports.blank_papers import BLANK, PAPERS
from sessions.engine.formats import feelings, needs
from tests.world import reachable

pytestmark = pytest.mark.django_db


def sheet(fay, slug, query=""):
    answer = fay.client().get(reverse("starting_paper", args=[slug]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("slug", PAPERS)
def test_each_paper_opens_in_both_prints_and_names_nobody(fay, slug):
    reachable(fay)

    usual = sheet(fay, slug)
    large = sheet(fay, slug, "?large")

    assert "leaf-large" not in usual
    assert "leaf-large" in large
    for page in (usual, large):
        assert "data-print" in page
        assert [name for name in ("Ana", "Ben", "home.example", "Third Chair") if name in page] == []


def test_the_list_names_every_paper(fay):
    page = fay.client().get(reverse("starting_papers")).content.decode()
    assert [slug for slug in PAPERS if reverse("starting_paper", args=[slug]) not in page] == []


def test_an_unknown_paper_is_not_found_and_partners_find_none(fay):
    assert fay.client().get(reverse("starting_paper", args=["another"])).status_code == 404
    assert fay.partner_client("A").get(reverse("starting_paper", args=["pause-card"])).status_code == 404


def test_the_papers_say_what_the_app_says(fay):
    signed = sheet(fay, "agreement")
    blanks = f"{BLANK} and {BLANK}"
    assert [text for text in agreement.paragraphs("Fay", blanks) if text not in signed] == []
    assert signed.count("Signed") == 2
    assert all(signed.count(label) == 2 for _scope, label in agreement.ticks("Fay"))

    today = sheet(fay, "how-today-works")
    assert len(GROUND_RULES) == 6
    assert [str(rule) for rule in GROUND_RULES if str(rule) not in today] == []

    words = sheet(fay, "feelings-and-needs")
    listed = [word for of in (feelings(), needs()) for family in of.values() for word in family]
    assert len(listed) == 150
    assert [word for word in listed if word not in words] == []

    assert [n for n in range(11) if f">{n}</span>" not in sheet(fay, "number-card")] == []


def test_the_six_cards_are_short_and_two_share_a_sheet(fay):
    page = sheet(fay, "six-cards")

    assert [str(card.title) for card in SIX_CARDS] == [
        "Why people go quiet",
        "Two ways of looking after oneself",
        "What a pause is for",
        "Saying it back",
        "Small and sure",
        "Mending",
    ]

    lengths = {card.slug: sum(len(str(text).split()) for text in card.paragraphs) for card in SIX_CARDS}
    assert {slug: n for slug, n in lengths.items() if not 40 <= n <= 90} == {}
    assert page.count("leaf-words leaf-half") == 6
    assert page.count("<article") == 3
