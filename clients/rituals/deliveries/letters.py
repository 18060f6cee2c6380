"""One message: claimed, looked at for the last time, sent, and its end written down."""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from clients import consents
from clients.models import Channel, Consent, Couple, Partner, Quiet, Seat
from clients.rituals import cadence, links, rituals
from clients.rituals.deliveries.rows import held, hours_of, note
from clients.rituals.models import Delivery, DeliveryAttempt, Occurrence, Ritual
from facilitator import mail
from facilitator.models import Practice

LEASE = timedelta(seconds=120)
BATCH = 5
RETRY_MINUTES = (1, 5, 20, 60)
AGAIN = timedelta(minutes=15)
# Reminders a person gets on one local day, however many rituals run.
A_DAY = 3
State = Delivery.State


@dataclass(frozen=True)
class Letter:
    """What goes out now. It exists in memory only; the link in it is kept nowhere else."""

    delivery: UUID
    lease: UUID
    attempt: int
    to: str
    subject: str
    body: str
    message_id: str
    practice: Practice


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
    seats = Seat.objects.unscoped("the final check locks the person").select_for_update()
    seat = seats.get(partner=claimed.person_id)
    _lock_reach(claimed)
    row = (
        held(claimed, State.CLAIMED)
        .select_related("channel", "person__couple__practice", "occurrence")
        .first()
    )
    if row is None:
        return None
    opens = cadence.opens_at(hours_of(seat), seat.zone, now)
    if row.kind == Delivery.Kind.SIGN_IN and opens and now < opens < row.expires_at:
        held(claimed, State.CLAIMED).update(state=State.DUE, wake_at=opens, lease_token=None)
        return None
    reason = _why_not(row, ritual, seat, now)
    if reason:
        ended = State.EXPIRED if reason == "expired" else State.SUPPRESSED
        held(claimed, State.CLAIMED).update(state=ended, reason=reason, outcome_at=now)
        note(row.occurrence, Occurrence.Reminder.NOT_SENT)
        return None
    n = row.attempt_no + 1
    changed = held(claimed, State.CLAIMED).update(
        state=State.SENDING, attempt_no=n, started_at=now, wake_at=now + LEASE
    )
    if changed != 1:
        return None
    DeliveryAttempt.objects.create(delivery=row, n=n, stage="begun", at=now)
    return _letter(row, seat, n, now)


def _why_not(row: Delivery, ritual: Ritual | None, seat: Seat, now: datetime) -> str:
    """Why this must not go out now; empty when it may. Every rule is read anew from its own rows."""
    person, hours = row.person, hours_of(seat)
    refusals = (
        ("expired", lambda: row.expires_at <= now),
        ("muted", settings.MUTE_FILE.exists),
        ("left", lambda: bool(person.left_at or person.couple.closed_at)),
        ("channel", lambda: row.channel.state != Channel.State.OK or row.channel.partner_id != person.pk),
        ("epoch", lambda: seat.epoch != row.person_epoch),
        ("consent", lambda: not consents.current(partner=person, scope=Consent.Scope.MESSAGES)),
        ("rests", lambda: ritual is not None and not rituals.runs(ritual, now)),
        ("quiet", lambda: row.kind == Delivery.Kind.NUDGE and _is_quiet(person.couple_id, now)),
        ("hours", lambda: not cadence.may_reach(hours, seat.zone, now)),
        ("enough", lambda: row.kind == Delivery.Kind.NUDGE and _today(person, seat, now) >= A_DAY),
        ("no_mail", lambda: not mail.can_mail(person.couple.practice, row.channel.address)),
    )
    return next((reason for reason, is_so in refusals if is_so()), "")


def _lock_reach(claimed: Delivery) -> None:
    """Nobody gives an address up, begins a session or records a private talk while this decides.

    A new row about a couple or a person waits for these locks because of its foreign key.
    """
    why = "the final check holds what may still change it"
    list(Channel.objects.unscoped(why).select_for_update().filter(pk=claimed.channel_id).values_list("pk"))
    couple = Partner.objects.unscoped(why).filter(pk=claimed.person_id).values("couple")
    list(Couple.objects.unscoped(why).select_for_update().filter(pk__in=couple).values_list("pk"))
    list(Partner.objects.unscoped(why).select_for_update().filter(couple__in=couple).values_list("pk"))


def _lock_ritual(claimed: Delivery) -> Ritual | None:
    """Verbs lock the ritual before the seat; so does this."""
    ritual = (
        Ritual.objects.unscoped("whose reminder it is").filter(occurrences__deliveries=claimed.pk).first()
    )
    return rituals.locked_row(ritual) if ritual else None


def _is_quiet(couple_id: UUID, now: datetime) -> bool:
    """A session or a cool-down of this couple. What the facilitator holds rests shared rituals only."""
    return (
        Quiet.objects.unscoped("nothing is sent during a session")
        .filter(Q(until_at__isnull=True) | Q(until_at__gt=now), couple=couple_id, from_at__lte=now)
        .exclude(cause=Quiet.Cause.HELD)
        .exists()
    )


def _today(person: Partner, seat: Seat, now: datetime) -> int:
    place = cadence.zone(seat.zone)
    began = cadence.instant(now.astimezone(place).date(), time(0), place)
    return (
        Delivery.objects.unscoped("so many a day are enough")
        .filter(person=person, kind=Delivery.Kind.NUDGE, started_at__gte=began)
        .filter(state__in=(State.SENDING, State.ACCEPTED, State.UNCERTAIN))
        .count()
    )


def _letter(row: Delivery, seat: Seat, n: int, now: datetime) -> Letter:
    link = links.make(partner=row.person, channel=row.channel, now=now)
    subject, body = mail.letter(row.text, link=link, language=seat.language)
    return Letter(
        delivery=row.pk,
        lease=row.lease_token,
        attempt=n,
        to=row.channel.address,
        subject=subject,
        body=body,
        message_id=row.message_id,
        practice=row.person.couple.practice,
    )


def send(letter: Letter) -> mail.Outcome:
    return mail.send(
        to=letter.to,
        subject=letter.subject,
        body=letter.body,
        message_id=letter.message_id,
        practice=letter.practice,
    )


@transaction.atomic
def record(letter: Letter, outcome: mail.Outcome, now: datetime) -> str:
    """Write down how it ended; the state it came to, or "" when somebody else had given it up meanwhile."""
    rows = Delivery.objects.unscoped("an outcome").select_related("occurrence")
    row = rows.filter(pk=letter.delivery, lease_token=letter.lease).first()
    if row is None:
        return ""
    state, facts = _verdict(row, outcome, now)
    # An answer that came back late still says what an uncertain one did not.
    before = (State.SENDING, State.UNCERTAIN) if outcome.is_accepted else (State.SENDING,)
    if rows.filter(pk=row.pk, lease_token=letter.lease, state__in=before).update(state=state, **facts) != 1:
        return ""
    DeliveryAttempt.objects.create(
        delivery=row, n=letter.attempt, stage=outcome.stage, code=outcome.code, at=now
    )
    note(row.occurrence, REMINDER.get(state, Occurrence.Reminder.NOT_SENT))
    if outcome.is_unknown_address:
        _cannot_reach(row.channel_id, now)
    return state


REMINDER = {
    State.ACCEPTED: Occurrence.Reminder.SENT,
    State.UNCERTAIN: Occurrence.Reminder.NOT_CONFIRMED,
    State.RETRY_WAIT: Occurrence.Reminder.PLANNED,
}


def _verdict(row: Delivery, outcome: mail.Outcome, now: datetime) -> tuple[str, dict[str, Any]]:
    ended: dict[str, Any] = {"outcome_at": now, "outcome_code": f"{outcome.stage}-{outcome.code}"}
    if outcome.is_accepted:
        return State.ACCEPTED, ended
    if outcome.is_uncertain:
        return doubt(row, now, ended)
    if not outcome.may_try_again or row.attempt_no > len(RETRY_MINUTES):
        return State.FAILED, {**ended, "reason": "gave_up"}
    wait = timedelta(minutes=RETRY_MINUTES[row.attempt_no - 1] * random.random(), seconds=5)
    if now + wait >= row.expires_at:
        return State.EXPIRED, {**ended, "reason": "expired"}
    return State.RETRY_WAIT, {"wake_at": now + wait, "outcome_code": ended["outcome_code"]}


def doubt(row: Delivery, now: datetime, ended: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """It may have arrived. A reminder twice is pressure, so it is held; other kinds say what they prefer."""
    again = now + AGAIN
    if (
        row.on_uncertain == Delivery.OnUncertain.RESEND_ONCE
        and row.attempt_no == 1
        and again < row.expires_at
    ):
        return State.RETRY_WAIT, {"wake_at": again}
    return State.UNCERTAIN, {**ended, "reason": "not_confirmed"}


def _cannot_reach(channel_id: UUID, now: datetime) -> None:
    """Nobody lives at this address. No other one is tried: it may be watched."""
    Channel.objects.unscoped("an address nobody lives at").filter(pk=channel_id).update(
        state=Channel.State.UNREACHABLE
    )
    waiting = Delivery.objects.unscoped("nothing more to an unreachable address").filter(
        channel=channel_id, state__in=Delivery.READY
    )
    waiting.update(state=State.SUPPRESSED, reason="channel", outcome_at=now)
