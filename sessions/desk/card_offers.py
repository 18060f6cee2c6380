"""The questions that can be handed to one of the two on the turned screen, and for whom they have a place now."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from sessions.desk.snapshot import DeskSnapshot
from sessions.engine.kinds import TALKING


@dataclass(frozen=True)
class CardOffer:
    """One question, by the name of its card and what it is about, and the slots it can be handed to."""

    card: str
    words: str
    ref: str
    slots: tuple[str, ...]


def card_offers(desk: DeskSnapshot) -> list[CardOffer]:
    """None once the session is over."""
    if desk.reading.state == "ended":
        return []
    return [offer for offer in _possible(desk) if offer.slots]


def _possible(desk: DeskSnapshot) -> Iterator[CardOffer]:
    everybody = desk.plan.partners
    state = desk.state

    yield CardOffer("number", _("Stirred up, 0 to 10"), "", everybody)

    for ref, fear in state.fears.items():
        if not fear.answer:
            yield CardOffer("fear", _("Does this fear fit"), ref, (fear.to,))

    if "option" in state.ids.values():
        yield CardOffer("reactions", _("How the options sit"), "", everybody)

    if desk.reading.state in TALKING:
        have_not_said = tuple(slot for slot in everybody if slot not in state.retreat_views)
        yield CardOffer("retreat", _("What the stepping back may be"), "", have_not_said)

    extension = state.extension
    if extension is not None and not extension.outcome:
        have_not_answered = tuple(slot for slot in everybody if slot not in extension.answers)
        yield CardOffer("extension", _("More time: yes or not now"), "", have_not_answered)

    for goal in desk.plan.goals:
        words = _("The goal: %(goal)s") % {"goal": goal.wording[:40]}
        yield CardOffer("goal", words, goal.id, everybody)
