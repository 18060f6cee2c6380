"""Lay out what is due, claim, check once more, send, record, give up what is stale. Knows no Celery.

Every step is one conditional UPDATE that must change exactly one row, so that two sweeps, a killed worker or
a clock that jumps can lose time but never send twice. What may have arrived is *uncertain*: a reminder is
held then.
"""

import logging
import random
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from clients import consents
from clients.models import Channel, Consent, Partner, Quiet, Seat
from clients.rituals import cadence, links, rituals
from clients.rituals.models import (
    Beat,
    Delivery,
    DeliveryAttempt,
    MailTest,
    Occurrence,
    Ritual,
    RitualConsent,
)
from facilitator import bell, mail
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import MailSettings, Practice

log = logging.getLogger(__name__)
Row = TypeVar("Row")

LEASE = timedelta(seconds=120)
# A whole sweep stays under the task's time limit of 120 s: this budget plus one last send.
BUDGET_S = 50
BATCH = 5
RETRY_MINUTES = (1, 5, 20, 60)
LATE = timedelta(minutes=1)
SPREAD_S = 60
A_DAY = 3
SPOILED_AFTER = 3
STEP_BACK = timedelta(minutes=5)
SIGN_IN_LIFE = timedelta(hours=24)
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


# Lay out


def lay_out_due(now: datetime) -> int:
    """Make a row for whatever has come round. Only the newest of several missed ones is still reminded of."""
    _plan_anew(now)
    due = (
        RitualConsent.objects.unscoped("what has come round")
        .filter(next_due_at__lte=now)
        .order_by("next_due_at")
    )
    laid, _ = _one_by_one(
        due.values_list("pk", flat=True)[:500],
        lambda pk: _lay_out(pk, now),
        spoiled=lambda pk: _put_off(pk, now),
    )
    moved = Occurrence.objects.unscoped("hours that people moved to").filter(
        reminder=Occurrence.Reminder.PLANNED, deliveries__isnull=True, due_at__lte=now
    )
    moved_laid, _ = _one_by_one(
        moved.values_list("pk", flat=True)[:500], lambda pk: _lay_out_moved(pk, now), spoiled=lambda pk: None
    )
    return laid + moved_laid


def _plan_anew(now: datetime) -> None:
    """Somebody moved, or the clock database is a newer one: work out what comes next again."""
    stale = RitualConsent.objects.unscoped("plans made under another clock").filter(
        ~Q(due_zone=F("partner__seat__zone")) | ~Q(due_tzdb=cadence.TZDB),
        answer=RitualConsent.Answer.YES,
        is_resting=False,
        ritual__state=Ritual.State.ACTIVE,
    )
    for mine in stale.select_related("ritual", "partner"):
        with transaction.atomic():
            after = min(filter(None, (mine.next_due_at, now)))
            rituals.plan_next(mine, now, after=after - timedelta(seconds=1))


@transaction.atomic
def _lay_out(pk: UUID, now: datetime) -> int:
    mine = (
        RitualConsent.objects.unscoped("one that has come round")
        .select_related("ritual", "partner")
        .get(pk=pk)
    )
    mine.ritual = rituals.locked_row(mine.ritual)
    mine.refresh_from_db(fields=["next_due_at", "answer", "is_resting", "hour"])
    if mine.next_due_at is None or mine.next_due_at > now:
        return 0
    came_round = _rounds(mine, now) if rituals.runs(mine.ritual, now) else []
    for each in came_round:
        occurrence, is_new = Occurrence.objects.unscoped("one a local date").get_or_create(
            ritual=mine.ritual,
            partner=mine.partner,
            local_date=each.local_date,
            slot=each.slot,
            defaults={"due_at": each.due_at, "tzdb": cadence.TZDB, "reminder": Occurrence.Reminder.NOT_SENT},
        )
        if is_new and each is came_round[-1]:
            _plan_reminder(occurrence, mine, now)
    rituals.plan_next(mine, now)
    return len(came_round)


def _rounds(mine: RitualConsent, now: datetime) -> list[cadence.Occurrence]:
    rule = mine.ritual.rule(zone=rituals.seat_of(mine.partner).zone, hour=mine.hour)
    if rule is None or mine.next_due_at is None:
        return []
    found: list[cadence.Occurrence] = []
    last, after = rituals.last_round(mine), mine.next_due_at - timedelta(seconds=1)
    while (last := cadence.next_occurrence(rule, after, last)).due_at <= now:
        found.append(last)
        after = last.due_at
    return found


@transaction.atomic
def _lay_out_moved(pk: UUID, now: datetime) -> int:
    occurrence = Occurrence.objects.unscoped("an hour somebody moved to").select_related("ritual").get(pk=pk)
    mine = (
        RitualConsent.objects.unscoped("whose hour it is")
        .select_related("ritual", "partner")
        .get(ritual=occurrence.ritual_id, partner=occurrence.partner_id)
    )
    mine.ritual = rituals.locked_row(mine.ritual)
    if Delivery.objects.unscoped("laid out once").filter(occurrence=occurrence).exists():
        return 0
    if rituals.runs(mine.ritual, now):
        _plan_reminder(occurrence, mine, now)
    else:
        _note(occurrence, Occurrence.Reminder.NOT_SENT)
    return 1


def _put_off(pk: UUID, now: datetime) -> None:
    """A row that cannot be laid out stops nobody else; it is looked at again in an hour."""
    spoiled = RitualConsent.objects.unscoped("one row must not stop the others").filter(pk=pk)
    spoiled.update(next_due_at=now + timedelta(hours=1))


def _plan_reminder(occurrence: Occurrence, mine: RitualConsent, now: datetime) -> None:
    """A delivery, where this person wants messages and it is not too late to be kind."""
    seat, channel = rituals.seat_of(mine.partner), _channel(mine.partner)
    if channel is None or not consents.current(partner=mine.partner, scope=Consent.Scope.MESSAGES):
        return _note(occurrence, Occurrence.Reminder.NONE)
    rule = mine.ritual.rule(zone=seat.zone, hour=mine.hour)
    grace = rule.grace if rule else cadence.GRACE
    expires_at = min(occurrence.due_at + grace, cadence.closes_at(_hours(seat), seat.zone, occurrence.due_at))
    if expires_at <= now:
        return _note(occurrence, Occurrence.Reminder.NOT_SENT)
    key = "|".join(map(str, ("nudge", mine.ritual_id, mine.partner_id, channel.pk)))
    key += f"|{occurrence.local_date}|{occurrence.slot}"
    not_before = max(now, occurrence.due_at)
    if now - occurrence.due_at > LATE:
        not_before += timedelta(seconds=zlib.crc32(key.encode()) % SPREAD_S)
    _put_down(
        mine.partner,
        channel,
        seat,
        key=key,
        kind=Delivery.Kind.NUDGE,
        text="reminder",
        occurrence=occurrence,
        not_before=not_before,
        expires_at=expires_at,
    )
    return _note(occurrence, Occurrence.Reminder.PLANNED)


def _put_down(
    person: Partner, channel: Channel, seat: Seat, *, key: str, not_before: datetime, **facts: Any
) -> Delivery:
    """One row for one message; the same key is the same message."""
    practice = person.couple.practice
    row, _is_new = Delivery.objects.unscoped("one delivery a key").get_or_create(
        dedupe_key=key,
        defaults={
            "person": person,
            "channel": channel,
            "person_epoch": seat.epoch,
            "message_id": mail.message_id(key, practice),
            "not_before": not_before,
            "wake_at": not_before,
            **facts,
        },
    )
    return row


@transaction.atomic
def offer_sign_in(*, partner: Partner, now: datetime) -> Delivery:
    """A link to one's own page, in the next minutes or as soon as this person's hours begin."""
    channel = _channel(partner)
    if channel is None or not mail.can_mail(partner.couple.practice, channel.address):
        raise Refusal(gettext_noop("There is no way yet to reach this person by mail."), "no_channel")
    if not consents.current(partner=partner, scope=Consent.Scope.MESSAGES):
        raise Refusal(gettext_noop("This person has not said yes to messages yet."), "no_consent")
    key = f"sign_in|{partner.pk}|{channel.pk}|{now:%Y-%m-%dT%H:%M}"
    seat = rituals.seat_of(partner)
    bell.ring("deliveries")
    return _put_down(
        partner,
        channel,
        seat,
        key=key,
        kind=Delivery.Kind.SIGN_IN,
        text="sign_in",
        not_before=now,
        expires_at=now + SIGN_IN_LIFE,
    )


# Claim, check, send, record


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
    row = (
        _mine(claimed, State.CLAIMED)
        .select_related("channel", "person__couple__practice", "occurrence")
        .first()
    )
    if row is None:
        return None
    opens = cadence.opens_at(_hours(seat), seat.zone, now)
    if row.kind == Delivery.Kind.SIGN_IN and opens and now < opens < row.expires_at:
        _mine(claimed, State.CLAIMED).update(state=State.DUE, wake_at=opens, lease_token=None)
        return None
    reason = _why_not(row, ritual, seat, now)
    if reason:
        ended = State.EXPIRED if reason == "expired" else State.SUPPRESSED
        _mine(claimed, State.CLAIMED).update(state=ended, reason=reason, outcome_at=now)
        _note(row.occurrence, Occurrence.Reminder.NOT_SENT)
        return None
    n = row.attempt_no + 1
    changed = _mine(claimed, State.CLAIMED).update(
        state=State.SENDING, attempt_no=n, started_at=now, wake_at=now + LEASE
    )
    if changed != 1:
        return None
    DeliveryAttempt.objects.create(delivery=row, n=n, stage="begun", at=now)
    return _letter(row, seat, n, now)


def _why_not(row: Delivery, ritual: Ritual | None, seat: Seat, now: datetime) -> str:
    """Why this must not go out now; empty when it may. Every rule is read anew from its own rows."""
    person, hours = row.person, _hours(seat)
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
    began = cadence.instant(now.astimezone(place).date(), datetime.min.time(), place)
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
    _note(row.occurrence, REMINDER.get(state, Occurrence.Reminder.NOT_SENT))
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
        return _doubt(row, now, ended)
    if not outcome.may_try_again or row.attempt_no > len(RETRY_MINUTES):
        return State.FAILED, {**ended, "reason": "gave_up"}
    wait = timedelta(minutes=RETRY_MINUTES[row.attempt_no - 1] * random.random(), seconds=5)
    if now + wait >= row.expires_at:
        return State.EXPIRED, {**ended, "reason": "expired"}
    return State.RETRY_WAIT, {"wake_at": now + wait, "outcome_code": ended["outcome_code"]}


def _doubt(row: Delivery, now: datetime, ended: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """It may have arrived. A reminder twice is pressure, so it is held; other kinds say what they prefer."""
    again = now + timedelta(minutes=15)
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


def give_up_stale(now: datetime) -> int:
    """Leases that are over, and what is too old to be kind."""
    rows = Delivery.objects.unscoped("nothing waits for ever")
    # Claimed but not begun: nothing was sent, so it is simply due again.
    back = rows.filter(state=State.CLAIMED, wake_at__lte=now).update(
        state=State.DUE, wake_at=now, lease_token=None
    )
    for row in rows.filter(state=State.SENDING, wake_at__lte=now):
        with transaction.atomic():
            state, facts = _doubt(row, now, {"outcome_at": now, "outcome_code": "lease-over"})
            mine = rows.filter(pk=row.pk, state=State.SENDING, lease_token=row.lease_token)
            if mine.update(state=state, **facts) and row.occurrence_id:
                _note_all(Occurrence.objects.filter(pk=row.occurrence_id), REMINDER[State(state)])
                back += 1
    with transaction.atomic():
        late = rows.filter(state__in=Delivery.READY, expires_at__lte=now)
        _note_all(Occurrence.objects.filter(deliveries__in=late), Occurrence.Reminder.NOT_SENT)
        back += late.update(state=State.EXPIRED, reason="expired", outcome_at=now)
    return back


# The sweep


def sweep(clock: Callable[[], datetime]) -> int:
    """One round: whatever is due now. Safe to run at any time, twice, and by several at once."""
    began, sent, errors = time.monotonic(), 0, 0
    if settings.MUTE_FILE.exists():
        return _beat(clock(), 0, 0)
    give_up_stale(clock())
    rituals.settle_all(clock())
    lay_out_due(clock())
    _send_tests(clock)
    while time.monotonic() - began < BUDGET_S and (batch := claim(clock())):
        in_time = (row for row in batch if time.monotonic() - began < BUDGET_S)
        done, failed = _one_by_one(
            in_time, lambda row: deliver(row, clock), spoiled=lambda row: spoil(row, clock())
        )
        sent, errors = sent + done, errors + failed
    return _beat(clock(), sent, errors)


def deliver(claimed: Delivery, clock: Callable[[], datetime]) -> int:
    letter = final_check(claimed, clock())
    if letter is None:
        return 0
    return record(letter, send(letter), clock()) == State.ACCEPTED


def _one_by_one(
    rows: Iterable[Row], act: Callable[[Row], int], *, spoiled: Callable[[Row], None]
) -> tuple[int, int]:
    """One row that cannot be dealt with must not stop the others: the one broad except of this project."""
    done = errors = 0
    for row in rows:
        try:
            done += act(row)
        except Exception as problem:
            # The kind of problem only: its text may quote an address.
            log.error("a row was set aside: %s", type(problem).__name__)
            errors += 1
            spoiled(row)
    return done, errors


@transaction.atomic
def spoil(row: Delivery, now: datetime) -> None:
    """Something broke in our own code. Begun: it may have gone out. Not begun: later, and not for ever."""
    doubt = {"state": State.UNCERTAIN, "reason": "error", "outcome_at": now}
    if _mine(row, State.SENDING).update(**doubt):
        return _note_all(Occurrence.objects.filter(deliveries=row.pk), Occurrence.Reminder.NOT_CONFIRMED)
    if row.attempt_no + 1 >= SPOILED_AFTER:
        _mine(row, State.CLAIMED).update(state=State.FAILED, reason="error", outcome_at=now)
        return _note_all(Occurrence.objects.filter(deliveries=row.pk), Occurrence.Reminder.NOT_SENT)
    _mine(row, State.CLAIMED).update(
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


def _mine(claimed: Delivery, state: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.unscoped("only whoever holds the lease moves a row")
    return rows.filter(pk=claimed.pk, state=state, lease_token=claimed.lease_token)


def _note(occurrence: Occurrence | None, reminder: str) -> None:
    if occurrence is not None:
        _note_all(Occurrence.objects.filter(pk=occurrence.pk), reminder)


def _note_all(occurrences: Any, reminder: str) -> None:
    occurrences.unscoped("the desk sees coarsely what became of a reminder").update(reminder=reminder)


def _channel(partner: Partner) -> Channel | None:
    mine = Channel.objects.unscoped("this person's own address").filter(
        partner=partner, state=Channel.State.OK
    )
    return mine.order_by("-created_at").first()


def _hours(seat: Seat) -> cadence.Hours:
    return cadence.Hours(opens=seat.quiet_until, closes=seat.quiet_from)
