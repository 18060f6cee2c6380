"""Lay out: from what has come round to rows that may be sent."""

import zlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from clients import consents
from clients.models import Channel, Consent, Partner, Seat
from clients.rituals import cadence, running
from clients.rituals.deliveries.rows import channel_of, hours_of, note, one_by_one
from clients.rituals.models import Delivery, Occurrence, Ritual, RitualConsent
from facilitator import bell, mail
from facilitator.errors import Refusal, gettext_noop

ROWS_A_ROUND = 500
# After an outage what is still in time goes out over a minute, not all in one second.
LATE = timedelta(minutes=1)
SPREAD_S = 60
SIGN_IN_LIFE = timedelta(hours=24)
SECOND = timedelta(seconds=1)


def lay_out_due(now: datetime) -> tuple[int, int]:
    """Make a row for whatever has come round; of several missed ones only the newest is reminded of.

    How many, and how many could not be dealt with.
    """
    _plan_anew(now)

    due = RitualConsent.objects.unscoped("what has come round").filter(next_due_at__lte=now)
    laid, errors = one_by_one(
        due.order_by("next_due_at").values_list("pk", flat=True)[:ROWS_A_ROUND],
        lambda pk: _lay_out(pk, now),
        spoiled=lambda pk: _put_off(pk, now),
    )

    moved = Occurrence.objects.unscoped("hours that people moved to").filter(
        reminder=Occurrence.Reminder.PLANNED, deliveries__isnull=True, due_at__lte=now
    )
    moved_laid, moved_errors = one_by_one(
        moved.values_list("pk", flat=True)[:ROWS_A_ROUND],
        lambda pk: _lay_out_moved(pk, now),
        spoiled=lambda pk: None,
    )

    return laid + moved_laid, errors + moved_errors


def _plan_anew(now: datetime) -> None:
    """Somebody moved, or the clock database is a newer one: work out what comes next again."""
    stale = RitualConsent.objects.unscoped("plans made under another clock").filter(
        ~Q(due_zone=F("partner__seat__zone")) | ~Q(due_tzdb=cadence.TZDB),
        answer=RitualConsent.Answer.YES,
        is_resting=False,
        ritual__state=Ritual.State.ACTIVE,
    )

    for mine in stale.select_related("ritual", "partner"):
        planned_before = mine.next_due_at or now
        with transaction.atomic():
            running.plan_next(mine, now, after=min(planned_before, now) - SECOND)


# What has come round


@transaction.atomic
def _lay_out(pk: UUID, now: datetime) -> int:
    rows = RitualConsent.objects.unscoped("one that has come round").select_related("ritual", "partner")
    mine = rows.get(pk=pk)
    mine.ritual = running.locked_row(mine.ritual)
    mine.refresh_from_db(fields=["next_due_at", "answer", "is_resting", "hour"])
    if mine.next_due_at is None or mine.next_due_at > now:
        return 0

    came_round = _rounds(mine, now) if running.runs(mine.ritual, now) else []
    for one in came_round:
        occurrence, is_new = _occurrence_of(mine, one)
        is_newest = one is came_round[-1]
        if is_new and is_newest:
            _plan_reminder(occurrence, mine, now)

    running.plan_next(mine, now)
    return len(came_round)


def _rounds(mine: RitualConsent, now: datetime) -> list[cadence.Occurrence]:
    """All that have come round since it was planned, oldest first."""
    rule = running.rule_of(mine, running.seat_of(mine.partner))
    if rule is None or mine.next_due_at is None:
        return []

    found: list[cadence.Occurrence] = []
    after = mine.next_due_at - SECOND
    last = cadence.next_occurrence(rule, after, running.last_round(mine))
    while last.due_at <= now:
        found.append(last)
        last = cadence.next_occurrence(rule, last.due_at, last)
    return found


def _occurrence_of(mine: RitualConsent, one: cadence.Occurrence) -> tuple[Occurrence, bool]:
    """The row of one local date, and whether it was made just now."""
    rows = Occurrence.objects.unscoped("one a local date")
    occurrence, is_new = rows.get_or_create(
        ritual=mine.ritual,
        partner=mine.partner,
        local_date=one.local_date,
        slot=one.slot,
        defaults={"due_at": one.due_at, "tzdb": cadence.TZDB, "reminder": Occurrence.Reminder.NOT_SENT},
    )
    return occurrence, is_new


@transaction.atomic
def _lay_out_moved(pk: UUID, now: datetime) -> int:
    """The hour that somebody moved their answer to."""
    occurrence = Occurrence.objects.unscoped("an hour somebody moved to").select_related("ritual").get(pk=pk)
    answers = RitualConsent.objects.unscoped("whose hour it is").select_related("ritual", "partner")
    mine = answers.get(ritual=occurrence.ritual_id, partner=occurrence.partner_id)
    mine.ritual = running.locked_row(mine.ritual)

    if Delivery.objects.unscoped("laid out once").filter(occurrence=occurrence).exists():
        return 0

    if running.runs(mine.ritual, now):
        _plan_reminder(occurrence, mine, now)
    else:
        note(occurrence, Occurrence.Reminder.NOT_SENT)
    return 1


def _put_off(pk: UUID, now: datetime) -> None:
    """A row that cannot be laid out stops nobody else; it is looked at again in an hour."""
    spoiled = RitualConsent.objects.unscoped("one row must not stop the others").filter(pk=pk)
    spoiled.update(next_due_at=now + timedelta(hours=1))


# The row of one message


def _plan_reminder(occurrence: Occurrence, mine: RitualConsent, now: datetime) -> None:
    """A delivery, where this person wants messages and it is not too late to be kind."""
    channel = channel_of(mine.partner)
    if channel is None or not consents.current(partner=mine.partner, scope=Consent.Scope.MESSAGES):
        note(occurrence, Occurrence.Reminder.NONE)
        return

    seat = running.seat_of(mine.partner)
    expires_at = _latest_for(occurrence, mine, seat)
    if expires_at <= now:
        note(occurrence, Occurrence.Reminder.NOT_SENT)
        return

    key = _key_of(occurrence, mine, channel)
    _put_down(
        mine.partner,
        channel,
        seat,
        key=key,
        kind=Delivery.Kind.NUDGE,
        text="reminder",
        occurrence=occurrence,
        not_before=_earliest_for(occurrence, key, now),
        expires_at=expires_at,
    )
    note(occurrence, Occurrence.Reminder.PLANNED)


def _latest_for(occurrence: Occurrence, mine: RitualConsent, seat: Seat) -> datetime:
    """Until its grace is over, or until this person's hours close."""
    rule = running.rule_of(mine, seat)
    grace = rule.grace if rule else cadence.GRACE

    closes_at = cadence.closes_at(hours_of(seat), seat.zone, occurrence.due_at)
    return min(occurrence.due_at + grace, closes_at)


def _earliest_for(occurrence: Occurrence, key: str, now: datetime) -> datetime:
    """At its hour, or now; after an outage each message at a second of its own."""
    not_before = max(now, occurrence.due_at)
    if now - occurrence.due_at > LATE:
        not_before += timedelta(seconds=zlib.crc32(key.encode()) % SPREAD_S)
    return not_before


def _key_of(occurrence: Occurrence, mine: RitualConsent, channel: Channel) -> str:
    """The same ritual, person, address, date and slot are the same reminder."""
    parts = (
        "nudge",
        mine.ritual_id,
        mine.partner_id,
        channel.pk,
        occurrence.local_date,
        occurrence.slot,
    )
    return "|".join(map(str, parts))


def _put_down(
    person: Partner, channel: Channel, seat: Seat, *, key: str, not_before: datetime, **facts: Any
) -> Delivery:
    """One row for one message; the same key is the same message."""
    practice = person.couple.practice
    rows = Delivery.objects.unscoped("one delivery a key")
    row, _is_new = rows.get_or_create(
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
    channel = channel_of(partner)
    if channel is None or not mail.can_mail(partner.couple.practice, channel.address):
        raise Refusal(gettext_noop("There is no way yet to reach this person by mail."), "no_channel")
    if not consents.current(partner=partner, scope=Consent.Scope.MESSAGES):
        raise Refusal(gettext_noop("This person has not said yes to messages yet."), "no_consent")

    bell.ring("deliveries")
    return _put_down(
        partner,
        channel,
        running.seat_of(partner),
        key=f"sign_in|{partner.pk}|{channel.pk}|{now:%Y-%m-%dT%H:%M}",
        kind=Delivery.Kind.SIGN_IN,
        text="sign_in",
        not_before=now,
        expires_at=now + SIGN_IN_LIFE,
    )
