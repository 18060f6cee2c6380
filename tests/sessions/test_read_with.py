"""Read through with each of you: what opens, what is struck on the spot, and a yes said alone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from facilitator import crypto
from sessions.models import HeldBack, Line, Reader
from sessions.record import release
from tests.sessions.hall import Hall

pytestmark = pytest.mark.django_db


@pytest.fixture
def hall(fay):
    hall = Hall(fay).begun().with_a_check()
    hall.post("A", "arrival_temperature", temperature=6)
    hall.post("F", "note", text="A sigh of Ana's.")
    hall.post("A", "statement", id="S2", text="And I was tired.")
    hall.post("B", "statement", id="S3", text="That was long to wait.")
    hall.post("B", "need_named", id="N1", need="space", wish="An hour after work.")
    hall.post("A", "closing_word", text="Lighter.", override="early today")
    return hall


def address(hall, slot):
    return reverse("read_with", args=[hall.session.pk, hall.house.partner(slot).pk])


def shown(hall, slot):
    return hall.house.client().get(address(hall, slot)).content.decode()


def struck(hall, slot, *texts):
    """The ids a facilitator ticks beside these words."""
    lines = Line.objects.unscoped("a test picks lines").filter(session=hall.session).select_related("moment")
    return [str(line.moment_id) for line in lines if line.words.get("text") in texts]


def says_yes(hall, slot, *texts):
    return hall.house.client().post(address(hall, slot), {"leave_out": struck(hall, slot, *texts)})


def words(hall, slot):
    lines = hall.lines(hall.house.seat(slot))
    return [text for line in lines for text in line.words.values() if isinstance(text, str)]


BENS = ("You sat there.", "That was long to wait.", "An hour after work.")


def test_it_shows_their_own_lines_with_a_tick_each_and_nothing_of_the_others(hall):
    hall.ended()

    ana = shown(hall, "A")
    ben = shown(hall, "B")

    assert ana.count('name="leave_out"') == 3
    assert all(text in ana for text in ("I sat in the car for a while.", "And I was tired.", "Lighter."))
    assert [text for text in BENS if text in ana] == []

    assert all(text in ben for text in BENS)
    assert "And I was tired." not in ben

    for page in (ana, ben):
        assert "A sigh of Ana" not in page
        assert "never asked only in front of the other" in page


def test_anas_yes_is_recorded_as_read_through_and_opens_nothing_alone(hall):
    hall.ended()

    answer = says_yes(hall, "A")

    assert answer["Location"] == reverse("session", args=[hall.session.pk])
    yes = Reader.objects.visible_to(hall.house.viewer).get(session=hall.session)
    assert yes.partner_id == hall.house.a.pk
    assert yes.how == "read_through"
    assert not release.is_released(hall.session)
    assert [text for text in BENS if text in shown(hall, "A")] == []


def test_what_is_struck_vanishes_for_the_other_with_no_gap_and_stays_with_its_author(hall):
    hall.ended()

    says_yes(hall, "A", "And I was tired.")
    says_yes(hall, "B")

    assert "And I was tired." not in words(hall, "B")
    assert "Lighter." in words(hall, "B")
    assert "And I was tired." in words(hall, "A")

    statements = [moment for moment in hall.moments(hall.house.seat("B")) if moment.kind == "statement"]
    assert [moment.facts.get("id") for moment in statements] == ["S1", "S3"]

    # On the page it was struck on, it reads as left out, and the joint page goes on without it.
    page = shown(hall, "A")
    assert "left out" in page
    assert page.count("And I was tired.") == 1


def test_more_can_be_struck_after_the_yes(hall):
    hall.ended()
    says_yes(hall, "A")
    says_yes(hall, "B")
    assert "Lighter." in words(hall, "B")

    says_yes(hall, "A", "Lighter.")

    assert "Lighter." not in words(hall, "B")


def test_nobody_strikes_what_is_the_others(hall):
    hall.ended()

    says_yes(hall, "A", "That was long to wait.")

    assert HeldBack.objects.unscoped("a test looks").count() == 0


def test_what_was_undone_is_not_read_out_again(hall):
    hall.drafted(text="A word too early.")
    hall.post("F", "undone", line=hall.moments()[-1].command, after=2)
    hall.ended()

    assert "A word too early." not in shown(hall, "A")


def test_before_the_end_and_for_anybody_else_there_is_no_such_page(hall, oli):
    client = hall.house.client()
    assert client.get(address(hall, "A")).status_code == 404

    hall.ended()

    assert client.get(address(hall, "A")).status_code == 200
    assert oli.client().get(address(hall, "A")).status_code == 404
    assert hall.house.partner_client("A").get(address(hall, "A")).status_code == 404
    elsewhere = reverse("read_with", args=[hall.session.pk, oli.a.pk])
    assert client.get(elsewhere).status_code == 404


def test_a_talk_with_one_is_read_with_that_one_only(fay):
    hall = Hall(fay, code="one-to-one", with_="A").begun().ended()
    assert fay.client().get(address(hall, "A")).status_code == 200
    assert fay.client().get(address(hall, "B")).status_code == 404


def test_the_page_asks_as_often_for_many_lines_as_for_few(hall):
    def asked():
        crypto.keys.clear()
        with CaptureQueriesContext(connection) as queries:
            shown(hall, "A")
        return len(queries)

    other = Hall(hall.house).begun()
    for number in range(30):
        other.post("A", "statement", id=f"S{number}", text=f"A thing to say, number {number}.")
    hall.ended()
    other.ended()
    shown(hall, "A")
    shown(other, "A")

    few = asked()
    hall.session = other.session

    assert "number 29" in shown(hall, "A")
    assert asked() == few
