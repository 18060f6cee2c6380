"""An enquiry that nothing followed is erased after sixty days, where the couple lives."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clients import agreement, consents, couples, enquiries, safety
from clients.models import Assignment, Casefile, Channel, Consent, Couple, Partner, Screening, Seat
from clients.rituals import deliveries
from clients.rituals.models import DeliveryAttempt, SignInLink
from clients.rituals.tasks import forget_enquiries
from facilitator import celery
from facilitator.models import AuditEntry, DataKey, Practice, Purge, User
from facilitator.now import now
from sessions.engine.formats import FORMATS
from sessions.record import planning
from tests.cast import MORNING
from tests.clients.test_walking_in import BOTH, enquired, rows
from tests.clients.test_walking_in import client as client
from tests.clients.test_walking_in import sol as sol

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def gone():
    return rows(Couple).count() == 0


@pytest.mark.parametrize(
    ("begun", "last_moment", "over"),
    [
        # 60 days on is the very Sunday on which the clocks go forward (29 March) or back (25 October).
        ("2026-01-28T00:30", "2026-03-28T23:59:59", "2026-03-29T00:00:00"),
        ("2026-08-25T23:30", "2026-10-24T22:59:59", "2026-10-24T23:00:00"),
    ],
)
def test_an_enquiry_that_nothing_followed_is_gone_after_sixty_days_where_they_live(
    sol, begun, last_moment, over
):
    at, before, then = (
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (begun, last_moment, over)
    )
    ana = enquired(sol, at)
    safety.record_talk(partner=ana, user=sol, spoken_alone_on=at.date(), outcome="go", notes="Calm.", now=at)
    agreement.take(ana, BOTH, by="user:x", now=at)
    couples.reach_by_email(
        partner=ana, address="ana@home.test", by=couples.AsFacilitator(sol.pk, sol.practice_id), now=at
    )
    couples.account_of(ana)
    assert (enquiries.forget_enquiries(before), gone()) == (0, False)
    assert (enquiries.forget_enquiries(then), gone()) == (1, True)
    for model in (Partner, Seat, Screening, Consent, Casefile, Assignment, Channel):
        assert rows(model).count() == 0, model
    keys = DataKey.objects.filter(couple=ana.couple_id)
    assert keys.count() >= 3
    assert all(key.destroyed_at == then and key.wrapped == "" for key in keys)
    assert list(User.objects.all()) == [sol]
    assert AuditEntry.objects.get(action="enquiry erased").subject == f"couple:{ana.couple_id}"


def test_a_link_that_was_sent_goes_with_the_enquiry(client, sol):
    """What was sent is append-only; it goes through the one door there is for that, and says so."""
    Practice.objects.update(is_demo=True)
    ana = enquired(sol, MORNING)
    viewer = couples.AsFacilitator(sol.pk, sol.practice_id)
    couples.reach_by_email(partner=ana, address="ana@home.example", by=viewer, now=MORNING)
    consents.give(partner=ana, scope="facilitation", how="paper", by="user:x", now=MORNING)
    consents.give(partner=ana, scope="messages", how="paper", by="user:x", now=MORNING)
    client.post(reverse("partner_link", args=[ana.pk]))
    deliveries.sweep(now)
    assert (rows(SignInLink).count(), rows(DeliveryAttempt).count()) == (1, 2)
    assert enquiries.forget_enquiries(MORNING + timedelta(days=60)) == 1
    assert (rows(SignInLink).count(), rows(DeliveryAttempt).count()) == (0, 0)
    assert Purge.objects.get(reason="an enquiry that nothing followed").open is None


def test_a_talk_alone_keeps_an_enquiry_for_sixty_days_more(sol):
    ana = enquired(sol, MORNING)
    later = MORNING + timedelta(days=40)
    safety.record_talk(partner=ana, user=sol, spoken_alone_on=later.date(), outcome="go", now=later)
    assert enquiries.forget_enquiries(MORNING + timedelta(days=70)) == 0
    assert enquiries.forget_enquiries(MORNING + timedelta(days=100)) == 1


@pytest.mark.parametrize("what", ["a yes", "an address"])
def test_a_fresh_yes_or_an_address_keeps_an_enquiry_for_sixty_days_more(sol, what):
    ana = enquired(sol, MORNING)
    later = MORNING + timedelta(days=59)
    if what == "a yes":
        agreement.take(ana, BOTH, by="user:x", now=later)
    else:
        viewer = couples.AsFacilitator(sol.pk, sol.practice_id)
        couples.reach_by_email(partner=ana, address="ana@home.test", by=viewer, now=later)
    assert enquiries.forget_enquiries(MORNING + timedelta(days=60)) == 0
    assert enquiries.forget_enquiries(later + timedelta(days=59)) == 0
    assert enquiries.forget_enquiries(later + timedelta(days=60)) == 1


def test_a_couple_that_agreed_is_no_enquiry_and_neither_is_one_that_took_it_back(fay):
    late = MORNING + timedelta(days=400)
    assert enquiries.forget_enquiries(late) == 0
    for one in (fay.a, fay.b):
        consents.withdraw(partner=one, scope="facilitation", by="user:x", now=MORNING)
    assert enquiries.forget_enquiries(late) == 0


def test_a_talk_with_the_one_who_agreed_is_something_that_followed(sol):
    ana = enquired(sol, MORNING)
    agreement.take(ana, BOTH, by="user:x", now=MORNING)
    planning.propose(
        couple=ana.couple, facilitator=sol, chosen=FORMATS["one-to-one"], short=False, first_speaker="A",
        with_="A", planned_start=MORNING, goal=None, now=MORNING,
    )  # fmt: skip
    assert enquiries.forget_enquiries(MORNING + timedelta(days=400)) == 0
    assert rows(Couple).count() == 1


def test_the_sweep_asks_the_clock_itself(sol):
    enquired(sol, MORNING)
    with time_machine.travel(MORNING + timedelta(days=59), tick=False):
        forget_enquiries()
        assert not gone()
    with time_machine.travel(MORNING + timedelta(days=60), tick=False):
        forget_enquiries()
        assert gone()


def test_the_bell_ringer_rings_for_it_every_hour():
    ringing = celery.app.conf.beat_schedule["enquiries"]
    assert ringing["schedule"] == 3600
    assert celery.app.tasks[ringing["task"]].run is forget_enquiries.run
