"""Private talks: that each was spoken to alone, and whether the two can meet. Read from the cards, never set."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from clients.models import Partner, Screening
from facilitator import audit
from facilitator.models import User

REVIEW_DAYS = 90
TOGETHER = (Screening.Outcome.GO, Screening.Outcome.ADJUSTED)


@dataclass(frozen=True)
class Talk:
    """What the latest private talk with one partner came to; None where there was none."""

    outcome: str | None
    review_on: date | None


@transaction.atomic
def record_talk(
    *, partner: Partner, user: User, spoken_alone_on: date, outcome: str, notes: str = "", now: datetime
) -> Screening:
    talk = Screening.objects.create(
        partner=partner,
        user=user,
        spoken_alone_on=spoken_alone_on,
        outcome=outcome,
        notes=notes,
        review_on=spoken_alone_on + timedelta(days=REVIEW_DAYS),
        recorded_at=now,
    )
    audit.record(
        practice=partner.couple.practice_id,
        actor=audit.actor_of(user),
        action="private talk recorded",
        subject=f"partner:{partner.pk}",
        at=now,
    )
    return talk


def latest_talks(couple_id: UUID) -> dict[str, Talk]:
    """By slot. Facilitator's eyes only: callers are verbs and rules."""
    talks = {"A": Talk(None, None), "B": Talk(None, None)}
    rows = (
        Screening.objects.unscoped("rules read the latest private talks")
        .filter(partner__couple=couple_id)
        .order_by("recorded_at")
        .values_list("partner__slot", "outcome", "review_on")
    )
    for slot, outcome, review_on in rows:
        talks[slot] = Talk(outcome, review_on)
    return talks


def latest_talk(partner: Partner) -> Screening | None:
    """The whole of it, for whoever led it to look at again."""
    talks = Screening.objects.unscoped("a talk is recorded once").filter(partner=partner)
    last: Screening | None = talks.order_by("-recorded_at").first()
    return last
