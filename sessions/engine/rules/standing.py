"""What is so between this practice and this couple while a command is judged: facts from real rows."""

from dataclasses import dataclass
from datetime import date

TOGETHER = ("go", "go_with_adjustments")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """No field has a default: whoever fills it must have looked."""

    private_talk_a: bool
    private_talk_b: bool
    # go go_with_adjustments pause_and_consult not_together, or None where nothing was said
    outcome_a: str | None
    outcome_b: str | None
    facilitation_consent_a: bool
    facilitation_consent_b: bool
    notes_consent_a: bool
    notes_consent_b: bool
    # The day by which a screening should be looked at again; None where nothing is due.
    screening_review_on: date | None
    # The couple's pace: the longest meeting and the earliest next day they said suits them.
    pace_most_minutes: int | None
    pace_not_before: date | None
    # Topics a partner has marked as firm; a statement on one needs its owner's "this once".
    firm_topics: frozenset[str]
    # Documents are out: corrections come too late.
    released: bool

    @classmethod
    def of_throw_away_couple(cls) -> "Standing":
        """The couple that `replay` makes and takes back: talked with, together, consenting."""
        return cls(
            private_talk_a=True,
            private_talk_b=True,
            outcome_a="go",
            outcome_b="go",
            facilitation_consent_a=True,
            facilitation_consent_b=True,
            notes_consent_a=True,
            notes_consent_b=True,
            screening_review_on=None,
            pace_most_minutes=None,
            pace_not_before=None,
            firm_topics=frozenset(),
            released=False,
        )

    @classmethod
    def of_nobody_kept(cls) -> "Standing":
        """Just the clock: two people nobody knows anything of, and of whom nothing is kept.

        There is no row to look at, and none may be made. The guard that asks for a talk with each, alone, and for
        two consents belongs to couples that are kept; here it would only make the facilitator do without the
        clock. So the page says that it does not replace the talks, and *Keep this?* asks for all of it first.
        """
        return cls.of_throw_away_couple()

    def consents(self, partner: str) -> bool:
        """Takes part, and lets notes be kept: what is posted here is a note. Without it there is Just the clock."""
        if partner == "A":
            return self.facilitation_consent_a and self.notes_consent_a
        return self.facilitation_consent_b and self.notes_consent_b

    def talked_alone(self, partner: str) -> bool:
        return self.private_talk_a if partner == "A" else self.private_talk_b

    def outcome(self, partner: str) -> str | None:
        return self.outcome_a if partner == "A" else self.outcome_b
