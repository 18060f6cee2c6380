"""A no and a sweep at the same instant: no reminder begins after the no was answered.

On PostgreSQL each act has a connection of its own and they truly meet. SQLite lets one writer in at a time, and
the tests' database lives in memory; there they come one after the other in every order.
"""

import random
import threading

import pytest
from django.db import connection, connections

from clients import consents
from clients.rituals import deliveries, rituals
from clients.rituals.models import Delivery, DeliveryAttempt
from tests.rituals.evenings import DAY, SEVEN_PM, agreed, every, reachable

pytestmark = [pytest.mark.both, pytest.mark.django_db(transaction=True)]
# Up to the night on which the clocks change.
ROUNDS = 18
dice = random.Random(7)


def at_once(*acts):
    """All of them at the same instant; on SQLite one after the other, in an order thrown by dice."""
    if connection.vendor == "sqlite":
        for act in dice.sample(acts, len(acts)):
            act()
        return

    gate = threading.Barrier(len(acts))
    problems = []

    def run(act):
        try:
            gate.wait(10)
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert problems == []


@pytest.mark.parametrize("way", ["decline", "withdraw"])
def test_nothing_begins_after_a_no_has_been_answered(fay, way):
    reachable(fay)
    ritual = agreed(fay)
    begun_first = 0

    for n in range(ROUNDS):
        at = SEVEN_PM + n * DAY
        deliveries.lay_out_due(at)
        rows = deliveries.claim(at)
        assert len(rows) == 2

        ended = {}

        def no(at=at, ended=ended):
            if way == "decline":
                rituals.decline(ritual=ritual, partner=fay.a, now=at)
            else:
                consents.withdraw(partner=fay.a, scope="messages", by="test", now=at)
            ended["begun"] = set(every(DeliveryAttempt).values_list("delivery", flat=True))

        at_once(no, *(lambda row=row, at=at: deliveries.final_check(row, at) for row in rows))

        declined = way == "decline"
        mine = {row.pk for row in rows if declined or row.person_id == fay.a.pk}
        begun = set(every(DeliveryAttempt).values_list("delivery", flat=True))
        assert (begun - ended["begun"]) & mine == set()
        begun_first += len(begun & mine)

        every(Delivery, state="sending").update(state="accepted")
        if way == "decline":
            rituals.resume(ritual=ritual, partner=fay.a, now=at)
        else:
            consents.give(partner=fay.a, scope="messages", how="own_hand", by="test", now=at)
    print(f"{ROUNDS} races, {begun_first} begun before the no")


def test_two_sweeps_lay_out_and_claim_each_row_once(fay):
    reachable(fay)
    agreed(fay)
    for n in range(ROUNDS):
        at = SEVEN_PM + n * DAY
        taken = []

        def work(at=at, taken=taken):
            deliveries.lay_out_due(at)
            taken.extend(row.pk for row in deliveries.claim(at))

        at_once(work, work, work)

        taken.extend(row.pk for row in deliveries.claim(at))
        assert len(taken) == 2
        assert len(set(taken)) == 2
