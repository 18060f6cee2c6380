"""What the ritual tests share: both reachable, a ritual proposed and agreed, sweeps at given instants."""

from datetime import UTC, date, datetime, time, timedelta

import time_machine

from clients import couples
from clients.rituals import deliveries, rituals
from clients.rituals.models import Delivery, Occurrence, Ritual, RitualConsent
from facilitator.models import LocalMail
from facilitator.now import now

# A Tuesday in Lisbon, before the clocks change.
TUESDAY = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
SEVEN_PM = datetime(2026, 3, 10, 19, 0, tzinfo=UTC)
WHY = "a test looks"


def reachable(house, *slots):
    """A demo practice, so that mail to .example stays on this machine."""
    house.practice.is_demo = True
    house.practice.save()
    for slot in slots or ("A", "B"):
        partner = house.partner(slot)
        couples.reach_by_email(
            partner=partner, address=f"{partner.name.lower()}@home.example", by=house.viewer, now=TUESDAY
        )
    return house


def proposed(house, *, code="ten-minute-checkin", slot="", at=TUESDAY, **facts):
    given = {"usual_time": time(19), "weekdays": frozenset(range(7)), "start_on": date(2026, 3, 1), **facts}
    owner = house.partner(slot) if slot else None
    return rituals.propose(couple=house.couple, by=house.facilitator, code=code, owner=owner, now=at, **given)


def agreed(house, *, at=TUESDAY, **facts):
    """Proposed, and everybody asked has said yes."""
    ritual = proposed(house, at=at, **facts)
    for partner in [ritual.owner] if ritual.owner else [house.a, house.b]:
        rituals.consent(ritual=ritual, partner=partner, answer="yes", now=at)
    return again(ritual)


def again(row):
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def sweep(at):
    """One round as Celery would ring it, at that instant."""
    with time_machine.travel(at, tick=False):
        return deliveries.sweep(now)


def sweeps(start, until, every=timedelta(minutes=5)):
    at, sent = start, 0
    while at <= until:
        sent += sweep(at)
        at += every
    return sent


def every(model, **facts):
    return model.objects.unscoped(WHY).filter(**facts)


def states(**facts):
    return sorted(every(Delivery, **facts).values_list("state", flat=True))


def mailbox():
    return sorted(LocalMail.objects.values_list("to", flat=True))


def rounds(ritual, partner):
    return list(every(Occurrence, ritual=ritual, partner=partner).order_by("due_at"))


def consent_of(ritual, partner):
    return RitualConsent.objects.unscoped(WHY).get(ritual=ritual, partner=partner)


def state_of(ritual):
    return Ritual.objects.unscoped(WHY).get(pk=ritual.pk).state
