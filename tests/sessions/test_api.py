"""The session at the API: the lines of a session file, posted one by one by its facilitator."""

import json
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from clients import consents
from facilitator.models import AuditEntry
from sessions.models import Line, Moment
from tests.sessions.hall import START, Hall

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def tuesday():
    with time_machine.travel(START, tick=False):
        yield


@pytest.fixture
def hall(fay):
    return Hall(fay)


def send(hall, client=None, **body):
    address = f"/api/v1/sessions/{hall.session.pk}/commands"
    return (client or hall.house.client()).post(address, body, content_type="application/json")


def test_a_command_is_answered_with_its_line_and_where_they_are(hall):
    answer = send(hall, by="A", kind="arrived")

    assert answer.status_code == 201
    assert answer.json()["line"] == 2
    assert answer.json()["reading"]["state"] == "gathering"
    assert Moment.objects.unscoped("a test looks").get(session=hall.session).told_to is True


def test_the_same_key_is_the_same_line_and_200(hall):
    first = send(hall, by="A", kind="arrived", key="k1")
    again = send(hall, by="A", kind="arrived", key="k1")

    assert first.status_code == 201
    assert again.status_code == 200
    assert again.json()["line"] == first.json()["line"]

    other = send(hall, by="B", kind="arrived", key="k1")

    assert other.status_code == 422
    assert other.json()["code"] == "key_reused"
    assert Moment.objects.unscoped("a test looks").filter(session=hall.session).count() == 1


def test_a_stale_clock_command_is_409_with_the_current_reading(hall):
    hall.begun()

    late = send(hall, by="F", kind="minutes_added", phase=1, minutes=2, seen=2)

    assert late.status_code == 409
    assert late.json()["code"] == "stale"
    reading = late.json()["reading"]
    assert reading["state"] == "running"

    # With what the reading says, it is taken; a pause is taken in any case.
    again = send(hall, by="F", kind="minutes_added", phase=1, minutes=2, seen=reading["seen"])
    pause = send(hall, by="F", kind="brief_pause_called", seen=2)

    assert again.status_code == 201
    assert pause.status_code == 201


ABSOLUTE = [
    ("resumed", "F", {}, "cool_down_called", "both_ready"),
    ("reflection_confirmed", "B", {"check": "C1"}, "", "only_the_speaker"),
]


@pytest.mark.parametrize(("kind", "by", "fields", "before", "code"), ABSOLUTE, ids=[a[0] for a in ABSOLUTE])
def test_no_reason_sets_an_absolute_guard_aside(hall, kind, by, fields, before, code):
    hall.begun()
    if before:
        hall.post("F", before)
    else:
        hall.post("A", "statement", id="S1", text="I waited.")
        hall.post("F", "check_opened", id="C1", of="S1", listener="B")
        hall.post("B", "reflection_given", check="C1", heard=["feeling", "reason"])

    for reason in ({}, {"override": "better for them today"}):
        with time_machine.travel(hall.at, tick=False):
            answer = send(hall, by=by, kind=kind, **fields, **reason)

        assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_nobody_meets_together_before_both_talks_alone_and_both_consents(db):
    from tests.cast import household

    hall = Hall(household("Gus", ("Eli", "Flo")))
    for partner in (hall.house.a, hall.house.b):
        consents.withdraw(partner=partner, scope="facilitation", by="user:test", now=hall.at)
    assert send(hall, by="A", kind="arrived").status_code == 201

    for reason in ({}, {"override": "better for them today"}):
        answer = send(hall, by="F", kind="session_started", **reason)
        assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn")


def test_a_soft_guard_gives_way_to_a_reason_that_stays_with_the_team(hall):
    send(hall, by="A", kind="arrived")

    refused = send(hall, by="F", kind="session_started")

    assert refused.status_code == 409
    assert refused.json()["code"] == "both_arrived"

    taken = send(hall, by="F", kind="session_started", override="Ben is on his way")

    assert taken.status_code == 201
    row = Line.objects.unscoped("a test looks").get(session=hall.session)
    assert (row.audience, row.owner_id) == ("FAC", None)
    assert row.words == {"reason": "Ben is on his way"}


MALFORMED = [
    {},
    {"by": "A"},
    {"by": ["A"], "kind": "arrived"},
    {"by": "A", "kind": ["arrived"]},
    {"by": "A", "kind": {}},
    {"by": "X", "kind": "arrived"},
    {"by": "A", "kind": "arrived", "seen": "2"},
    {"by": "A", "kind": "arrived", "seen": True},
    {"by": "A", "kind": "arrived", "seen": 1.5},
    {"by": "A", "kind": "arrived", "key": 5},
    {"by": "A", "kind": "arrived", "key": "a\x00b"},
    {"by": "A", "kind": "arrived", "key": "k" * 81},
    {"by": "A", "kind": "arrived", "override": {"a": 1}},
    {"by": "A", "kind": "arrived", "voice": 3},
    {"by": "A", "kind": "arrived", "more": 1},
    {"by": "F", "kind": "note", "text": "x", "told_to": "F"},
    {"by": "F", "kind": "note", "text": "\ud800"},
    {"by": "F", "kind": "note", "text": "x" * 4001},
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: json.dumps(body)[:60])
def test_what_is_malformed_is_422_and_changes_nothing(hall, body):
    answer = send(hall, **body)

    assert answer.status_code == 422
    assert set(answer.json()) == {"detail", "code"}
    assert Moment.objects.unscoped("a test looks").count() == 0


@pytest.mark.parametrize("body", [b"[]", b"5", b"null", b"{", b"\xff", b'"x"'])
def test_a_body_that_is_no_object_is_the_senders_mistake(hall, body):
    address = f"/api/v1/sessions/{hall.session.pk}/commands"

    answer = hall.house.client().post(address, body, content_type="application/json")

    assert answer.status_code in (400, 422)
    assert Moment.objects.unscoped("a test looks").count() == 0


def test_a_refusal_and_an_answer_quote_no_word_of_anybody(hall):
    hall.begun()

    with time_machine.travel(hall.at, tick=False):
        posts = [send(hall, by="A", kind="statement", id="S1", text="canary") for _ in range(2)]
        posts.append(send(hall, by="A", kind="option_added", id="O1", text="canary"))

    assert [answer.status_code for answer in posts] == [201, 422, 409]
    assert [answer for answer in posts if "canary" in answer.content.decode()] == []


def test_strangers_and_partners_meet_404_and_nobody_401(hall, oli):
    for client in (oli.client(), hall.house.partner_client("A"), oli.partner_client("B")):
        assert send(hall, client, by="A", kind="stopped").status_code == 404
        assert client.get(f"/api/v1/sessions/{hall.session.pk}/reading").status_code == 404
    assert send(hall, Client(), by="A", kind="stopped").status_code == 401
    assert Moment.objects.unscoped("a test looks").count() == 0


def test_a_post_from_another_page_is_turned_away(hall):
    client = Client(enforce_csrf_checks=True)
    client.cookies = hall.house.client().cookies
    assert send(hall, client, by="A", kind="arrived").status_code == 403


def test_a_reading_tells_instants_and_is_noted_once(hall):
    hall.begun()
    client = hall.house.client()

    with time_machine.travel(datetime(2026, 3, 10, 17, 1, tzinfo=UTC), tick=False):
        said = [client.get(f"/api/v1/sessions/{hall.session.pk}/reading").json() for _ in range(3)][-1]

    assert (said["state"], said["phase"], said["now"]) == ("running", 1, "2026-03-10T17:01:00Z")
    read = AuditEntry.objects.filter(action="read", subject=f"session:{hall.session.pk}")
    assert read.count() == 1
