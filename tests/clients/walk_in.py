"""What the tests of a couple that walks in share: a practice with nobody in it, the cards, and short ways to rows."""

import pytest
import time_machine
from django.urls import reverse

from clients import couples
from clients.models import Couple, Partner
from facilitator.models import Practice, User
from tests.cast import MORNING, PASSWORD, signed_in

LISBON = "Europe/Lisbon"
BOTH = ["facilitation", "stored_notes"]
# As it is posted: the agreement follows on the turned screen, or was given on paper.
CARD = {"name": "Ana", "spoken": "today", "outcome": "go", "act": "turn"}
GIVEN = {**CARD, "act": "given", "how": "paper", "scopes": BOTH}


@pytest.fixture
def sol(db):
    """A solo practice in Lisbon, nobody in it yet."""
    practice = Practice.objects.create(name="Sol", zone=LISBON)
    return User.objects.create_user(
        "sol@practice.example", PASSWORD, name="Sol", practice=practice, is_facilitator=True
    )


@pytest.fixture
def client(sol):
    with time_machine.travel(MORNING, tick=False):
        yield signed_in(sol)


def rows(model):
    return model.objects.unscoped("a test looks")


def enquired(sol, at, name="Ana"):
    return couples.enquire(facilitator=sol, name=name, now=at)


def partners():
    return {partner.slot: partner for partner in rows(Partner)}


def card_of(partner):
    return reverse("walk_in_card", args=[partner.pk])


def walked_in(client, a=GIVEN, b=GIVEN):
    """Both cards are sent; returns the couple."""
    client.post(reverse("walk_in"), a)
    client.post(card_of(partners()["B"]), {**b, "name": "Ben"})
    return rows(Couple).get()
