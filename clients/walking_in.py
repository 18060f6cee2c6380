"""What one card of a couple that walks in leaves behind: a name, a talk alone, perhaps a yes and an address."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from clients import agreement, couples, safety
from clients.access import AsFacilitator
from clients.models import Couple, Partner
from clients.safety import latest_talk
from facilitator.models import User


def couple_of(key: UUID | None, facilitator: User) -> UUID | None:
    """The couple that one press of a form makes, however often it arrives."""
    return uuid5(facilitator.pk, str(key)) if key else None


@transaction.atomic
def begin(*, facilitator: User, facts: dict[str, Any], now: datetime) -> Partner:
    """The first card. Sent once more, also in the very same moment, it is the same couple."""
    pk = couple_of(facts["key"], facilitator)
    first = _begun(pk, facilitator)
    if first is None:
        try:
            with transaction.atomic():
                first = couples.enquire(facilitator=facilitator, name=facts["name"], now=now, pk=pk)
        except IntegrityError:
            # The other press of the two was faster; its rows are there by now.
            first = _begun(pk, facilitator)
            if first is None:
                raise
    return keep(partner=first, facilitator=facilitator, facts=facts, now=now)


def _begun(pk: UUID | None, facilitator: User) -> Partner | None:
    viewer = AsFacilitator(facilitator.pk, facilitator.practice_id)
    made = Couple.objects.visible_to(viewer).filter(pk=pk).first() if pk else None
    return couples.partners_of(made.pk)["A"] if made else None


@transaction.atomic
def keep(*, partner: Partner, facilitator: User, facts: dict[str, Any], now: datetime) -> Partner:
    """All of the card or nothing of it."""
    viewer = AsFacilitator(facilitator.pk, facilitator.practice_id)
    partner = couples.call(partner=partner, name=facts["name"], by=viewer, now=now)
    told = {"spoken_alone_on": facts["spoken_on"], "outcome": facts["outcome"], "notes": facts["notes"]}
    last = latest_talk(partner)
    if facts["outcome"] and (last is None or any(getattr(last, name) != told[name] for name in told)):
        safety.record_talk(partner=partner, user=facilitator, now=now, **told)
    if facts["reach"]:
        couples.take_address(partner=partner, address=facts["reach"], facilitator=facilitator, now=now)
    if facts["act"] == "given":
        agreement.take(partner, facts["scopes"], by=viewer.actor, now=now, how=facts["how"])
    return partner
