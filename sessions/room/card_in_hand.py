"""What a hand-over card is made of: the person it lies in front of, its question, and the choices."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from clients.access import AsPartner
from clients.models import Partner
from clients.turned import HandOverCard
from sessions.engine import clock
from sessions.engine.kinds import Command
from sessions.models import Session
from sessions.record.conduct import OpenSession

Choices = tuple[tuple[str, str], ...]
Answers = Mapping[str, str]
MOST_CHOICES = 6


@dataclass(frozen=True)
class Ask:
    """One choice among a few, and what it is about where a card asks about several things."""

    name: str
    choices: Choices
    about: str = ""
    required: bool = False

    @property
    def is_scale(self) -> bool:
        """So many choices that they are the steps of a scale."""
        return len(self.choices) > MOST_CHOICES


@dataclass(frozen=True)
class Question:
    """What one card asks, who will read the answer, and the command the answer becomes."""

    title: str
    readers: str
    asks: tuple[Ask, ...]
    # From the chosen answers, and what somebody wrote in their own words.
    command: Callable[[Answers, str], Command]
    quoted: str = ""
    own_words: bool = False
    note: str = ""


@dataclass(frozen=True)
class CardInHand:
    """One card in front of one person, and the session as that person may know it."""

    card: HandOverCard
    partner: Partner
    viewer: AsPartner
    session: Session
    session_now: OpenSession
    at: datetime

    @property
    def reading(self) -> clock.Reading:
        return clock.read(self.session_now.plan, self.session_now.state, self.at)

    @property
    def facilitator(self) -> str:
        return self.session.facilitator.name

    def says(self, kind: str, **fields: object) -> Command:
        return Command(by=self.partner.slot, kind=kind, fields=fields)

    def between_two(self) -> str:
        return _("Only you and %(facilitator)s read this.") % {"facilitator": self.facilitator}
