"""What the ritual tests share: both reachable, a ritual proposed and agreed, sweeps at given instants."""

from datetime import UTC, date, datetime, time, timedelta

import time_machine

from clients import couples
from clients.models import Seat
from clients.rituals import deliveries, rituals
from clients.rituals.models import Delivery, Occurrence, Ritual, RitualConsent
from facilitator.models import LocalMail
from facilitator.now import now

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# A Tuesday in Lisbon, before the clocks change.
TUESDAY = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
SEVEN_PM = datetime(2026, 3, 10, 19, 0, tzinfo=UTC)

ANA = "ana@home.example"
BEN = "ben@home.example"
WHY = "a test looks"


# What there is


def reachable(house, *slots):
    """A demo practice, so that mail to .example stays on this machine."""
    house.practice.is_demo = True
    house.practice.save()

    for slot in slots or ("A", "B"):
        partner = house.partner(slot)
        address = f"{partner.name.lower()}@home.example"
        couples.reach_by_email(partner=partner, address=address, by=house.viewer, now=TUESDAY)
    return house


def proposed(house, *, code="ten-minute-checkin", slot="", at=TUESDAY, **facts):
    """Every evening at seven, to both or to the one in `slot`."""
    usual = {"usual_time": time(19), "weekdays": frozenset(range(7)), "start_on": date(2026, 3, 1)}
    owner = house.partner(slot) if slot else None
    return rituals.propose(
        couple=house.couple, by=house.facilitator, code=code, owner=owner, now=at, **(usual | facts)
    )


def agreed(house, *, at=TUESDAY, **facts):
    """Proposed, and everybody asked has said yes."""
    ritual = proposed(house, at=at, **facts)

    asked = [ritual.owner] if ritual.owner else [house.a, house.b]
    for partner in asked:
        rituals.consent(ritual=ritual, partner=partner, answer="yes", now=at)
    return again(ritual)


def set_seat(partner, **facts):
    """Where and when this person may be reached."""
    Seat.objects.unscoped(WHY).filter(partner=partner).update(**facts)


# What happens


def sweep(at):
    """One round as Celery would ring it, at that instant."""
    with time_machine.travel(at, tick=False):
        return deliveries.sweep(now)


def sweeps(start, until, every=5 * MINUTE):
    """Rounds from the one instant to the other; how many messages went out."""
    sent = 0
    at = start
    while at <= until:
        sent += sweep(at)
        at += every
    return sent


def claimed(at):
    """Laid out and claimed, as far as a sweep comes before its last look."""
    with time_machine.travel(at, tick=False):
        deliveries.lay_out_due(at)
        return deliveries.claim(at)


# What came of it


def every(model, **facts):
    return model.objects.unscoped(WHY).filter(**facts)


def again(row):
    return type(row).objects.unscoped(WHY).get(pk=row.pk)


def states(**facts):
    return sorted(every(Delivery, **facts).values_list("state", flat=True))


def mailbox():
    return sorted(LocalMail.objects.values_list("to", flat=True))


def rounds(ritual, partner):
    return list(every(Occurrence, ritual=ritual, partner=partner).order_by("due_at"))


def reminders(ritual, partner):
    """Day of March, and what the desk sees of its reminder."""
    return [(each.local_date.day, each.reminder) for each in rounds(ritual, partner)]


def consent_of(ritual, partner):
    return RitualConsent.objects.unscoped(WHY).get(ritual=ritual, partner=partner)


def state_of(ritual):
    return Ritual.objects.unscoped(WHY).get(pk=ritual.pk).state
