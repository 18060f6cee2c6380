"""What one partner is about to open, before they say yes: their own lines, and the joint page as it will read."""

from dataclasses import dataclass, replace
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


def _what_it_is(kind: str) -> str:
    text = YOUR_LINE.get(kind)
    return gettext(text) if text else entry_name(kind)


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
    agreed_at: Any


def read_through(session: Session, partner: Partner, viewer: AsFacilitator) -> ReadThrough:
    """Read as the partner, so that what the other has not opened cannot be on the page."""
    seat = AsPartner(partner.pk, session.couple_id, session.couple.practice_id, partner.slot)
    yes = Reader.objects.visible_to(viewer).filter(
        session=session, partner=partner, withdrawn_at__isnull=True
    )
    agreed_at = yes.values_list("agreed_at", flat=True).first()
    return ReadThrough(own_lines(session, seat, viewer), _joint_page(session, partner.slot), agreed_at)


def own_lines(session: Session, seat: AsPartner, viewer: AsFacilitator) -> tuple[OwnLine, ...]:
    """With words in them, in the order they were said; what was undone is gone."""
    undoing = Moment.objects.visible_to(viewer).filter(session=session, kind="undone")
    undone = undone_numbers(undoing)
    held = HeldBack.objects.visible_to(seat).filter(moment__session=session)
    struck = set(held.values_list("moment", flat=True))
    lines = Line.objects.visible_to(seat).filter(session=session, owner=seat.partner_id, audience="REL")
    found = [line for line in lines.select_related("moment") if line.moment.command not in undone]
    return tuple(
        OwnLine(line.moment_id, _what_it_is(line.kind), text, line.moment_id in struck)
        for line in found
        if (text := _text(line.words))
    )


def _text(words: Any) -> str:
    """All that opens with a line: the sentence first, then what was noted beside it."""
    said = sorted(words.items(), key=lambda item: item[0] not in ("text", "own_words", "wording"))
    parts = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for _name, value in said]
    return " · ".join(part for part in parts if part)


def _joint_page(session: Session, slot: str) -> JointSummary:
    """The fuller summary with this partner's lines in it. Their own numbers and notes are no part of it."""
    heard = gather(session, slot).heard  # type: ignore[arg-type]
    opens = [line for line in heard.lines if line.audience in ("JOINT", "REL") and not line.held_back]
    return JointSummary.of(replace(heard, lines=opens), "both")
