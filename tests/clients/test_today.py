"""The last screen before a session: the cards say who may meet, and one press plans and begins it."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from clients import consents
from clients.models import Channel, Consent, Couple
from facilitator.errors import Refusal
from facilitator.models import Practice
from sessions.models import Moment, Session
from sessions.record import partings, planning
from tests.cast import MORNING
from tests.clients.walk_in import BOTH, GIVEN, LISBON, rows, walked_in
from tests.clients.walk_in import client as client
from tests.clients.walk_in import sol as sol
from tests.world import planned

pytestmark = [pytest.mark.django_db, pytest.mark.both]

TAKES_PART, KEEPS_NOTES = BOTH
# Enter must not begin what may not begin.
NO_JOINT_BUTTON = 'value="both" tabindex="-1" aria-hidden="true" disabled'


def look_at_today(client, couple):
    return client.get(reverse("today", args=[couple.pk])).content.decode()


def begin_today(client, couple, **more):
    body = {
        "format": "first-talk",
        "length": "full",
        "first_speaker": "A",
        "meets": "both",
        "key": uuid.uuid4(),
    }
    return client.post(reverse("today", args=[couple.pk]), {**body, **more})


# Planned and begun


def test_one_press_plans_and_begins(client):
    couple = walked_in(client)

    answer = begin_today(client, couple)

    session = rows(Session).get()
    assert answer["Location"] == reverse("desk", args=[session.pk])
    assert session.state == "running"
    assert session.phase_number == 1

    kinds = [moment.kind for moment in rows(Moment).filter(session=session)]
    assert kinds.count("session_started") == 1
    assert kinds.count("arrived") == 2

    plan = planning.plan_of(session)
    assert plan.latest_end == MORNING + timedelta(minutes=75)
    assert plan.zone == LISBON


def test_the_same_press_again_finds_the_same_session(client):
    couple = walked_in(client)
    key = uuid.uuid4()

    first = begin_today(client, couple, key=key)
    again = begin_today(client, couple, key=key)

    assert again["Location"] == first["Location"]
    assert rows(Session).count() == 1
    assert rows(Moment).filter(kind="session_started").count() == 1


def test_the_room_until_is_an_hour_of_this_day(client):
    couple = walked_in(client)

    answer = begin_today(client, couple, room_until="10:20")

    plan = planning.plan_of(rows(Session).get())
    assert answer.status_code == 302
    assert plan.latest_end.hour == 10


def test_an_hour_that_has_gone_by_comes_back_to_be_put_right(client):
    couple = walked_in(client)

    answer = begin_today(client, couple, room_until="08:00")

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["room_until"]


def test_who_begins_is_chosen_and_not_taken_for_granted(client):
    couple = walked_in(client)

    answer = begin_today(client, couple, first_speaker="")

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["first_speaker"]
    assert rows(Session).count() == 0


def test_a_sign_they_took_home_comes_into_the_next_plan(client):
    couple = walked_in(client)
    begin_today(client, couple)
    first = rows(Session).get()
    partings.say(first, sign="A hand up", return_sentence="I am back.", by="user:x", now=MORNING)

    begin_today(client, couple)

    second = rows(Session).exclude(pk=first.pk).get()
    strategy = planning.plan_of(second).exit_strategy
    assert strategy.sign == "A hand up"
    assert strategy.return_sentence == "I am back."


# Who may meet


@pytest.mark.parametrize("outcome", ["not_together", "pause_and_consult"])
@pytest.mark.parametrize("whose", ["a", "b"])
def test_not_together_offers_a_talk_with_each_and_no_joint_button(client, outcome, whose):
    couple = walked_in(client, **{whose: {**GIVEN, "outcome": outcome}})

    page = look_at_today(client, couple)
    joint = begin_today(client, couple)

    assert "A talk with Ana" in page
    assert "A talk with Ben" in page
    assert NO_JOINT_BUTTON in page
    assert page.count('value="both"') == 1
    assert joint.status_code == 409
    assert rows(Session).count() == 0


def test_a_talk_with_one_is_a_session_of_that_one(client):
    couple = walked_in(client, a={**GIVEN, "outcome": "not_together"})

    answer = begin_today(client, couple, meets="B", first_speaker="")

    session = rows(Session).get()
    assert answer.status_code == 302
    assert session.format_code == "one-to-one"
    assert session.owner.slot == "B"


def test_the_page_says_the_same_whoever_of_the_two_said_not_together(client):
    """It may lie open on the table."""

    def page_where_not_together_is_said_by(whose):
        with transaction.atomic():
            couple = walked_in(client, **{whose: {**GIVEN, "outcome": "not_together"}})
            page = look_at_today(client, couple)
            transaction.set_rollback(True)
        # Ids and tokens are new each time.
        return re.sub(r"[0-9a-f-]{36}|[A-Za-z0-9]{64}", "", page)

    said_by_ana = page_where_not_together_is_said_by("a")
    said_by_ben = page_where_not_together_is_said_by("b")

    assert said_by_ana == said_by_ben
    assert "Today, a talk with each." in said_by_ana


def test_without_a_yes_to_taking_part_there_is_no_joint_button_and_no_session(client):
    couple = walked_in(client, b={**GIVEN, "scopes": [KEEPS_NOTES]})

    page = look_at_today(client, couple)
    answer = begin_today(client, couple)

    assert "taking part is still open" in page
    assert page.count('value="both"') == 1
    assert answer.status_code == 409
    assert rows(Session).count() == 0


@pytest.mark.parametrize("whose", ["a", "b"])
def test_without_notes_there_is_just_the_clock_and_no_session_is_written(client, whose):
    couple = walked_in(client, **{whose: {**GIVEN, "scopes": [TAKES_PART]}})

    page = look_at_today(client, couple)
    answer = begin_today(client, couple)

    assert "Just the clock, nothing kept" in page
    assert reverse("just_the_clock") in page
    assert answer.status_code == 409
    assert rows(Session).count() == 0


@pytest.mark.parametrize(("who", "other"), [("A", "B"), ("B", "A")])
def test_a_plan_needs_a_yes_to_notes_of_everybody_who_meets(fay, who, other):
    consents.withdraw(partner=fay.partner(who), scope=KEEPS_NOTES, by="user:x", now=MORNING)

    for code, with_ in (("first-talk", "both"), ("one-to-one", who)):
        with pytest.raises(Refusal) as refused:
            planned(fay, code=code, with_=with_)
        assert refused.value.code == "notes_not_kept"

    assert planned(fay, code="one-to-one", with_=other).owner == fay.partner(other)


def test_an_old_talk_is_said_and_gone_past_with_a_reason(client):
    couple = walked_in(client, a={**GIVEN, "spoken": "on", "spoken_on": "2025-11-02"})

    asked = begin_today(client, couple)
    assert asked.status_code == 409
    assert "Go on anyway" in asked.content.decode()
    assert rows(Session).count() == 0

    assert begin_today(client, couple, override="we agreed on it").status_code == 302
    set_aside = [m for m in rows(Moment) if m.kind == "guard_set_aside" or m.part == "set_aside"]
    assert {moment.audience for moment in set_aside} == {"FAC"}


# The example


def test_the_example_is_one_marked_couple_that_nothing_can_be_sent_to(client):
    answer = client.post(reverse("example"))

    couple = rows(Couple).get()
    assert answer["Location"] == reverse("couple", args=[couple.pk])
    assert couple.label.startswith("Example: ")
    assert rows(Channel).count() == 0
    assert not rows(Consent).filter(scope="messages").exists()
    assert rows(Session).get().state == "ended"
    assert client.get(reverse("today", args=[couple.pk])).status_code == 200


def test_the_example_put_away_comes_back_as_the_same_couple(client):
    first = client.post(reverse("example"))

    client.post(reverse("example"), {"act": "away"})
    assert "Example: " not in client.get(reverse("home")).content.decode()

    again = client.post(reverse("example"))
    assert again["Location"] == first["Location"]
    assert "Example: " in client.get(reverse("home")).content.decode()
    assert rows(Couple).count() == 1


def test_a_couple_of_ones_own_is_no_example(client):
    couple = walked_in(client)

    page = client.get(reverse("couple", args=[couple.pk])).content.decode()

    assert "Put the example away" not in page


def test_in_a_demo_practice_its_own_couple_is_the_example(client):
    Practice.objects.update(is_demo=True)
    couple = walked_in(client)

    answer = client.post(reverse("example"))

    assert answer["Location"] == reverse("couple", args=[couple.pk])
    assert rows(Couple).count() == 1
