"""One message: made, sent, and its end written down."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from clients.models import Channel, Seat
from clients.rituals import links
from clients.rituals.deliveries.rows import State, note
from clients.rituals.models import Delivery, DeliveryAttempt, Occurrence
from facilitator import mail
from facilitator.models import Practice

RETRY_MINUTES = (1, 5, 20, 60)
# When a message that may have arrived is sent once more, where it says it prefers that.
RESEND_AFTER = timedelta(minutes=15)

# What the desk sees of a reminder in this state; in any other it was not sent.
REMINDER = {
    State.ACCEPTED: Occurrence.Reminder.SENT,
    State.UNCERTAIN: Occurrence.Reminder.NOT_CONFIRMED,
    State.RETRY_WAIT: Occurrence.Reminder.PLANNED,
}


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


def letter_of(row: Delivery, seat: Seat, attempt: int, now: datetime) -> Letter:
    """The words of this delivery, in its reader's language, with a fresh link."""
    link = links.make(partner=row.person, channel=row.channel, now=now)
    subject, body = mail.letter(row.text, link=link, language=seat.language)

    return Letter(
        delivery=row.pk,
        lease=row.lease_token,
        attempt=attempt,
        to=row.channel.address,
        subject=subject,
        body=body,
        message_id=row.message_id,
        practice=row.person.couple.practice,
    )


# Send


def send(letter: Letter) -> mail.Outcome:
    return mail.send(
        to=letter.to,
        subject=letter.subject,
        body=letter.body,
        message_id=letter.message_id,
        practice=letter.practice,
    )


# Record


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
    still_mine = rows.filter(pk=row.pk, lease_token=letter.lease, state__in=before)
    if still_mine.update(state=state, **facts) != 1:
        return ""

    DeliveryAttempt.objects.create(
        delivery=row, n=letter.attempt, stage=outcome.stage, code=outcome.code, at=now
    )
    note(row.occurrence, REMINDER.get(state, Occurrence.Reminder.NOT_SENT))
    if outcome.is_unknown_address:
        _cannot_reach(row.channel_id, now)
    return state


def _verdict(row: Delivery, outcome: mail.Outcome, now: datetime) -> tuple[State, dict[str, Any]]:
    """The state this outcome leads to, and what else is written with it."""
    code = f"{outcome.stage}-{outcome.code}"
    ended: dict[str, Any] = {"outcome_at": now, "outcome_code": code}

    if outcome.is_accepted:
        return State.ACCEPTED, ended
    if outcome.is_uncertain:
        return doubt(row, now, ended)
    if not outcome.may_try_again or row.attempt_no > len(RETRY_MINUTES):
        return State.FAILED, {**ended, "reason": "gave_up"}

    # By chance sooner or later, so that not all knock again at the same instant.
    minutes = RETRY_MINUTES[row.attempt_no - 1] * random.random()
    again = now + timedelta(minutes=minutes, seconds=5)
    if again >= row.expires_at:
        return State.EXPIRED, {**ended, "reason": "expired"}
    return State.RETRY_WAIT, {"wake_at": again, "outcome_code": code}


def doubt(row: Delivery, now: datetime, ended: dict[str, Any]) -> tuple[State, dict[str, Any]]:
    """It may have arrived. A reminder twice is pressure, so it is held; other kinds say what they prefer."""
    again = now + RESEND_AFTER
    wants_resend = row.on_uncertain == Delivery.OnUncertain.RESEND_ONCE
    is_first = row.attempt_no == 1

    if wants_resend and is_first and again < row.expires_at:
        return State.RETRY_WAIT, {"wake_at": again}
    return State.UNCERTAIN, {**ended, "reason": "not_confirmed"}


def _cannot_reach(channel_id: UUID, now: datetime) -> None:
    """Nobody lives at this address. No other one is tried: it may be watched."""
    channels = Channel.objects.unscoped("an address nobody lives at").filter(pk=channel_id)
    channels.update(state=Channel.State.UNREACHABLE)

    waiting = Delivery.objects.unscoped("nothing more to an unreachable address").filter(
        channel=channel_id, state__in=Delivery.READY
    )
    waiting.update(state=State.SUPPRESSED, reason="channel", outcome_at=now)
