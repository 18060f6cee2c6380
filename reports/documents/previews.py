"""What one partner is about to open, before they say yes: their own lines, and the joint page as it will read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from clients.access import AsFacilitator, AsPartner
from clients.models import Partner
from facilitator.errors import gettext_noop
from reports.contexts import JointSummary
from reports.documents.gathering import gather
from sessions.engine.clock.state import undone_numbers
from sessions.models import HeldBack, Line, Moment, Reader, Session
from sessions.wording.moments import entry_name

# What kind of line it is, as one reads it with the person who said it.
YOUR_LINE = {
    "statement": gettext_noop("what you said"),
    "need_named": gettext_noop("what you need"),
    "reflection_given": gettext_noop("what you said back"),
    "reflection_corrected": gettext_noop("what you meant"),
    "validation_given": gettext_noop("what made sense to you"),
    "fear_answered": gettext_noop("a fear, in your words"),
    "option_added": gettext_noop("your idea"),
    "closing_word": gettext_noop("your closing word"),
    "corrected": gettext_noop("said anew"),
}
# Fields of a line that are the sentence itself; what was noted beside it follows.
SENTENCES = ("text", "own_words", "wording")


@dataclass(frozen=True)
class OwnLine:
    """One line of theirs that a yes opens. `left_out`: they struck it before."""

    id: UUID
    what: str
    text: str
    left_out: bool


@dataclass(frozen=True)
class ReadThrough:
    own: tuple[OwnLine, ...]
    summary: JointSummary
    agreed_at: datetime | None


def read_through(session: Session, partner: Partner, viewer: AsFacilitator) -> ReadThrough:
    """Read as the partner, so that what the other has not opened cannot be on the page."""
    return ReadThrough(
        own=tuple(_own_lines(session, partner, viewer)),
        summary=_joint_page(session, partner.slot),
        agreed_at=_agreed_at(session, partner, viewer),
    )


def own_among(
    posted: Collection[str], session: Session, partner: Partner, viewer: AsFacilitator
) -> list[UUID]:
    """Those of the posted ids that are lines of this partner's."""
    if not posted:
        return []
    return [line.id for line in _own_lines(session, partner, viewer) if str(line.id) in posted]


def _own_lines(session: Session, partner: Partner, viewer: AsFacilitator) -> list[OwnLine]:
    """Those with words in them, in the order they were said; what was undone is gone."""
    seat = AsPartner(partner.pk, session.couple_id, session.couple.practice_id, partner.slot)
    undoing = Moment.objects.visible_to(viewer).filter(session=session, kind="undone")
    undone = undone_numbers(undoing)
    held = HeldBack.objects.visible_to(seat).filter(moment__session=session)
    struck = set(held.values_list("moment", flat=True))

    own = []
    lines = Line.objects.visible_to(seat).filter(session=session, owner=partner, audience="REL")
    for line in lines.select_related("moment"):
        text = _text(line.words)
        if text and line.moment.command not in undone:
            own.append(OwnLine(line.moment_id, _what_it_is(line.kind), text, line.moment_id in struck))
    return own


def _what_it_is(kind: str) -> str:
    text = YOUR_LINE.get(kind)
    return gettext(text) if text else entry_name(kind)


def _text(words: Mapping[str, Any]) -> str:
    """All that opens with a line: the sentence first, then what was noted beside it."""
    in_order = sorted(words.items(), key=lambda item: item[0] not in SENTENCES)

    parts = []
    for _name, value in in_order:
        parts.append(", ".join(map(str, value)) if isinstance(value, list) else str(value))
    return " · ".join(part for part in parts if part)


def _joint_page(session: Session, slot: str) -> JointSummary:
    """The fuller summary with this partner's lines in it. Their own numbers and notes are no part of it."""
    material = gather(session, slot).material  # type: ignore[arg-type]
    opens = [line for line in material.lines if line.audience in ("JOINT", "REL") and not line.held_back]
    return JointSummary.of(replace(material, lines=opens), "both")


def _agreed_at(session: Session, partner: Partner, viewer: AsFacilitator) -> datetime | None:
    yes = Reader.objects.visible_to(viewer).filter(
        session=session, partner=partner, withdrawn_at__isnull=True
    )
    agreed_at: datetime | None = yes.values_list("agreed_at", flat=True).first()
    return agreed_at
