"""An enquiry that nothing followed is erased after sixty days, where the couple lives."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clients import agreement, consents, couples, enquiries, safety
from clients.access import AsFacilitator
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
from tests.clients.walk_in import BOTH, enquired, rows
from tests.clients.walk_in import client as client
from tests.clients.walk_in import sol as sol

pytestmark = [pytest.mark.django_db, pytest.mark.both]

DAY = timedelta(days=1)


def gone():
    return rows(Couple).count() == 0


def reach_ana(ana, sol, address="ana@home.test", *, at):
    couples.reach_by_email(partner=ana, address=address, by=AsFacilitator.of(sol), now=at)


def everything_at_once(sol, *, at):
    """An enquiry with a talk, both yeses, an address and an account, all of the same instant. Returns Ana."""
    ana = enquired(sol, at)
    safety.record_talk(partner=ana, user=sol, spoken_alone_on=at.date(), outcome="go", notes="Calm.", now=at)
    agreement.take(ana, BOTH, by="user:x", now=at)
    reach_ana(ana, sol, at=at)
    couples.account_of(ana)
    return ana


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
    everything_at_once(sol, at=utc(begun))

    assert enquiries.forget_enquiries(utc(last_moment)) == 0
    assert not gone()

    assert enquiries.forget_enquiries(utc(over)) == 1
    assert gone()


def test_everything_about_the_couple_goes_with_it_and_its_keys_are_destroyed(sol):
    ana = everything_at_once(sol, at=MORNING)

    later = MORNING + 60 * DAY
    assert enquiries.forget_enquiries(later) == 1

    for model in (Couple, Partner, Seat, Screening, Consent, Casefile, Assignment, Channel):
        assert rows(model).count() == 0, model
    assert list(User.objects.all()) == [sol]
    assert AuditEntry.objects.get(action="enquiry erased").subject == f"couple:{ana.couple_id}"

    keys = DataKey.objects.filter(couple=ana.couple_id)
    assert keys.count() >= 3
    assert {key.destroyed_at for key in keys} == {later}
    assert {key.wrapped for key in keys} == {""}


def test_a_link_that_was_sent_goes_with_the_enquiry(client, sol):
    """What was sent is append-only; it goes through the one door there is for that, and says so."""
    Practice.objects.update(is_demo=True)
    ana = enquired(sol, MORNING)
    reach_ana(ana, sol, "ana@home.example", at=MORNING)
    for scope in ("facilitation", "messages"):
        consents.give(partner=ana, scope=scope, how="paper", by="user:x", now=MORNING)
    client.post(reverse("partner_link", args=[ana.pk]))
    deliveries.sweep(now)
    assert rows(SignInLink).count() == 1
    assert rows(DeliveryAttempt).count() == 2

    assert enquiries.forget_enquiries(MORNING + 60 * DAY) == 1

    assert rows(SignInLink).count() == 0
    assert rows(DeliveryAttempt).count() == 0
    assert Purge.objects.get(reason="an enquiry that nothing followed").open is None


# What keeps one


def test_a_talk_alone_keeps_an_enquiry_for_sixty_days_more(sol):
    ana = enquired(sol, MORNING)
    later = MORNING + 40 * DAY
    safety.record_talk(partner=ana, user=sol, spoken_alone_on=later.date(), outcome="go", now=later)

    assert enquiries.forget_enquiries(MORNING + 70 * DAY) == 0
    assert enquiries.forget_enquiries(MORNING + 100 * DAY) == 1


@pytest.mark.parametrize("what", ["a yes", "an address"])
def test_a_fresh_yes_or_an_address_keeps_an_enquiry_for_sixty_days_more(sol, what):
    ana = enquired(sol, MORNING)
    later = MORNING + 59 * DAY
    if what == "a yes":
        agreement.take(ana, BOTH, by="user:x", now=later)
    else:
        reach_ana(ana, sol, at=later)

    assert enquiries.forget_enquiries(MORNING + 60 * DAY) == 0
    assert enquiries.forget_enquiries(later + 59 * DAY) == 0
    assert enquiries.forget_enquiries(later + 60 * DAY) == 1


def test_a_couple_that_agreed_is_no_enquiry_and_neither_is_one_that_took_it_back(fay):
    late = MORNING + 400 * DAY
    assert enquiries.forget_enquiries(late) == 0

    for partner in (fay.a, fay.b):
        consents.withdraw(partner=partner, scope="facilitation", by="user:x", now=MORNING)

    assert enquiries.forget_enquiries(late) == 0


def test_a_talk_with_the_one_who_agreed_is_something_that_followed(sol):
    ana = enquired(sol, MORNING)
    agreement.take(ana, BOTH, by="user:x", now=MORNING)
    planning.propose(
        couple=ana.couple, facilitator=sol, chosen=FORMATS["one-to-one"], short=False, first_speaker="A",
        with_="A", planned_start=MORNING, goal=None, now=MORNING,
    )  # fmt: skip

    assert enquiries.forget_enquiries(MORNING + 400 * DAY) == 0
    assert not gone()


# Who asks


def test_the_task_looks_at_the_clock_itself(sol):
    enquired(sol, MORNING)

    with time_machine.travel(MORNING + 59 * DAY, tick=False):
        forget_enquiries()
        assert not gone()

    with time_machine.travel(MORNING + 60 * DAY, tick=False):
        forget_enquiries()
        assert gone()


def test_the_task_is_rung_every_hour():
    ringing = celery.app.conf.beat_schedule["enquiries"]

    assert ringing["schedule"] == 3600
    assert celery.app.tasks[ringing["task"]].run is forget_enquiries.run
