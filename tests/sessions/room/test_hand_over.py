"""Hand-over cards: one question to one person, sealed under their own hand, and nothing of it left on the screen."""

import re

import pytest
import time_machine

from clients.models import Consent
from sessions.engine.formats import FORMATS
from tests.cast import household
from tests.sessions.room.turned_room import JOINT, PRIVATE, Room, nonce_of
from tests.world import BEGUN, NOW, drive, planned

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def room(fay, at_ten):
    """Fay's session with Ana and Ben, half an hour in, and Fay's browser."""
    return Room(fay, drive(fay, planned(fay), [*BEGUN, *PRIVATE, *JOINT]))


def test_anas_number_is_read_by_her_and_the_facilitator_and_leaves_no_trace_on_the_screen(room):
    ana = room.house.a
    before = len(room.moments("arrival_temperature"))

    assert room.turn("number", "A").status_code == 302

    card = room.seen()
    assert "For Ana" in card
    assert "Only you and Fay read this." in card
    assert 'autocomplete="off"' in card
    assert "canary" not in card

    key = re.search(r'name="key" value="(\w+)"', card)[1]
    answer = room.answer(number="7", key=key)

    assert answer["Location"] == "/turned/"
    assert "Thank you, Ana" in room.seen()
    assert re.search(r"\b7\b", room.seen()) is None

    # What is kept is hers and the facilitator's, and nobody said it to the facilitator.
    *_, kept = room.moments("arrival_temperature")
    assert (kept.audience, kept.owner_id) == ("OWN_F", ana.pk)
    assert (kept.by, kept.told_to) == ("A", False)
    assert room.words("arrival_temperature")[-1] == ("OWN_F", ana.pk, ana.pk, {"temperature": 7})

    # The card has done its work: a second press, or one after the Back button, says nothing more.
    room.answer(number="2", key="another")

    assert len(room.moments("arrival_temperature")) == before + 1
    assert room.client.get("/turned/fragment/").status_code == 404


@pytest.mark.parametrize("posted", [{}, {"number": "11"}, {"number": "-1"}, {"answer": "7"}])
def test_without_an_answer_or_a_pass_the_card_stays(room, posted):
    room.turn("number", "B")

    answer = room.answer(**posted)

    assert answer.status_code == 422
    assert "Choose what comes nearest, or pass." in answer.content.decode()
    assert "For Ben" in room.seen()


def test_a_pass_writes_nothing_and_looks_like_an_answer(room):
    room.turn("number", "B")
    before = room.session.moments.unscoped("a test looks").count()

    room.answer(**{"pass": "1", "number": "4"})

    passed = room.seen()
    assert room.session.moments.unscoped("a test looks").count() == before

    room.back()
    room.turn("number", "B")
    room.answer(number="4")

    token = r'name="csrfmiddlewaretoken" value="\w+"'
    assert re.sub(token, "", room.seen()) == re.sub(token, "", passed)


def test_the_card_asks_for_ready_in_a_cool_down_and_for_the_number_on_leaving_at_the_end(room):
    def number(partner, **said):
        room.turn("number", partner)
        room.answer(**said)
        room.back()

    room.post("F", "cool_down_called")

    # In a cool-down a number alone is no answer: the question is whether they are ready.
    room.turn("number", "A")
    assert "Are you ready to go on?" in room.seen()
    room.answer(number="3")
    assert "For Ana" in room.seen()
    room.answer(ready="ready", number="3")
    room.back()
    number("B", ready="nearly", number="8")

    assert [m.by for m in room.moments("ready_again") if m.by] == ["A"]
    assert room.words("ready_again")[0][3] == {"temperature": 3}
    longer = room.moments("need_longer")
    assert [m.facts.get("return_at") for m in longer if m.facts] == ["2026-03-17T10:30:00Z"]

    # On to the last part.
    number("B", ready="ready")
    room.post("F", "resumed")
    closing = len(room.session.plan.get("phases", [])) or 6
    for phase in range(2, 20):
        room.post("F", "phase_finished", phase=phase - 1)
        try:
            room.post("F", "phase_started", phase=phase)
        except Exception:
            closing = phase - 1
            break
    assert closing > 2
    room.post("F", "phase_returned", phase=closing)
    room.post("F", "phase_started", phase=closing)

    number("A", number="2")

    ana = room.house.a.pk
    assert room.words("closing_temperature") == [("OWN_F", ana, ana, {"temperature": 2})]

    room.turn("goal", "A")

    assert "To talk and to listen. No problem has to be solved." in room.seen()
    assert FORMATS["first-talk"].use not in room.seen()

    room.answer(answer="a_little")

    assert [m.facts["view"] for m in room.moments("goal_viewed")] == ["a_little"]


def test_a_fear_is_on_the_card_of_its_owner_alone(room):
    refused = room.turn("fear", "B", "F1")

    assert refused.status_code == 409
    assert not room.is_turned()
    assert "canary" not in refused.content.decode()

    room.turn("fear", "A", "F1")
    card = room.seen()

    assert "I wonder whether canary-fear" in card
    assert "canary-note" not in card

    room.answer(answer="partly", own_words="canary-own")

    assert "canary" not in room.seen()
    ana = room.house.a.pk
    assert room.words("fear_answered") == [("REL", ana, ana, {"own_words": "canary-own"})]
    assert [m.facts["answer"] for m in room.moments("fear_answered") if "answer" in m.facts] == ["partly"]

    room.back()

    assert room.turn("fear", "A", "F1").status_code == 409


def test_each_reacts_to_what_lies_on_the_table_and_sees_nothing_of_the_others_reaction(room):
    room.turn("reactions", "A")

    assert "canary-option-one" in room.seen()
    assert "canary-option-two" in room.seen()

    room.answer(**{"option-1": "not_for_me"})
    room.back()
    room.turn("reactions", "B", "O2")

    seen = room.seen()
    assert "canary-option-one" not in seen
    assert "checked" not in seen

    room.answer(**{"option-1": "gladly", "option-2": "gladly"})

    said = {m.owner_id: m.facts["reactions"] for m in room.moments("option_reactions")}
    assert said == {room.house.a.pk: {"O1": "not_for_me"}, room.house.b.pk: {"O2": "gladly"}}
    assert {m.audience for m in room.moments("option_reactions")} == {"OWN_F"}


def test_the_card_about_the_distance_does_not_use_the_word_rift(room):
    room.turn("retreat", "B")

    assert "rift" not in room.seen()

    room.answer(answer="mending")

    [kept] = room.moments("retreat_view_given")
    assert kept.facts["view"] == "lasting_rift"
    assert (kept.audience, kept.owner_id) == ("OWN_F", room.house.b.pk)


def test_each_answers_an_extension_on_a_card_of_their_own(room):
    assert room.turn("extension", "A").status_code == 409

    room.post("F", "extension_proposed", phase=1, minutes=5)
    for partner in "AB":
        room.turn("extension", partner)
        assert "5 minutes more" in room.seen()
        room.answer(answer="yes")
        room.back()

    assert {m.audience for m in room.moments("extension_answered") if m.by} == {"OWN_F"}
    assert room.turn("extension", "A").status_code == 409


@pytest.mark.parametrize("body", [("number", "C"), ("number", ""), ("elephant", "A"), ("goal", "A")])
def test_a_card_that_cannot_be_answered_is_not_laid(room, body):
    assert room.turn(*body).status_code in (404, 409)
    assert not room.is_turned()


def test_a_card_that_comes_too_late_says_that_this_is_resting(room):
    room.turn("retreat", "B")
    room.post("F", "session_ended")

    said = room.answer(answer="rest").content.decode()

    assert "This is resting for now. Fay can tell you more when you meet." in said
    assert room.moments("retreat_view_given") == []


def test_in_a_talk_with_ana_only_she_is_handed_a_card(fay, at_ten):
    alone = Room(fay, planned(fay, code="one-to-one", with_="A"))
    assert alone.turn("number", "B").status_code == 409

    alone.turn("number", "A")
    alone.answer(number="6")

    assert alone.words("arrival_temperature") == [("OWN_F", fay.a.pk, fay.a.pk, {"temperature": 6})]


def test_ana_agrees_on_the_turned_screen_before_a_first_meeting_and_the_way_back_leads_on(at_ten):
    fay = household("Fay", ("Ana", "Ben"), ready=False)
    client = fay.client()
    kept = client.session
    kept["turned"] = {
        "session": None, "back": "/couples/new/", "answered": False, "nonce": "of this card",
        "card": {"name": "agreement", "partner": str(fay.a.pk), "ref": ""},
    }  # fmt: skip
    kept.save()

    card = client.get("/turned/").content.decode()

    assert "Ana" in card
    assert "Ben" not in card

    client.post("/turned/answer/", {"nonce": nonce_of(card), "scopes": ["facilitation", "stored_notes"]})

    given = Consent.objects.unscoped("a test looks").filter(partner=fay.a, withdrawn_at__isnull=True)
    assert sorted(given.values_list("scope", "how")) == [
        ("facilitation", "own_hand"),
        ("stored_notes", "own_hand"),
    ]
    assert "Thank you, Ana" in client.get("/turned/").content.decode()

    client.post("/turned/back/")

    assert client.get("/turned/")["Refresh"] == "1; url=/couples/new/"
