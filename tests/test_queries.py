"""Every list asks the database as often for thirty rows as for one, whatever this process has in memory."""

from datetime import date, time, timedelta

import pytest
import time_machine
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients import couples
from facilitator import crypto
from facilitator.models import LocalMail
from reports import documents
from tests.cast import talked
from tests.world import BEGUN, NOW, drive, planned, reachable, ritual

pytestmark = pytest.mark.django_db


def asked(client, address):
    """Queries of both databases for one page, no key in memory; looked at before, so that the look is written."""
    assert client.get(address).status_code == 200
    crypto.keys.clear()
    with (
        CaptureQueriesContext(connections["default"]) as rows,
        CaptureQueriesContext(connections["keys"]) as keys,
    ):
        assert client.get(address).status_code == 200
    return len(rows), len(keys)


def another_couple(house, number):
    made = couples.welcome(
        facilitator=house.facilitator,
        label=f"Couple {number}",
        names={"A": "Gia", "B": "Hugo"},
        zone="UTC",
        now=NOW,
    )
    for partner in couples.partners_of(made.pk).values():
        talked(house.facilitator, partner, at=NOW)


def another_enquiry(house, number):
    couples.enquire(facilitator=house.facilitator, name="Gia", now=NOW)


def another_session(house, number):
    planned(house, start=NOW + timedelta(minutes=number))


def another_ended(house, number):
    made = drive(house, planned(house), [*BEGUN, ("F", "session_ended", {})], at=NOW - timedelta(minutes=30))
    documents.prepare(made, now=NOW)


def another_ritual(house, number):
    ritual(house, usual_time=time(9), start_on=date(2026, 3, 1 + number % 3), override="a test of many")


def another_own_ritual(house, number):
    ritual(house, owner=house.a)


def another_mail(house, number):
    LocalMail.objects.create(
        practice=house.practice, at=NOW, to="ana@home.example", subject="x", body="y", message_id=str(number)
    )


PAGES = [
    ("home", "fay", another_couple, lambda h: reverse("home")),
    ("home", "fay", another_enquiry, lambda h: reverse("home")),
    ("home", "fay", another_session, lambda h: reverse("home")),
    ("write_up", "fay", another_couple, lambda h: reverse("write_up")),
    ("couple", "fay", another_session, lambda h: reverse("couple", args=[h.couple.pk])),
    ("couple_rituals", "fay", another_ritual, lambda h: reverse("couple_rituals", args=[h.couple.pk])),
    ("documents", "fay", another_ended, lambda h: reverse("documents")),
    ("documents", "A", another_ended, lambda h: reverse("documents")),
    ("mailbox", "fay", another_mail, lambda h: reverse("mailbox")),
    ("portal", "A", another_ritual, lambda h: reverse("portal")),
    ("portal", "A", another_own_ritual, lambda h: reverse("portal")),
    ("api_rituals", "A", another_ritual, lambda h: reverse("api_rituals")),
    ("api_today", "A", another_ritual, lambda h: reverse("api_today")),
]


@pytest.mark.parametrize(
    ("name", "who", "another", "address"), PAGES, ids=[f"{p[0]}-{p[1]}-{p[2].__name__}" for p in PAGES]
)
def test_thirty_rows_cost_no_more_questions_than_one(fay, name, who, another, address):
    with time_machine.travel(NOW, tick=False):
        reachable(fay)
        client = fay.client() if who == "fay" else fay.partner_client(who)
        for number in range(2):
            another(fay, number)
        few = asked(client, address(fay))
        for number in range(2, 30):
            another(fay, number)
        assert asked(client, address(fay)) == few


def test_a_list_that_asks_once_a_row_would_be_found(fay):
    """The rows made here are shown: thirty of them are not hidden by a filter."""
    with time_machine.travel(NOW, tick=False):
        reachable(fay)
        for number in range(3):
            another_session(fay, number)
            another_couple(fay, number)
            another_mail(fay, number)
            another_ritual(fay, number)
        client = fay.client()
        assert client.get(reverse("home")).content.count(b">Couple ") >= 3
        assert client.get(reverse("mailbox")).content.count(b"ana@home.example") >= 3
        assert client.get(reverse("couple", args=[fay.couple.pk])).content.count(b"/desk/") >= 3
        assert len(fay.partner_client("A").get(reverse("api_rituals")).json()["rituals"]) == 3
