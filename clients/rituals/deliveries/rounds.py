"""The sweep: one round over everything that is due, and what is done with rows that got stuck."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from clients.rituals import rituals
from clients.rituals.deliveries.final_check import claim, final_check
from clients.rituals.deliveries.layout import lay_out_due
from clients.rituals.deliveries.letters import REMINDER, doubt, record, send
from clients.rituals.deliveries.rows import State, note_all, one_by_one, under_lease
from clients.rituals.models import Beat, Delivery, MailTest, Occurrence
from facilitator import mail
from facilitator.models import MailSettings

# A whole sweep stays under the task's time limit of 120 s: this budget plus one last send.
BUDGET_S = 50
SPOILED_AFTER = 3
STEP_BACK = timedelta(minutes=5)


def sweep(clock: Callable[[], datetime]) -> int:
    """One round: whatever is due now. Safe to run at any time, twice, and by several at once."""
    if settings.MUTE_FILE.exists():
        return _beat(clock(), swept=0, errors=0)

    deadline = time.monotonic() + BUDGET_S
    give_up_stale(clock())
    rituals.settle_all(clock())
    _laid, errors = lay_out_due(clock())
    _send_tests(clock)

    sent = 0
    while time.monotonic() < deadline:
        batch = claim(clock())
        if not batch:
            break
        delivered, failed = one_by_one(
            _until(deadline, batch),
            lambda row: deliver(row, clock),
            spoiled=lambda row: spoil(row, clock()),
        )
        sent += delivered
        errors += failed

    return _beat(clock(), swept=sent, errors=errors)


def _until(deadline: float, batch: list[Delivery]) -> Iterator[Delivery]:
    """The rows there is time for. The rest stay claimed until their lease ends, then are due again."""
    for row in batch:
        if time.monotonic() >= deadline:
            return
        yield row


def deliver(claimed: Delivery, clock: Callable[[], datetime]) -> int:
    """How many went out: one or none."""
    letter = final_check(claimed, clock())
    if letter is None:
        return 0

    outcome = send(letter)
    state = record(letter, outcome, clock())
    return 1 if state == State.ACCEPTED else 0


def _beat(now: datetime, *, swept: int, errors: int) -> int:
    """Say that this sweep came round; returns what it swept."""
    Beat.objects.update_or_create(name="deliveries", defaults={"at": now, "swept": swept, "errors": errors})
    return swept


# Rows that got stuck


def give_up_stale(now: datetime) -> int:
    """Leases that are over, and what is too old to be kind."""
    return _take_back_claims(now) + _end_lost_sendings(now) + _end_expired(now)


def _take_back_claims(now: datetime) -> int:
    """Claimed but not begun: nothing was sent, so it is simply due again."""
    claims = Delivery.objects.unscoped("nothing waits for ever").filter(state=State.CLAIMED, wake_at__lte=now)
    return claims.update(state=State.DUE, wake_at=now, lease_token=None)


def _end_lost_sendings(now: datetime) -> int:
    """Begun by somebody who is not there any more: it may have arrived."""
    rows = Delivery.objects.unscoped("nothing waits for ever")
    ended = {"outcome_at": now, "outcome_code": "lease-over"}

    noted = 0
    for row in rows.filter(state=State.SENDING, wake_at__lte=now):
        state, facts = doubt(row, now, ended)
        with transaction.atomic():
            still_lost = rows.filter(pk=row.pk, state=State.SENDING, lease_token=row.lease_token)
            if still_lost.update(state=state, **facts) and row.occurrence_id:
                note_all(Occurrence.objects.filter(pk=row.occurrence_id), REMINDER[state])
                noted += 1
    return noted


@transaction.atomic
def _end_expired(now: datetime) -> int:
    """Too late to be kind."""
    late = Delivery.objects.unscoped("nothing waits for ever").filter(
        state__in=Delivery.READY, expires_at__lte=now
    )
    note_all(Occurrence.objects.filter(deliveries__in=late), Occurrence.Reminder.NOT_SENT)
    return late.update(state=State.EXPIRED, reason="expired", outcome_at=now)


@transaction.atomic
def spoil(row: Delivery, now: datetime) -> None:
    """Something broke in our own code. Begun: it may have gone out. Not begun: later, and not for ever."""
    ended = {"reason": "error", "outcome_at": now}

    was_begun = under_lease(row, State.SENDING).update(state=State.UNCERTAIN, **ended)
    if was_begun:
        _note_spoiled(row, Occurrence.Reminder.NOT_CONFIRMED)
        return

    if row.attempt_no + 1 >= SPOILED_AFTER:
        under_lease(row, State.CLAIMED).update(state=State.FAILED, **ended)
        _note_spoiled(row, Occurrence.Reminder.NOT_SENT)
        return

    under_lease(row, State.CLAIMED).update(
        state=State.RETRY_WAIT, wake_at=now + STEP_BACK, attempt_no=F("attempt_no") + 1, lease_token=None
    )


def _note_spoiled(row: Delivery, reminder: str) -> None:
    note_all(Occurrence.objects.filter(deliveries=row.pk), reminder)


# Test messages


def _send_tests(clock: Callable[[], datetime]) -> None:
    """Test messages that facilitators asked for on the mail page; each is tried once."""
    waiting = MailTest.objects.filter(begun_at__isnull=True)

    for test in waiting.select_related("practice", "asked_by"):
        is_ours = waiting.filter(pk=test.pk).update(begun_at=clock())
        if is_ours:
            _send_test(test, clock)


def _send_test(test: MailTest, clock: Callable[[], datetime]) -> None:
    subject, body = mail.letter("note", link=None, language=test.practice.language)
    key = mail.message_id(f"test|{test.pk}", test.practice)
    outcome = mail.send(
        to=test.asked_by.email, subject=subject, body=body, message_id=key, practice=test.practice
    )

    MailTest.objects.filter(pk=test.pk).update(done_at=clock(), stage=outcome.stage, code=outcome.code)
    if outcome.is_accepted:
        MailSettings.objects.filter(practice=test.practice).update(tested_at=clock())
