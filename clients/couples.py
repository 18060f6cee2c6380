"""Couples and their care team: who is on it, who may act."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from clients.access import AsFacilitator
from clients.models import Assignment, Casefile, Channel, Couple, Partner, Seat
from facilitator import audit
from facilitator.models import User


@transaction.atomic
def welcome(
    *,
    facilitator: User,
    label: str,
    names: dict[str, str],
    zone: str,
    language: str = "en",
    code: str = "",
    now: datetime,
) -> Couple:
    """A couple with its two partners, led by `facilitator`. `names` by slot: {"A": …, "B": …}."""
    couple = Couple.objects.create(
        practice=facilitator.practice, label=label, zone=zone, language=language, began_on=now.date()
    )
    Casefile.objects.create(couple=couple, code=code or f"R-{couple.pk.hex[:4].upper()}")
    for slot in ("A", "B"):
        partner = Partner.objects.create(couple=couple, slot=slot, name=names[slot])
        Seat.objects.create(partner=partner, zone=zone, language=language)
    Assignment.objects.create(couple=couple, user=facilitator, role=Assignment.Role.LEAD, began_at=now)
    audit.record(
        practice=couple.practice_id,
        actor=audit.actor_of(facilitator),
        action="couple welcomed",
        subject=f"couple:{couple.pk}",
        at=now,
    )
    return couple


@transaction.atomic
def reach_by_email(*, partner: Partner, address: str, by: AsFacilitator, now: datetime) -> Channel:
    """The one address this person gave, in person. An earlier one is no longer used."""
    mine = Channel.objects.unscoped("a person has one address at a time").filter(partner=partner)
    mine.exclude(state=Channel.State.REVOKED).update(state=Channel.State.REVOKED)
    channel = Channel.objects.create(partner=partner, address=address, verified_at=now)
    audit.record(
        practice=partner.couple.practice_id,
        actor=by.actor,
        action="address set",
        subject=f"partner:{partner.pk}",
        at=now,
    )
    return channel


def partners_of(couple_id: UUID) -> dict[str, Partner]:
    """Both partners by slot, for verbs."""
    rows = Partner.objects.unscoped("a verb needs both partners of its couple").filter(couple=couple_id)
    return {partner.slot: partner for partner in rows}


@transaction.atomic
def account_of(partner: Partner) -> User:
    """This partner's own account, made when first needed. It has no address and no password."""
    seat = Seat.objects.unscoped("a partner's own account").select_for_update().get(partner=partner)
    if seat.account is None:
        user = User(practice_id=partner.couple.practice_id)
        user.set_unusable_password()
        user.save()
        seat.account = user
        seat.save(update_fields=["account"])
    return seat.account
