"""The sweep: one round over everything that is due, and what is done with rows that got stuck."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from clients.rituals import rituals
from clients.rituals.deliveries.layout import lay_out_due
from clients.rituals.deliveries.letters import REMINDER, State, claim, doubt, final_check, record, send
from clients.rituals.deliveries.rows import held, note_all, one_by_one
from clients.rituals.models import Beat, Delivery, MailTest, Occurrence
from facilitator import mail
from facilitator.models import MailSettings

# A whole sweep stays under the task's time limit of 120 s: this budget plus one last send.
BUDGET_S = 50
SPOILED_AFTER = 3
STEP_BACK = timedelta(minutes=5)


def sweep(clock: Callable[[], datetime]) -> int:
    """One round: whatever is due now. Safe to run at any time, twice, and by several at once."""
    began, sent = time.monotonic(), 0
    if settings.MUTE_FILE.exists():
        return _beat(clock(), 0, 0)
    give_up_stale(clock())
    rituals.settle_all(clock())
    _laid, errors = lay_out_due(clock())
    _send_tests(clock)
    while time.monotonic() - began < BUDGET_S and (batch := claim(clock())):
        in_time = (row for row in batch if time.monotonic() - began < BUDGET_S)
        done, failed = one_by_one(
            in_time, lambda row: deliver(row, clock), spoiled=lambda row: spoil(row, clock())
        )
        sent, errors = sent + done, errors + failed
    return _beat(clock(), sent, errors)


def deliver(claimed: Delivery, clock: Callable[[], datetime]) -> int:
    letter = final_check(claimed, clock())
    if letter is None:
        return 0
    return record(letter, send(letter), clock()) == State.ACCEPTED


def give_up_stale(now: datetime) -> int:
    """Leases that are over, and what is too old to be kind."""
    rows = Delivery.objects.unscoped("nothing waits for ever")
    # Claimed but not begun: nothing was sent, so it is simply due again.
    back = rows.filter(state=State.CLAIMED, wake_at__lte=now).update(
        state=State.DUE, wake_at=now, lease_token=None
    )
    for row in rows.filter(state=State.SENDING, wake_at__lte=now):
        with transaction.atomic():
            state, facts = doubt(row, now, {"outcome_at": now, "outcome_code": "lease-over"})
            mine = rows.filter(pk=row.pk, state=State.SENDING, lease_token=row.lease_token)
            if mine.update(state=state, **facts) and row.occurrence_id:
                note_all(Occurrence.objects.filter(pk=row.occurrence_id), REMINDER[State(state)])
                back += 1
    with transaction.atomic():
        late = rows.filter(state__in=Delivery.READY, expires_at__lte=now)
        note_all(Occurrence.objects.filter(deliveries__in=late), Occurrence.Reminder.NOT_SENT)
        back += late.update(state=State.EXPIRED, reason="expired", outcome_at=now)
    return back


@transaction.atomic
def spoil(row: Delivery, now: datetime) -> None:
    """Something broke in our own code. Begun: it may have gone out. Not begun: later, and not for ever."""
    doubt = {"state": State.UNCERTAIN, "reason": "error", "outcome_at": now}
    if held(row, State.SENDING).update(**doubt):
        return note_all(Occurrence.objects.filter(deliveries=row.pk), Occurrence.Reminder.NOT_CONFIRMED)
    if row.attempt_no + 1 >= SPOILED_AFTER:
        held(row, State.CLAIMED).update(state=State.FAILED, reason="error", outcome_at=now)
        return note_all(Occurrence.objects.filter(deliveries=row.pk), Occurrence.Reminder.NOT_SENT)
    held(row, State.CLAIMED).update(
        state=State.RETRY_WAIT, wake_at=now + STEP_BACK, attempt_no=F("attempt_no") + 1, lease_token=None
    )
    return None


def _send_tests(clock: Callable[[], datetime]) -> None:
    """Test messages that facilitators asked for on the mail page; each is tried once."""
    for test in MailTest.objects.filter(begun_at__isnull=True).select_related("practice", "asked_by"):
        if not MailTest.objects.filter(pk=test.pk, begun_at__isnull=True).update(begun_at=clock()):
            continue
        subject, body = mail.letter("note", link=None, language=test.practice.language)
        key = mail.message_id(f"test|{test.pk}", test.practice)
        outcome = mail.send(
            to=test.asked_by.email, subject=subject, body=body, message_id=key, practice=test.practice
        )
        MailTest.objects.filter(pk=test.pk).update(done_at=clock(), stage=outcome.stage, code=outcome.code)
        if outcome.is_accepted:
            MailSettings.objects.filter(practice=test.practice).update(tested_at=clock())


def _beat(now: datetime, swept: int, errors: int) -> int:
    Beat.objects.update_or_create(name="deliveries", defaults={"at": now, "swept": swept, "errors": errors})
    return swept
