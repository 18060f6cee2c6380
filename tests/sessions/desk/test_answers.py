"""What goes over the wire at the desk: a press is answered with its fragment, and nothing is fetched or made twice."""

import re

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.sessions.desk.pressed import START, Desk

pytestmark = pytest.mark.django_db

MOST_QUERIES_A_PRESS = 14


@pytest.fixture
def desk(fay):
    with time_machine.travel(START, tick=False) as traveller:
        yield Desk(fay, traveller)


def pressed(desk, kind, by=None, **typed):
    """A press as the desk's own script sends it; the answer."""
    form = desk.look().offer(kind, by)
    body = {name: value for name, value, chosen in form.fields if chosen} | typed
    return desk.client.post(
        reverse("command", args=[desk.session.pk]), body, headers={"X-Requested-With": "desk"}
    )


def body_of(answer):
    """The page without its form tokens, which are masked anew in each answer."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def test_a_press_is_answered_with_the_fragment_that_a_fetch_would_bring(desk):
    desk.begun()

    answer = pressed(desk, "brief_pause_called")
    fetched = desk.fragment()

    assert answer.status_code == 200
    assert 'data-state="brief_pause"' in answer.content.decode()
    assert body_of(answer) == body_of(fetched)
    assert answer["ETag"] == fetched["ETag"]
    assert answer["X-Now"] == fetched["X-Now"]


def test_whoever_has_the_answer_of_a_press_is_told_that_nothing_is_new(desk):
    desk.begun()
    answer = pressed(desk, "brief_pause_called")

    again = desk.fragment(answer["ETag"])

    assert again.status_code == 304
    assert again.content == b""


def test_a_compressed_answer_has_a_weak_tag_that_is_known_again(desk):
    desk.begun()
    compressed = desk.client.get(
        reverse("desk_fragment", args=[desk.session.pk]), headers={"Accept-Encoding": "gzip"}
    )

    assert compressed["Content-Encoding"] == "gzip"
    assert compressed["ETag"].startswith('W/"')
    assert desk.fragment(compressed["ETag"]).status_code == 304


def test_without_the_script_a_press_leads_back_to_the_desk(desk):
    desk.begun().press("brief_pause_called")

    assert desk.answer.status_code == 302
    assert desk.answer["Location"] == reverse("desk", args=[desk.session.pk])


def test_a_press_and_what_is_shown_after_it_ask_little_of_the_database(desk):
    desk.begun().press("ground_rules_confirmed")
    for number in range(12):
        desk.press("note", text=f"note {number}")

    form = desk.look().offer("note")
    body = {name: value for name, value, chosen in form.fields if chosen} | {"text": "one more"}
    with (
        CaptureQueriesContext(connections["default"]) as rows,
        CaptureQueriesContext(connections["keys"]) as keys,
    ):
        answer = desk.client.post(
            reverse("command", args=[desk.session.pk]), body, headers={"X-Requested-With": "desk"}
        )

    assert answer.status_code == 200
    assert len(rows) + len(keys) <= MOST_QUERIES_A_PRESS, [query["sql"] for query in [*rows, *keys]]


def test_overtime_is_one_state_with_one_tag(desk):
    desk.begun()
    desk.traveller.shift(3 * 3600)
    tag = desk.fragment()["ETag"]

    desk.traveller.shift(1)

    assert desk.fragment(tag).status_code == 304


# The list behind More


def test_what_stands_behind_more_is_fetched_when_it_is_opened(desk):
    desk.begun()
    in_fragment = desk.fragment().content.decode()
    fetched = desk.client.get(reverse("desk_more", args=[desk.session.pk])).content.decode()

    assert 'value="redirect_offered"' not in in_fragment
    assert 'value="redirect_offered"' in fetched


@pytest.mark.parametrize("kind", ["brief_pause_called", "cool_down_called", "stopped", "safety_stop"])
def test_what_must_never_wait_for_a_fetch_stands_on_the_desk_itself(desk, kind):
    assert desk.begun().look().offer(kind) is not None
