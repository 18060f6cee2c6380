"""Deliveries in any order of events: sent at most once, never after a no, never outside somebody's hours.

Hypothesis makes the days: sweeps, workers that die after claiming or while sending, a clock that jumps two hours
either way, noes and yeses, an address given up, a server that is busy or hangs up after the text.
"""

from collections import Counter

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients import couples
from clients.models import Channel, Seat
from clients.rituals import cadence, deliveries, rituals, running
from clients.rituals.models import Delivery, DeliveryAttempt
from facilitator.mail import LOST, Outcome
from facilitator.models import MailSettings
from tests.rituals.evenings import HOUR, MINUTE, TUESDAY, WHY, agreed, every, reachable
from tests.thorough import TIMES

pytestmark = pytest.mark.both
TERMINAL = ("accepted", "uncertain", "failed", "expired", "suppressed", "cancelled")
FATES = ("arrives", "arrives unheard", "is busy", "hangs up", "dies", "dies after arriving")
acts = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 26 * 60)),
        st.tuples(st.just("sweep"), st.lists(st.sampled_from(FATES), min_size=6, max_size=6)),
        st.tuples(st.just("claim and die"), st.none()),
        st.tuples(st.just("no"), st.sampled_from("AB")),
        st.tuples(st.just("yes"), st.sampled_from("AB")),
        st.tuples(st.just("clock"), st.sampled_from([-120, 120])),
        st.tuples(st.just("new address"), st.sampled_from("AB")),
    ),
    min_size=4,
    max_size=25,
)


class World:
    """The instant, what has truly arrived, and when each person last said no."""

    def __init__(self, house):
        self.house = house
        self.at = TUESDAY
        self.arrived = Counter()
        self.ritual = agreed(house)

    def partner_of(self, slot):
        return self.house.partner(slot)

    def wait(self, minutes):
        self.at += minutes * MINUTE

    clock = wait

    def no(self, slot):
        rituals.decline(ritual=self.ritual, partner=self.partner_of(slot), now=self.at)

    def yes(self, slot):
        rituals.resume(ritual=self.ritual, partner=self.partner_of(slot), now=self.at)

    def new_address(self, slot):
        couples.reach_by_email(
            partner=self.partner_of(slot), address=f"{slot}@new.example", by=self.house.viewer, now=self.at
        )

    def claim_and_die(self, _):
        deliveries.lay_out_due(self.at)
        deliveries.claim(self.at, limit=1)

    def sweep(self, fates):
        """A sweep step by step, with the fate of each message decided by the dice."""
        deliveries.give_up_stale(self.at)
        rituals.settle_all(self.at)
        deliveries.lay_out_due(self.at)

        for row, fate in zip(deliveries.claim(self.at, limit=6), fates, strict=False):
            letter = deliveries.final_check(row, self.at)
            if letter is not None:
                self.look(row)
                self.send(letter, fate)

    def look(self, row):
        """At the instant of sending: still wanted, in their hours, to their own address."""
        person = Seat.objects.unscoped(WHY).get(partner=row.person_id)
        hours = cadence.Hours(person.quiet_until, person.quiet_from)
        assert cadence.may_reach(hours, person.zone, self.at)
        assert running.runs(self.ritual, self.at)

        channel = every(Channel, pk=row.channel_id).get()
        assert channel.partner_id == row.person_id
        assert channel.state == "ok"

    def send(self, letter, fate):
        if fate in ("arrives", "arrives unheard", "dies after arriving"):
            self.arrived[letter.message_id] += 1

        outcomes = {
            "arrives": Outcome("done", "2"),
            "arrives unheard": Outcome("data", LOST),
            "is busy": Outcome("rcpt", "4"),
            "hangs up": Outcome("connect", LOST),
        }

        if fate in outcomes:
            deliveries.record(letter, outcomes[fate], self.at)


class Undo(Exception):
    """Leave a world and everything in it."""


@given(days=acts)
@settings(max_examples=15 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_most_once_and_never_after_a_no(fay, days):
    try:
        with transaction.atomic():
            reachable(fay)
            live(World(fay), days)
            raise Undo
    except Undo:
        pass


def live(world, days):
    for act, fact in days:
        with time_machine.travel(world.at, tick=False):
            getattr(world, act.replace(" ", "_"))(fact)
        assert max(world.arrived.values(), default=0) <= 1

    # In the end everything has come to an end.
    world.at += 30 * HOUR
    deliveries.give_up_stale(world.at)
    rows = every(Delivery)
    assert [row.state for row in rows if row.state not in TERMINAL] == []

    for row in rows:
        if row.state == "accepted":
            assert world.arrived[row.message_id] == 1
        if world.arrived[row.message_id]:
            assert row.state in ("accepted", "uncertain")
    begun = every(DeliveryAttempt, stage="begun").count()
    assert sum(row.attempt_no for row in rows) == begun

    # One reminder a local date for each person, whatever addresses they had.
    dates = Counter((row.person_id, row.occurrence.local_date) for row in rows.select_related("occurrence"))
    assert max(dates.values(), default=0) <= 1


def test_the_test_above_would_notice_a_message_sent_twice(fay):
    """A world in which a busy server is answered by sending again at once would be noticed."""
    world = World(reachable(fay))
    world.at = TUESDAY + 10 * HOUR

    with time_machine.travel(world.at, tick=False):
        deliveries.lay_out_due(world.at)
        (row, *_) = deliveries.claim(world.at)
        letter = deliveries.final_check(row, world.at)
        world.send(letter, "arrives")
        world.send(letter, "arrives")

    assert max(world.arrived.values()) == 2
    assert MailSettings.objects.count() == 0
