"""That the screen is turned to the couple: a fact about one sign-in, kept with it on the server.

Until it is turned back every door answers the shared view, or the one hand-over card that lies on it.
"""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

# Where a sign-in keeps it.
KEY = "turned"


@dataclass(frozen=True)
class HandOverCard:
    """One question to one person. `name` says which question, `ref` what it is about (an id inside the session)."""

    name: str
    partner: UUID
    ref: str = ""


@dataclass(frozen=True)
class Turned:
    """`session` is None where there is none yet (a couple walking in). `back` is where the facilitator comes out.

    `answered`: the card has done its work; what is left on the screen is a thank-you and the way back.
    `nonce`: made with each turn and posted with each answer, so that what was left in another tab from an earlier
    card is nobody's answer on this one.
    """

    session: UUID | None
    back: str
    card: HandOverCard | None = None
    answered: bool = False
    nonce: str = ""


def turn(
    request: HttpRequest, *, back: str, session: UUID | None = None, card: HandOverCard | None = None
) -> None:
    _keep(request, Turned(session, back, card, nonce=secrets.token_urlsafe()))


def answered(request: HttpRequest) -> None:
    """The card gave its answer and blanks itself."""
    here = turned_of(request)
    if here is not None:
        _keep(request, replace(here, answered=True))


def is_of(turned: Turned, nonce: str) -> bool:
    """Whether what was posted was asked on the card that lies here now."""
    return bool(turned.nonce) and constant_time_compare(turned.nonce, nonce)


def turn_back(request: HttpRequest) -> str:
    """Take the turn away and say where to come out. Whoever calls this has seen the hold and the short code."""
    kept = request.session.pop(KEY, None)
    _look_again(request)
    return str(kept["back"]) if kept else "/"


def turned_of(request: HttpRequest) -> Turned | None:
    return turned_in(getattr(request, "session", {}))


def turned_in(sign_in: Mapping[str, Any]) -> Turned | None:
    """From what a sign-in keeps, also where there is no request."""
    kept = sign_in.get(KEY)
    if kept is None:
        return None

    return Turned(
        session=UUID(kept["session"]) if kept["session"] else None,
        back=kept["back"],
        card=_card_in(kept["card"]),
        answered=kept["answered"],
        # A screen that was turned before there were nonces takes no answer; it is turned back and handed over again.
        nonce=kept.get("nonce", ""),
    )


def _card_in(kept: dict[str, Any] | None) -> HandOverCard | None:
    if not kept:
        return None
    return HandOverCard(kept["name"], UUID(kept["partner"]), kept["ref"])


def _keep(request: HttpRequest, turned: Turned) -> None:
    """A session of Django holds plain JSON, so ids go in as text."""
    kept: dict[str, Any] = asdict(turned)
    if turned.session:
        kept["session"] = str(turned.session)
    if turned.card:
        kept["card"]["partner"] = str(turned.card.partner)

    request.session[KEY] = kept
    _look_again(request)


def _look_again(request: HttpRequest) -> None:
    """Who this sign-in is has just changed: forget what `access.viewer_of` has found before."""
    request.__dict__.pop("_viewer", None)
