"""Claim what is next, and look at it for the last time before it is sent."""

from datetime import datetime, time, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from clients import consents
from clients.models import Channel, Consent, Couple, Partner, Quiet, Seat
from clients.rituals import cadence, running
from clients.rituals.deliveries.letters import Letter, letter_of
from clients.rituals.deliveries.rows import State, hours_of, note, under_lease
from clients.rituals.models import Delivery, DeliveryAttempt, Occurrence, Ritual
from facilitator import mail

BATCH = 5
# So long a row belongs to whoever claimed it, and once more to whoever began to send it.
LEASE = timedelta(seconds=120)
# Reminders a person gets on one local day, however many rituals run.
REMINDERS_A_DAY = 3


def claim(now: datetime, limit: int = BATCH) -> list[Delivery]:
    """Take the next few for a while. Nobody else gets them before the lease is over."""
    lease = uuid4()
    rows = Delivery.objects.unscoped("the next to send")

    with transaction.atomic():
        ready = rows.filter(state__in=Delivery.READY, wake_at__lte=now).order_by("wake_at")
        picked = list(ready.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        rows.filter(pk__in=picked, state__in=Delivery.READY).update(
            state=State.CLAIMED, lease_token=lease, wake_at=now + LEASE
        )

    return list(rows.filter(lease_token=lease, state=State.CLAIMED).order_by("not_before"))


@transaction.atomic
def final_check(claimed: Delivery, now: datetime) -> Letter | None:
    """The last look, and from here on it counts as begun. A no that commits before this is a no."""
    ritual = _lock_ritual(claimed)
    seat = _lock_seat(claimed)
    _lock_reach(claimed)

    with_all_it_needs = ("channel", "person__couple__practice", "occurrence")
    row = under_lease(claimed, State.CLAIMED).select_related(*with_all_it_needs).first()
    if row is None:
        return None
    if _waits_for_hours(row, seat, now):
        return None

    reason = _why_not(row, ritual, seat, now)
    if reason:
        _give_up(row, reason, now)
        return None

    attempt = row.attempt_no + 1
    begun = under_lease(claimed, State.CLAIMED).update(
        state=State.SENDING, attempt_no=attempt, started_at=now, wake_at=now + LEASE
    )
    if begun != 1:
        return None

    DeliveryAttempt.objects.create(delivery=row, n=attempt, stage="begun", at=now)
    return letter_of(row, seat, attempt, now)


# Locks. Verbs lock the ritual before the seat; so does this.


def _lock_ritual(claimed: Delivery) -> Ritual | None:
    rituals = Ritual.objects.unscoped("whose reminder it is").filter(occurrences__deliveries=claimed.pk)
    ritual = rituals.first()
    return running.locked_row(ritual) if ritual else None


def _lock_seat(claimed: Delivery) -> Seat:
    seats = Seat.objects.unscoped("the final check locks the person").select_for_update()
    seat: Seat = seats.get(partner=claimed.person_id)
    return seat


def _lock_reach(claimed: Delivery) -> None:
    """Nobody gives an address up, begins a session or records a private talk while this decides.

    A new row about a couple or a person waits for these locks because of its foreign key.
    """
    why = "the final check holds what may still change it"
    couple = Partner.objects.unscoped(why).filter(pk=claimed.person_id).values("couple")

    list(Channel.objects.unscoped(why).select_for_update().filter(pk=claimed.channel_id).values_list("pk"))
    list(Couple.objects.unscoped(why).select_for_update().filter(pk__in=couple).values_list("pk"))
    list(Partner.objects.unscoped(why).select_for_update().filter(couple__in=couple).values_list("pk"))


# What is looked at


def _waits_for_hours(row: Delivery, seat: Seat, now: datetime) -> bool:
    """A sign-in link that was asked for at night is due again when its reader's hours begin."""
    if row.kind != Delivery.Kind.SIGN_IN:
        return False

    opens = cadence.opens_at(hours_of(seat), seat.zone, now)
    if opens is None or not now < opens < row.expires_at:
        return False

    under_lease(row, State.CLAIMED).update(state=State.DUE, wake_at=opens, lease_token=None)
    return True


def _why_not(row: Delivery, ritual: Ritual | None, seat: Seat, now: datetime) -> str:
    """Why this must not go out now; empty when it may. Every rule is read anew from its own rows."""
    if row.expires_at <= now:
        return "expired"
    if settings.MUTE_FILE.exists():
        return "muted"

    person = row.person
    if person.left_at or person.couple.closed_at:
        return "left"
    if row.channel.state != Channel.State.OK or row.channel.partner_id != person.pk:
        return "channel"
    if seat.epoch != row.person_epoch:
        return "epoch"
    if not consents.current(partner=person, scope=Consent.Scope.MESSAGES):
        return "consent"

    is_reminder = row.kind == Delivery.Kind.NUDGE
    if ritual is not None and not running.runs(ritual, now):
        return "rests"
    if is_reminder and _is_quiet(person.couple_id, now):
        return "quiet"
    if not cadence.may_reach(hours_of(seat), seat.zone, now):
        return "hours"
    if is_reminder and _reminded_today(person, seat, now) >= REMINDERS_A_DAY:
        return "enough"

    if not mail.can_mail(person.couple.practice, row.channel.address):
        return "no_mail"
    return ""


def _is_quiet(couple_id: UUID, now: datetime) -> bool:
    """A session or a cool-down of this couple. What the facilitator holds rests shared rituals only."""
    quiets = Quiet.objects.unscoped("nothing is sent during a session")
    open_now = quiets.filter(Quiet.open_at(now), couple=couple_id)
    return open_now.exclude(cause=Quiet.Cause.HELD).exists()


def _reminded_today(person: Partner, seat: Seat, now: datetime) -> int:
    """How many reminders of this local day were sent, or may have been."""
    place = cadence.zone(seat.zone)
    day_began = cadence.instant(cadence.local_date(now, seat.zone), time(0), place)

    deliveries = Delivery.objects.unscoped("so many a day are enough")
    begun = deliveries.filter(person=person, kind=Delivery.Kind.NUDGE, started_at__gte=day_began)
    return begun.filter(state__in=(State.SENDING, State.ACCEPTED, State.UNCERTAIN)).count()


def _give_up(row: Delivery, reason: str, now: datetime) -> None:
    ended = State.EXPIRED if reason == "expired" else State.SUPPRESSED
    under_lease(row, State.CLAIMED).update(state=ended, reason=reason, outcome_at=now)
    note(row.occurrence, Occurrence.Reminder.NOT_SENT)
