"""The two people of a session, and what the rules must know of them: talks, consents, firm topics, release."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from clients.models import Boundary, Consent, Partner, Screening
from sessions.engine.rules import Standing
from sessions.models import Session
from sessions.record import release

FACILITATION, STORED_NOTES = Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES


@dataclass(frozen=True)
class People:
    """The two partners by slot, each with the facts that the rules ask for."""

    partners: Mapping[str, Partner]

    def standing(self, session: Session) -> Standing:
        """What stands between this practice and this couple now."""
        a, b = self.partners["A"], self.partners["B"]
        reviews = [partner.review_on for partner in (a, b) if partner.review_on]
        # Nothing is released before the end.
        is_released = session.state == "ended" and release.is_released(session)

        return Standing(
            private_talk_a=a.outcome is not None,
            private_talk_b=b.outcome is not None,
            outcome_a=a.outcome,
            outcome_b=b.outcome,
            facilitation_consent_a=a.takes_part,
            facilitation_consent_b=b.takes_part,
            notes_consent_a=a.lets_notes_be_kept,
            notes_consent_b=b.lets_notes_be_kept,
            screening_review_on=min(reviews, default=None),
            # Nobody has been asked for a pace yet, so none is held against them.
            pace_most_minutes=None,
            pace_not_before=None,
            firm_topics=self._firm_topics(session.couple_id),
            released=is_released,
        )

    def _firm_topics(self, couple_id: UUID) -> frozenset[str]:
        if not any(partner.has_firm_topics for partner in self.partners.values()):
            return frozenset()
        firm = _firm_boundaries().filter(partner__couple=couple_id)
        return frozenset(firm.values_list("topic", flat=True))


def people_of(couple_id: UUID) -> People:
    """Both partners with their talks and consents, in one query."""
    talks = Screening.objects.unscoped("rules read the latest private talks").filter(partner=OuterRef("pk"))
    latest = talks.order_by("-recorded_at")

    consents = Consent.objects.unscoped("does a consent cover this act")
    current = consents.filter(partner=OuterRef("pk"), withdrawn_at__isnull=True)

    partners = (
        Partner.objects.unscoped("a command asks for the two of its session")
        .filter(couple=couple_id)
        .annotate(
            outcome=Subquery(latest.values("outcome")[:1]),
            review_on=Subquery(latest.values("review_on")[:1]),
            takes_part=Exists(current.filter(scope=FACILITATION)),
            lets_notes_be_kept=Exists(current.filter(scope=STORED_NOTES)),
            has_firm_topics=Exists(_firm_boundaries().filter(partner=OuterRef("pk"))),
        )
    )
    return People({partner.slot: partner for partner in partners})


def _firm_boundaries() -> QuerySet[Boundary]:
    found: QuerySet[Boundary] = Boundary.objects.unscoped("a plan asks which topics rest").filter(
        firmness=Boundary.Firmness.FIRM, ended_at__isnull=True
    )
    return found
