"""What two people agree to before they meet: the same words on the turned screen and on paper.

Plain default texts. Whoever practises with them has them read by someone who knows their law.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from clients import consents
from clients.access import AsFacilitator
from clients.couples import lead_in
from clients.models import Assignment, Consent, Partner

# Everything else is asked when it is first used.
SCOPES = (Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES)


def paragraphs(facilitator: str, partner_name: str) -> list[str]:
    """About 120 words. Whoever changes them gives them a new consents.TEXT_VERSION."""
    names = {"facilitator": facilitator, "name": partner_name}

    texts = [
        _("%(name)s, this is between you and %(facilitator)s. Please take the time you need."),
        _(
            "%(facilitator)s helps the two of you listen to each other, takes no side and decides nothing "
            "for you. You may pause, stop or leave at any time. No reason is needed."
        ),
        _(
            "What you say alone stays between you and %(facilitator)s, unless somebody is in danger. "
            "What both of you can read, you choose together."
        ),
        _(
            "If you agree, %(facilitator)s keeps notes, locked away: what was said, what you try, what you "
            "agree on. You may ask to see what is kept of you, and to have it put right or erased. If you "
            "would rather not, nothing is kept; only the clock runs."
        ),
        _(
            "Anything else, such as a reminder, is asked separately. You can take back a yes at any time; "
            "telling %(facilitator)s is enough."
        ),
    ]

    return [text % names for text in texts]


def ticks(facilitator: str) -> list[tuple[str, str]]:
    """Each consent with the words a person ticks. Nothing is ticked for them."""
    takes_part = _("I take part freely and may stop at any time")
    keeps_notes = _("%(facilitator)s may keep notes as described") % {"facilitator": facilitator}

    return [
        (Consent.Scope.FACILITATION.value, takes_part),
        (Consent.Scope.STORED_NOTES.value, keeps_notes),
    ]


def shown_to(partner: Partner) -> dict[str, Any]:
    """The card on the turned screen, for this one person."""
    care_team = Assignment.objects.unscoped("the agreement names who leads").filter(couple=partner.couple_id)
    facilitator = lead_in(care_team)

    return {
        "name": partner.name,
        "facilitator": facilitator,
        "words": paragraphs(facilitator, partner.name),
        "ticks": ticks(facilitator),
    }


def given_by(viewer: AsFacilitator, partner: Partner) -> list[Consent]:
    """The yeses of this agreement that stand, for the facilitator's own card of this person."""
    yeses = Consent.objects.visible_to(viewer).filter(consents.STANDS, partner=partner, scope__in=SCOPES)
    return list(yeses.order_by("given_at", "scope"))


@transaction.atomic
def take(
    partner: Partner,
    scopes: Iterable[str],
    *,
    by: str,
    now: datetime,
    how: str = Consent.How.OWN_HAND,
) -> None:
    """A tick is a yes. No tick is "not now": nothing is given, and nothing given before is taken back.

    A card starts with no tick, so what is missing on it says nothing. Taking back is an act of its own.
    """
    ticked = set(scopes)
    language = get_language() or "en"

    for scope in SCOPES:
        if scope in ticked:
            consents.give(partner=partner, scope=scope, how=how, by=by, now=now, language=language)
