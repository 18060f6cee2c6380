"""Private talks: that each was spoken to alone, and whether the two can meet. Read from the cards, never set."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from clients.access import Viewer
from clients.audit_notes import note_partner
from clients.models import Partner, Screening
from facilitator import audit
from facilitator.models import User

REVIEW_DAYS = 90
# The outcomes after which the two can sit together.
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

    note_partner(partner, "private talk recorded", by=audit.actor_of(user), now=now)
    return talk


def latest_talk(viewer: Viewer, partner: Partner) -> Screening | None:
    """The whole of the latest talk with this person, as far as the viewer may see it."""
    talks = Screening.objects.visible_to(viewer).filter(partner=partner)
    latest: Screening | None = talks.order_by("recorded_at").last()
    return latest


def latest_talks(couple_id: UUID) -> dict[str, Talk]:
    """By slot. Facilitator's eyes only: callers are verbs and rules."""
    talks = Screening.objects.unscoped("rules read the latest private talks").filter(
        partner__couple=couple_id
    )
    oldest_first = talks.order_by("recorded_at").values_list("partner__slot", "outcome", "review_on")

    latest = {"A": Talk(None, None), "B": Talk(None, None)}
    for slot, outcome, review_on in oldest_first:
        latest[slot] = Talk(outcome, review_on)
    return latest


def can_meet(couple_id: UUID) -> bool:
    """Whether there was a talk with each of the two, and both talks came to meeting together."""
    return all(talk.outcome in TOGETHER for talk in latest_talks(couple_id).values())


def latest_talks_against_meeting() -> QuerySet[Screening]:
    """Of all couples: the latest talks with one person that did not come to meeting together."""
    talks: QuerySet[Screening] = Screening.objects.unscoped("shared things rest while the two cannot meet")
    is_later = talks.filter(partner=OuterRef("partner"), recorded_at__gt=OuterRef("recorded_at"))
    return talks.filter(~Exists(is_later)).exclude(outcome__in=TOGETHER)
