"""A card that is opened once more, or sent twice: nothing is lost by it, and nothing comes twice."""

import threading
import uuid

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse

from clients import agreement, consents, walking_in
from clients.models import Consent, Couple, Screening
from clients.turned import KEY
from tests import services
from tests.cast import MORNING
from tests.clients.walk_in import BOTH, CARD, GIVEN, card_of, partners, rows
from tests.clients.walk_in import client as client
from tests.clients.walk_in import sol as sol

pytestmark = [pytest.mark.django_db, pytest.mark.both]

TAKES_PART, KEEPS_NOTES = BOTH


@pytest.fixture
def ana(client):
    """Ana's card was sent; she has not agreed to anything yet."""
    client.post(reverse("walk_in"), {**CARD, "name": "Ana", "act": "enquiry"})
    return partners()["A"]


def standing():
    """The yeses that stand, each with how it was given."""
    return {one.scope: one.how for one in rows(Consent).filter(withdrawn_at=None)}


def test_a_name_put_right_takes_no_yes_back(client, ana):
    agreement.take(ana, BOTH, by="user:x", now=MORNING)

    client.post(card_of(ana), {**CARD, "name": "Anna", "act": "given", "how": "paper"})

    assert partners()["A"].name == "Anna"
    assert standing() == {TAKES_PART: "own_hand", KEEPS_NOTES: "own_hand"}


def test_the_card_of_somebody_who_agreed_says_so_and_asks_nothing_again(client, ana):
    agreement.take(ana, BOTH, by="user:x", now=MORNING)

    page = client.get(card_of(ana)).content.decode()

    assert page.count("Ana has agreed: ") == 2
    assert page.count("10 March 2026, own hand, here") == 2
    assert reverse("partner", args=[ana.pk]) in page
    assert 'value="turn"' not in page
    assert 'name="scopes"' not in page


def test_the_card_of_somebody_who_agreed_leads_on_without_turning_the_screen(client, ana):
    agreement.take(ana, BOTH, by="user:x", now=MORNING)

    answer = client.post(card_of(ana), {**CARD, "name": "Anna", "act": "on"})

    assert answer["Location"] == card_of(partners()["B"])
    assert KEY not in client.session
    assert partners()["A"].name == "Anna"
    assert standing() == {TAKES_PART: "own_hand", KEEPS_NOTES: "own_hand"}


def test_only_what_was_not_said_yes_to_is_still_asked(client, ana):
    agreement.take(ana, [TAKES_PART], by="user:x", now=MORNING)

    page = client.get(card_of(ana)).content.decode()
    assert page.count("Ana has agreed: ") == 1
    assert 'value="turn"' in page
    assert TAKES_PART not in page
    assert f'value="{KEEPS_NOTES}"' in page

    client.post(card_of(ana), {**CARD, "act": "given", "how": "said_alone"})
    assert standing() == {TAKES_PART: "own_hand"}

    client.post(card_of(ana), {**CARD, "act": "given", "how": "said_alone", "scopes": [KEEPS_NOTES]})
    assert standing() == {TAKES_PART: "own_hand", KEEPS_NOTES: "said_alone"}


def test_a_yes_taken_back_is_asked_for_again(client, ana):
    agreement.take(ana, BOTH, by="user:x", now=MORNING)
    consents.withdraw(partner=ana, scope=KEEPS_NOTES, by="user:x", now=MORNING)

    page = client.get(card_of(ana)).content.decode()

    assert page.count("Ana has agreed: ") == 1
    assert 'value="turn"' in page


def test_on_paper_without_a_tick_is_no_yes_and_the_card_says_so(client):
    answer = client.post(reverse("walk_in"), {**GIVEN, "scopes": []})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["scopes"]
    assert "Please tick what they said yes to." in answer.content.decode()
    assert rows(Couple).count() == 0


@pytest.mark.parametrize("before", [[], BOTH])
def test_no_tick_on_the_turned_card_gives_nothing_and_takes_nothing_back(client, ana, before):
    agreement.take(ana, before, by="user:x", now=MORNING)
    client.post(card_of(ana), CARD)
    turned = client.session[KEY]
    assert turned["card"]["partner"] == str(ana.pk)

    client.post(reverse("turned_answer"), {"nonce": turned["nonce"]})

    assert client.session[KEY]["answered"]
    assert standing() == dict.fromkeys(before, "own_hand")
    assert rows(Consent).count() == len(before)


# The same press twice


def facts(key):
    return {
        "name": "Ana",
        "spoken_on": MORNING.date(),
        "outcome": "go",
        "notes": "",
        "reach": "",
        "act": "given",
        "how": "paper",
        "scopes": BOTH,
        "key": key,
    }


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_instant_are_one_couple(sol):
    """On PostgreSQL the second is let go on only when it waits for the first. SQLite lets in one at a time."""
    found, problems = [], []
    key = uuid.uuid4()

    def press():
        try:
            found.append(walking_in.begin(facilitator=sol, facts=facts(key), now=MORNING))
        except BaseException as problem:
            problems.append(problem)

    if connection.vendor == "sqlite":
        press()
        press()
    else:
        press_while_another_waits(press)

    assert problems == []
    assert len(found) == 2
    assert len({partner.pk for partner in found}) == 1
    assert rows(Couple).count() == 1
    assert rows(Screening).count() == 1
    assert rows(Consent).count() == 2


def press_while_another_waits(press):
    def press_elsewhere():
        press()
        connections.close_all()

    second = threading.Thread(target=press_elsewhere)
    with transaction.atomic():
        press()
        second.start()
        services.wait_until(waits_for_a_lock, what="the second press")
    second.join(20)


def waits_for_a_lock():
    with connection.cursor() as ask:
        ask.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return ask.fetchone()[0] > 0
