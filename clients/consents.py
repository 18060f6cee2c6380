"""Consent: one person, one purpose, live. A withdrawal bites in the same transaction."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from clients.models import Consent, Partner, Seat
from facilitator import audit

# The version of the plain default texts the practice starts with.
TEXT_VERSION = "default-1"


@transaction.atomic
def give(*, partner: Partner, scope: str, how: str, by: str, now: datetime, language: str = "en") -> Consent:
    """`by` is the audit actor who entered it; `how` says how the person gave it."""
    current = Consent.objects.unscoped("giving a consent looks for a current one").filter(
        partner=partner, scope=scope, withdrawn_at__isnull=True
    )
    held = current.first()
    if held:
        return held
    given = Consent.objects.create(
        partner=partner, scope=scope, version=TEXT_VERSION, language=language, given_at=now, how=how
    )
    _log(partner, by, f"consent given: {scope}", now)
    return given


@transaction.atomic
def withdraw(*, partner: Partner, scope: str, by: str, now: datetime) -> None:
    """One step, no reason. What was decided before under this person's epoch is not sent any more."""
    Consent.objects.unscoped("a withdrawal ends the current consent").filter(
        partner=partner, scope=scope, withdrawn_at__isnull=True
    ).update(withdrawn_at=now)
    Seat.objects.unscoped("a withdrawal raises the epoch").filter(partner=partner).update(
        epoch=F("epoch") + 1
    )
    _log(partner, by, f"consent withdrawn: {scope}", now)


def current(*, partner: Partner, scope: str) -> bool:
    return (
        Consent.objects.unscoped("does a consent cover this act")
        .filter(partner=partner, scope=scope, withdrawn_at__isnull=True)
        .exists()
    )


def _log(partner: Partner, by: str, action: str, now: datetime) -> None:
    audit.record(
        practice=partner.couple.practice_id, actor=by, action=action, subject=f"partner:{partner.pk}", at=now
    )
