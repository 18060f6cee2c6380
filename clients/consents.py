"""Consent: one person says yes to one purpose. A withdrawal takes effect in the same transaction."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from clients.audit_notes import note_partner
from clients.models import Consent, Partner, Seat

# The version of the plain default texts the practice starts with.
TEXT_VERSION = "default-1"
# A yes stands until it is taken back.
STANDS = Q(withdrawn_at__isnull=True)


@transaction.atomic
def give(*, partner: Partner, scope: str, how: str, by: str, now: datetime, language: str = "en") -> Consent:
    """`by` is the audit actor who entered it; `how` says how the person gave it."""
    given_before = _standing(partner, scope).first()
    if given_before:
        return given_before

    given = Consent.objects.create(
        partner=partner,
        scope=scope,
        version=TEXT_VERSION,
        language=language,
        given_at=now,
        how=how,
    )
    note_partner(partner, f"consent given: {scope}", by=by, now=now)
    return given


@transaction.atomic
def withdraw(*, partner: Partner, scope: str, by: str, now: datetime) -> None:
    """One step, no reason. What was decided before under this person's epoch is not sent any more."""
    _standing(partner, scope).update(withdrawn_at=now)

    seats = Seat.objects.unscoped("a withdrawal raises the epoch").filter(partner=partner)
    seats.update(epoch=F("epoch") + 1)

    note_partner(partner, f"consent withdrawn: {scope}", by=by, now=now)


def current(*, partner: Partner, scope: str) -> bool:
    """Whether this person's yes to this purpose stands."""
    return _standing(partner, scope).exists()


def _standing(partner: Partner, scope: str) -> QuerySet[Consent]:
    mine: QuerySet[Consent] = Consent.objects.unscoped("the yes of one person to one purpose")
    return mine.filter(STANDS, partner=partner, scope=scope)
