"""Hand-over cards: one question for one partner on the facilitator's machine, which keeps nothing of the answer.

A card is read and answered as that partner. So it shows nothing they may not see, and their answer is sealed with
their own key. Nobody said it to the facilitator, so the command is not `told_to`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from clients.access import AsPartner
from clients.models import Partner
from clients.turned import HandOverCard
from facilitator.errors import Refusal, gettext_noop
from sessions.engine import rules
from sessions.models import Session
from sessions.record import conduct
from sessions.room.card_in_hand import CardInHand, Question
from sessions.room.questions import QUESTIONS


def as_themselves(partner: Partner) -> AsPartner:
    return AsPartner(partner.pk, partner.couple_id, partner.couple.practice_id, partner.slot)


def whose(card: HandOverCard) -> Partner | None:
    """The partner whose name is on the card; None once they have left."""
    people = Partner.objects.unscoped("a card lies in front of one person")
    found: Partner | None = (
        people.select_related("couple").filter(pk=card.partner, left_at__isnull=True).first()
    )
    return found


def in_hand(card: HandOverCard, session_id: UUID | None, now: datetime) -> CardInHand | None:
    """The card with what its partner may know of the session; None where there is nobody or nothing to see."""
    partner = whose(card)
    if partner is None or session_id is None:
        return None

    viewer = as_themselves(partner)
    mine = Session.objects.visible_to(viewer).select_related("facilitator", "couple")
    session = mine.filter(pk=session_id).first()
    if session is None:
        return None

    return CardInHand(card, partner, viewer, session, conduct.looked_at(session), now)


def question_of(hand: CardInHand) -> Question | None:
    """What the card asks now; None where its moment has not come or is over."""
    asked = QUESTIONS.get(hand.card.name)
    if asked is None:
        return None
    return asked(hand)


@dataclass(frozen=True)
class Asked:
    """A card in hand that has something to ask."""

    hand: CardInHand
    question: Question


def asked(card: HandOverCard, session_id: UUID | None, now: datetime) -> Asked | None:
    """The card and its question, where both are there."""
    hand = in_hand(card, session_id, now)
    if hand is None:
        return None
    question = question_of(hand)
    if question is None:
        return None
    return Asked(hand, question)


def lay(session: Session, *, name: str, partner: Partner, ref: str = "", now: datetime) -> HandOverCard:
    """A card that could be answered now. Refuses one with nothing to ask before anybody is handed the machine."""
    card = HandOverCard(name, partner.pk, ref)
    laid = asked(card, session.pk, now)
    if laid is None:
        raise Refusal(gettext_noop("Not yet: there is nothing to ask on this card."), "no_card")

    some_answer = {ask.name: ask.choices[0][0] for ask in laid.question.asks}
    command = laid.question.command(some_answer, "")
    held = laid.hand.session_now
    rules.check(held.plan, held.state, held.standing(), command, now)
    return card


def missing(question: Question, posted: Mapping[str, str]) -> bool:
    """Whether nothing was chosen, or not all that has to be."""
    said = answers(question, posted)
    needed = [ask.name for ask in question.asks if ask.required]
    return not said or any(name not in said for name in needed)


def answers(question: Question, posted: Mapping[str, str]) -> dict[str, str]:
    """What was chosen among what was offered; anything else is as good as nothing."""
    chosen = {}
    for ask in question.asks:
        value = posted.get(ask.name)
        if value in dict(ask.choices):
            chosen[ask.name] = value
    return chosen


def take(one: Asked, posted: Mapping[str, str], *, now: datetime) -> None:
    """Keep what this person said. A refusal means that the moment for it is over."""
    own_words = ""
    if one.question.own_words:
        own_words = posted.get("own_words", "").strip()

    command = one.question.command(answers(one.question, posted), own_words)
    key = posted.get("key") or uuid4().hex

    conduct.post(
        one.hand.session.pk,
        replace(command, key=key),
        poster=one.hand.viewer.actor,
        author=one.hand.partner.pk,
        now=now,
    )


def card_context(one: Asked) -> dict[str, Any]:
    """For the template. The key is made with the page, so the same press sent twice is one answer."""
    partner = one.hand.partner
    return {"name": partner.name, "slot": partner.slot, "question": one.question, "key": uuid4().hex}
