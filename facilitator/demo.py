"""The demo practice: one made-up couple whose addresses end in .example, so that nothing ever leaves."""

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from clients import consents, couples, safety
from clients.access import AsFacilitator
from clients.models import Consent, Couple, Screening
from facilitator.models import Practice, User

EMAIL = "fay@practice.example"


@transaction.atomic
def load(*, at: datetime, password: str | None = None) -> User:
    """Make it and return its facilitator; without a password only the button that made it opens it."""
    practice = Practice.objects.create(name="Demo practice", neutral_name="Notes", is_demo=True)
    fay = User.objects.create_user(
        EMAIL, password or secrets.token_urlsafe(24), name="Fay", practice=practice, is_facilitator=True
    )
    couple(fay, at=at - timedelta(weeks=6))
    return fay


def couple(fay: User, *, at: datetime) -> Couple:
    """Ana and Ben, six weeks ago: each spoken to alone, each with their two consents."""
    names = {"A": "Ana", "B": "Ben"}
    made = couples.welcome(facilitator=fay, label="Ana and Ben", names=names, zone="Europe/Lisbon", now=at)
    viewer = AsFacilitator(fay.pk, fay.practice_id)
    for slot, partner in couples.partners_of(made.pk).items():
        safety.record_talk(
            partner=partner, user=fay, spoken_alone_on=at.date(), outcome=Screening.Outcome.GO, now=at
        )
        for scope in Consent.Scope:
            consents.give(partner=partner, scope=scope, how=Consent.How.OWN_HAND, by=viewer.actor, now=at)
        couples.reach_by_email(
            partner=partner, address=f"{names[slot].lower()}@home.example", by=viewer, now=at
        )
    return made
