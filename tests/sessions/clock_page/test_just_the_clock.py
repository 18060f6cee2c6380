"""Just the clock: the page holds the list; the server folds it with the desk's rules, answers, and forgets."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Couple, Screening
from facilitator.models import AuditEntry
from sessions.models import Session
from sessions.record import import_export

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
CARDS = {
    f"{slot}-{name}": value
    for slot, person in (("A", "Ana"), ("B", "Ben"))
    for name, value in (
        ("name", person),
        ("spoken_alone_on", "2026-03-10"),
        ("outcome", "go"),
        ("scopes", ("facilitation", "stored_notes")),
        ("how", "said_alone"),
    )
}


class Page:
    """What the page does: it holds the list, sends it along, and takes the new one."""

    def __init__(self, house, traveller):
        self.client = house.client()
        self.traveller = traveller
        self.list = ""
        self.keys = 0
        self.client.get(reverse("home"))

    def send(self, route="clock_press", **fields):
        pairs = [
            (name, one)
            for name, value in fields.items()
            for one in (value if isinstance(value, list | tuple) else [value])
        ]
        body = json.dumps({"list": self.list, "fields": pairs})
        return self.client.post(reverse(route), body, content_type="application/json")

    def press(self, kind, *, wait=20, key=None, **fields):
        self.traveller.shift(timedelta(seconds=wait))
        self.keys += 1

        self.answer = self.send(kind=kind, key=key or f"key-{self.keys}", **fields)
        self.came = self.answer.json()
        self.list = self.came.get("list", self.list + self.came.get("added", ""))
        return self

    def begun(self, **how):
        return self.press("clock_begin", **{"format": "first-talk", "length": "full", **how})

    @property
    def lines(self):
        return [json.loads(line) for line in self.list.splitlines()]

    @property
    def kinds(self):
        return [line["kind"] for line in self.lines[1:]]

    def ended(self):
        fields = {"sign": "canary-sign", "next_at": "2026-03-24T18:00", "override": "time is up"}
        return self.press("session_ended", **fields)

    def keep(self, **changes):
        return self.send("clock_keep", **{**CARDS, **changes})


@pytest.fixture
def traveller():
    with time_machine.travel(START, tick=False) as moving:
        yield moving


@pytest.fixture
def page(fay, traveller):
    return Page(fay, traveller)


def hour(page):
    """A word of every sort, a check, an agreement, a pause, a note, an end."""
    page.begun().press("ground_rules_confirmed")
    page.press("phase_started", phase="2", wait=300).press("phase_started", phase="3")

    page.press("statement", by="A", text="canary-said", feelings="canaryfeels")
    page.press("check_opened", of=page.lines[-1]["id"], listener="B")
    check = page.lines[-1]["id"]
    page.press("reflection_given", by="B", check=check, heard=["feeling", "reason"], text="canary-back")
    page.press("reflection_corrected", by="A", check=check, meant="canary-meant")
    page.press("reflection_given", by="B", check=check, heard=["feeling", "reason"])
    page.press("reflection_confirmed", by="A", check=check)

    page.press("brief_pause_called").press("resumed", wait=60)
    page.press("need_named", by="B", need="canary-need", wish="canary-wish")
    page.press("idea_parked", text="canary-idea").press("note", text="canary-note")
    page.press("option_added", by="A", text="canary-option", override="canary-why")

    page.press("compromise_drafted", text="canary-draft", who="both", look_again_on="2026-03-24")
    draft = page.lines[-1]["id"]
    page.press("agreement_confirmed", by="A", agreement=draft)
    return page.press("agreement_confirmed", by="B", agreement=draft)


def counted():
    """How many rows every table of both databases holds."""
    found = {}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
                found[table] = cursor.fetchone()[0]
    return found


def test_an_hour_is_held_with_the_desks_rules_and_nothing_is_written(page):
    before = counted()
    with (
        CaptureQueriesContext(connections["default"]) as asked,
        CaptureQueriesContext(connections["keys"]) as keys,
    ):
        hour(page).ended()

    assert page.answer.status_code == 200
    assert page.kinds[-1] == "session_ended"
    assert "canary-draft" in page.came["html"]

    # Every word that was typed is in the list, and in no table.
    typed = [
        "said",
        "feels",
        "back",
        "meant",
        "need",
        "wish",
        "idea",
        "note",
        "option",
        "why",
        "draft",
        "sign",
    ]
    assert [word for word in typed if not re.search(f"canary-?{word}", page.list)] == []
    assert counted() == before
    verbs = {query["sql"].split()[0].upper() for query in [*asked.captured_queries, *keys.captured_queries]}
    assert verbs <= {"SELECT", "SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"}
    assert not [q for q in asked.captured_queries if "canary" in q["sql"]]


def test_a_press_asks_little_of_the_database_however_long_the_list(page):
    page.begun().press("phase_started", phase="2").press("phase_started", phase="3")

    def queries():
        with CaptureQueriesContext(connections["default"]) as asked:
            page.press("statement", by="A", text="One thing.")
        return len(asked)

    first = queries()
    for _ in range(30):
        page.press("statement", by="A", text="One more thing.")

    assert queries() == first <= 3


def test_the_two_have_no_names_and_the_format_its_minutes(page):
    page.begun(length="short")

    header = page.lines[0]
    assert [header["partners"][slot]["name"] for slot in "AB"] == ["Left", "Right"]
    assert sum(phase["minutes"] for phase in header["phases"]) + 5 == header["agreed_max_minutes"]
    assert page.kinds[:4] == ["arrived", "arrived", "session_started", "phase_started"]


def test_the_same_press_again_changes_nothing_and_with_other_words_is_told_so(page):
    page.begun().press("note", text="One.", key="same")
    once = page.list

    page.press("note", text="One.", key="same")

    assert page.list == once

    page.press("note", text="Two.", key="same")

    assert page.answer.status_code == 422
    assert page.list == once


def test_an_option_that_comes_too_early_keeps_its_words_and_goes_on_with_a_reason(page):
    page.begun().press("option_added", by="A", text="A walk.")

    assert page.answer.status_code == 409
    assert "A walk." in page.came["html"]
    assert "option_added" not in page.kinds

    page.press("option_added", by="A", text="A walk.", override="it is ripe")

    assert page.lines[-1]["override"] == "it is ripe"


def test_a_press_that_is_older_than_the_clock_is_told_to_look(page):
    page.begun()

    page.press("phase_started", phase="2", seen="2")

    assert page.answer.status_code == 409
    assert "phase_finished" not in page.kinds


@pytest.mark.parametrize(
    "list_",
    [
        "",
        "no json",
        '{"session_file": 1}',
        "[]",
        '"\\ud800"',
    ],
)
def test_something_that_is_no_list_is_answered_with_words(page, list_):
    page.list = list_

    answer = page.send(kind="note", key="k", text="x")

    assert answer.status_code == 422
    assert list(answer.json()) == ["words"]


def test_a_list_somebody_tampered_with_is_not_folded(page):
    page.begun()
    added = {"at": "2026-03-10T17:10:00Z", "by": "F", "kind": "phase_finished", "phase": 99}
    page.list += json.dumps(added) + "\n"

    assert page.send(kind="look").status_code == 422


def test_a_list_may_be_too_long_but_not_after_ninety_minutes(page, settings):
    page.begun()
    whole = page.list
    page.list = whole + "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE

    answer = page.send(kind="look")

    assert answer.status_code == 422
    assert "too long" in answer.json()["words"]

    page.list = whole
    page.press("phase_started", phase="2").press("phase_started", phase="3")
    for _ in range(150):
        page.press("statement", by="A", text="A sentence somebody said and somebody typed. " * 3)

    assert page.answer.status_code == 200
    assert len(page.list) < settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 5


def test_only_the_page_of_just_the_clock_is_answered(page):
    assert page.client.post(reverse("clock_press"), {"kind": "look"}).status_code == 422


def test_keeping_makes_the_couple_and_one_session_that_exports_to_the_list(page):
    hour(page).ended()

    first = page.keep()
    again = page.keep()

    assert first.json() == again.json()
    session = Session.objects.unscoped("a test looks").get()
    assert first.json()["to"] == reverse("session", args=[session.pk])

    kept = list(import_export.export(session))
    assert kept[1:] == page.lines[1:]
    assert {**page.lines[0], "couple": 0, "partners": 0} == {**kept[0], "couple": 0, "partners": 0}
    assert [kept[0]["partners"][slot]["name"] for slot in "AB"] == ["Ana", "Ben"]
    assert page.client.get(first.json()["to"]).status_code == 200


def test_an_hour_kept_halfway_goes_on_at_the_desk(page):
    page.begun().press("note", text="Kept.")

    answer = page.keep()

    session = Session.objects.unscoped("a test looks").get()
    assert session.state == "running"
    assert answer.json()["to"] == reverse("desk", args=[session.pk])

    body = {"kind": "brief_pause_called", "key": "a-new-one", "seen": "99"}
    assert page.client.post(reverse("command", args=[session.pk]), body).status_code == 302

    session.refresh_from_db()
    assert session.state == "brief_pause"


@pytest.mark.parametrize(
    "changes",
    [
        {"B-outcome": Screening.Outcome.NOT_TOGETHER},
        {"A-outcome": Screening.Outcome.CONSULT},
        {"A-scopes": "facilitation"},
        {"B-scopes": "stored_notes"},
        {"A-scopes": ()},
        {"B-name": ""},
        {"A-spoken_alone_on": "2026-03-11"},
        {"A-how": ()},
        {"B-how": "own_hand"},
    ],
)
def test_without_both_talks_and_all_consents_nothing_is_written(page, changes):
    hour(page).ended()
    before = counted()

    answer = page.keep(**changes)

    assert answer.status_code in (409, 422)
    assert answer.json().get("words") or answer.json()["cards"]
    assert counted() == before
    assert page.keep().status_code == 200


LONG_AGO = {"B-spoken_alone_on": "2025-11-01"}


def test_a_talk_of_long_ago_asks_for_a_reason_and_nothing_is_written_without_one(page):
    page.begun().press("note", text="Kept.")
    before = counted()
    list_ = page.list

    for reason in ({}, {"own_reason": "  "}):
        answer = page.keep(**LONG_AGO, **reason)

        assert answer.status_code == 409
        assert list(answer.json()) == ["cards"]
        again = answer.json()["cards"]
        assert "Not yet: the screening is due to be looked at again." in again
        assert not re.search(r"<strong>\d+:", again)
        assert "Go on anyway" in again
        assert 'name="override"' in again
        assert 'value="Ben"' in again
        assert 'value="2025-11-01"' in again
        assert counted() == before

    answer = page.keep(**LONG_AGO, own_reason="I spoke with each this week")

    assert answer.status_code == 200

    # The reason stands at the beginning; every other line is as the page held it.
    session = Session.objects.unscoped("a test looks").get()
    kept = list(import_export.export(session))
    held = [json.loads(line) for line in list_.splitlines()]
    begun = [line for line in kept if line.get("kind") == "session_started"]
    assert [line["override"] for line in begun] == ["I spoke with each this week"]
    assert [line for line in kept[1:] if line not in begun] == [
        line for line in held[1:] if line["kind"] != "session_started"
    ]
    assert page.keep(**LONG_AGO).json() == answer.json()


def test_the_two_cards_come_folded_and_nothing_is_chosen_on_them(page):
    html = page.client.get(reverse("just_the_clock")).content.decode()

    cards = re.findall(r'<details class="card"[^>]*>', html)
    assert [('name="kept"' in card, " open" in card) for card in cards] == [(True, False)] * 2

    ways = re.findall(r'<input type="radio" name="[AB]-how" value="(\w+)"([^>]*)>', html)
    assert [way for way, _rest in ways] == ["paper", "said_alone"] * 2
    assert not [rest for _way, rest in ways if "checked" in rest]
    # A field folded away can show no word of the browser's own.
    assert not re.search(r'name="[AB]-[^>]* required', html)

    page.begun()
    again = page.keep(**{"A-name": "", "B-name": ""}).json()["cards"]

    assert [" open" in card for card in re.findall(r'<details class="card"[^>]*>', again)] == [True, False]
    assert again.count("something is still missing") == 2


@pytest.mark.parametrize("next_at", ["9999-12-31T23:59", "0001-01-01T00:00", "2029-03-10T18:00"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_next_meeting_out_of_all_reach_ends_nothing_and_comes_back(fay, page, next_at, zone):
    fay.practice.zone = zone
    fay.practice.save(update_fields=["zone"])
    page.begun().press("ground_rules_confirmed")
    for phase in range(2, 9):
        page.press("phase_started", phase=str(phase), override="we agreed on it")

    page.press("session_ended", next_at=next_at, sign="open hand", override="time is up")

    assert page.answer.status_code == 422
    assert page.kinds.count("session_ended") == 0
    assert "within two years" in page.came["html"]
    assert f'value="{next_at}"' in page.came["html"]
    assert 'value="open hand"' in page.came["html"]


def test_what_is_kept_is_judged_anew_by_the_rules(page):
    """The list comes from a page; what it claims about the order of things is asked again."""
    page.begun()
    added = {"at": "2026-03-10T17:10:00Z", "by": "A", "kind": "agreement_confirmed", "agreement": "AG1"}
    page.list += json.dumps(added) + "\n"
    before = Couple.objects.unscoped("a test looks").count()

    assert page.keep().status_code == 422
    assert Couple.objects.unscoped("a test looks").count() == before


def test_no_entry_of_the_audit_log_knows_of_a_held_hour(page):
    before = AuditEntry.objects.count()

    hour(page).ended()

    assert AuditEntry.objects.count() == before


def test_a_stranger_meets_nothing(fay, page):
    ana = fay.partner_client("A")
    for route in ("clock_press", "clock_keep"):
        assert ana.post(reverse(route), "{}", content_type="application/json").status_code == 404
    assert ana.get(reverse("just_the_clock")).status_code == 404
