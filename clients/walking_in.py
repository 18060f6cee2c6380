"""What one card of a couple that walks in leaves behind: a name, a talk alone, perhaps a yes and an address."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction

from clients import agreement, couples, safety
from clients.access import AsFacilitator
from clients.models import Couple, Partner
from facilitator.models import User


@transaction.atomic
def begin(*, facilitator: User, facts: dict[str, Any], now: datetime) -> Partner:
    """The first card. Sent once more, also in the very same moment, it is the same couple."""
    pk = _couple_of_press(facts["key"], facilitator)

    first = _begun(pk, facilitator)
    if first is None:
        first = _enquire(pk, facilitator=facilitator, name=facts["name"], now=now)

    return keep(partner=first, facilitator=facilitator, facts=facts, now=now)


@transaction.atomic
def keep(*, partner: Partner, facilitator: User, facts: dict[str, Any], now: datetime) -> Partner:
    """All of the card or nothing of it."""
    viewer = AsFacilitator.of(facilitator)

    partner = couples.call(partner=partner, name=facts["name"], by=viewer, now=now)
    _keep_talk(viewer, partner=partner, facilitator=facilitator, facts=facts, now=now)
    if facts["reach"]:
        couples.take_address(partner=partner, address=facts["reach"], facilitator=facilitator, now=now)
    if facts["act"] == "given":
        agreement.take(partner, facts["scopes"], by=viewer.actor, now=now, how=facts["how"])

    return partner


def _couple_of_press(key: UUID | None, facilitator: User) -> UUID | None:
    """The id of the couple that one press of a form makes, however often it arrives."""
    return uuid5(facilitator.pk, str(key)) if key else None


def _begun(pk: UUID | None, facilitator: User) -> Partner | None:
    """Partner A of the couple that an earlier press has made."""
    visible = Couple.objects.visible_to(AsFacilitator.of(facilitator))
    couple = visible.filter(pk=pk).first() if pk else None
    return couples.partners_of(couple.pk)["A"] if couple else None


def _enquire(pk: UUID | None, *, facilitator: User, name: str, now: datetime) -> Partner:
    try:
        with transaction.atomic():
            return couples.enquire(facilitator=facilitator, name=name, now=now, pk=pk)
    except IntegrityError:
        # The other press of the two was faster; its rows are there by now.
        first = _begun(pk, facilitator)
        if first is None:
            raise
        return first


def _keep_talk(
    viewer: AsFacilitator, *, partner: Partner, facilitator: User, facts: dict[str, Any], now: datetime
) -> None:
    """A talk that says something new is recorded; a card that is sent again adds none."""
    if not facts["outcome"]:
        return

    told = {"spoken_alone_on": facts["spoken_on"], "outcome": facts["outcome"], "notes": facts["notes"]}
    latest = safety.latest_talk(viewer, partner)
    says_the_same = latest is not None and all(getattr(latest, name) == told[name] for name in told)

    if not says_the_same:
        safety.record_talk(partner=partner, user=facilitator, now=now, **told)
