"""The agreement sheet: what both confirmed, and how to stop kindly. Nothing of the story behind it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.joint import AgreementSeen, Foot, PauseSign, agreement, foot, pause_sign, phrases
from reports.contexts.material import Heard
from reports.contexts.story import Told
from reports.contexts.words import day

# Letters that still fit one page at each size; beyond the last one it runs on to a second page.
ROOMY, SNUG = 900, 2200


@dataclass(frozen=True)
class AgreementSheet:
    since: str
    agreements: tuple[AgreementSeen, ...]
    pause: PauseSign | None
    phrases: tuple[str, ...]
    size: str
    foot: Foot

    @classmethod
    def of(cls, heard: Heard) -> "AgreementSheet | None":
        """None when nothing was confirmed by both: then there is no sheet."""
        told = Told(heard, "both")
        if not told.agreements:
            return None
        held = tuple(agreement(draft, told) for draft in told.agreements)
        said = tuple(phrases(told))
        letters = sum(len(str(part)) for part in (*held, *said))
        return cls(
            since=day(heard.meeting.held_on),
            agreements=held,
            pause=pause_sign(heard.meeting),
            phrases=said,
            size="roomy" if letters <= ROOMY else "snug" if letters <= SNUG else "tight",
            foot=foot(heard.meeting, _("Agreement sheet")),
        )
