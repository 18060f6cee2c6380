"""The agreement sheet: what both confirmed, and how to stop kindly. Nothing of the story behind it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.material import Material
from reports.contexts.pieces import (
    AgreementSeen,
    Foot,
    PauseSign,
    agreement,
    foot,
    pause_sign,
    phrases,
    size_of,
)
from reports.contexts.story import Story
from reports.contexts.words import day

# Letters that still fit one page at each size; beyond the last one it runs on to a second page.
ROOMY = 900
SNUG = 2200


@dataclass(frozen=True)
class AgreementSheet:
    since: str
    agreements: tuple[AgreementSeen, ...]
    pause: PauseSign | None
    phrases: tuple[str, ...]
    size: str
    foot: Foot

    @classmethod
    def of(cls, material: Material) -> "AgreementSheet | None":
        """None when nothing was confirmed by both: then there is no sheet."""
        meeting = material.meeting
        story = Story(material, "both")
        if not story.agreements:
            return None

        agreements = tuple(agreement(draft, story) for draft in story.agreements)
        shared = tuple(phrases(story))
        letters = sum(len(str(piece)) for piece in (*agreements, *shared))

        return cls(
            since=day(meeting.held_on),
            agreements=agreements,
            pause=pause_sign(meeting),
            phrases=shared,
            size=size_of(letters, roomy=ROOMY, snug=SNUG),
            foot=foot(meeting, _("Agreement sheet")),
        )
