"""Doors of the turned screen: turn it, the shared view, a hand-over card and its answer, and turn it back.

What is turned is the sign-in (clients/turned.py), so every address of it answers the same: Back, another tab, a
typed address, the API.
"""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients import agreement, turned
from clients.access import AsFacilitator, AsRoom, as_facilitator
from clients.models import Partner
from clients.turned import Turned, turned_of
from clients.words import RESTING
from facilitator import audit
from facilitator.errors import Refusal
from facilitator.http import has_already, page
from facilitator.now import now
from sessions import live
from sessions.doors import find_session
from sessions.models import Session
from sessions.room import hand_over, shared_view
from sessions.room.way_back import about_last_code, may_turn_back

# Where the facilitator came out last: the blank leads there, also when it is reloaded.
OUT = "turned_out"
BLANK_S = 1


# Turning


@require_POST
def turn(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """To the shared view, or to one card for one of the two."""
    viewer = as_facilitator(request)
    session = find_session(viewer, session_id)
    card = _posted_card(request, viewer, session)

    turned.turn(request, back=reverse("desk", args=[session.pk]), session=session.pk, card=card)
    audit.record(
        practice=session.couple.practice_id,
        actor=viewer.actor,
        action="screen turned",
        subject=f"session:{session.pk}",
        at=now(),
    )

    return redirect("turned")


def _posted_card(request: HttpRequest, viewer: AsFacilitator, session: Session) -> turned.HandOverCard | None:
    name = request.POST.get("card")
    if not name:
        return None

    people = Partner.objects.visible_to(viewer).filter(couple=session.couple_id, left_at__isnull=True)
    partner = get_object_or_404(people, slot=request.POST.get("partner", ""))
    ref = request.POST.get("ref", "")
    return hand_over.lay(session, name=name, partner=partner, ref=ref, now=now())


@require_safe
def turned_screen(request: HttpRequest) -> HttpResponse:
    """The shared view, the card that lies on it, or the thank-you; after turning back a blank that leads out."""
    here = turned_of(request)
    if here is None:
        return _blank(request)

    if here.card is None:
        return _shared(request, here)
    if here.answered:
        return _page(request, "thanks", {"name": _name(here.card)})
    return _laid(request, here, here.card)


def _page(
    request: HttpRequest, name: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page of the turned screen: with the way back, and with nothing of whoever is signed in."""
    here = turned_of(request)
    # Two tabs of one sign-in that differ in it do not show the same any more.
    turn_mark = ""
    if here is not None and not here.answered:
        turn_mark = here.nonce

    frame: dict[str, Any] = {
        "asks_code": bool(request.user.short_code),
        "tried": about_last_code(request),
        "turn_mark": turn_mark,
    }
    frame.update(context or {})
    return page(request, f"facilitation/room/{name}.html", frame, status=status)


# The shared view


def _shared(request: HttpRequest, here: Turned) -> HttpResponse:
    session = _turned_session(request, here)
    if session is None:
        return _page(request, "quiet")

    at = now()
    context = {
        "fragment": _fragment(request, session, at),
        "now": at,
        "stream_url": f"{live.PREFIX}{session.pk}",
    }
    return _page(request, "shared", context)


def _turned_session(request: HttpRequest, here: Turned) -> Session | None:
    """As the room, and only while whoever turned it is still on the care team."""
    if here.session is None:
        return None

    mine = AsFacilitator(request.user.pk, request.user.practice_id)
    visible = Session.objects.visible_to(mine).visible_to(AsRoom(here.session))
    session: Session | None = visible.select_related("couple", "facilitator").first()
    return session


@require_safe
def turned_fragment(request: HttpRequest) -> HttpResponse:
    """The living part of the shared view; 304 when it would be the same bytes."""
    here = turned_of(request)
    if here is None or here.card is not None:
        raise Http404
    session = _turned_session(request, here)
    if session is None:
        raise Http404

    at = now()
    html = _fragment(request, session, at)
    tag = shared_view.tag(html)

    response = HttpResponseNotModified() if has_already(request, tag) else HttpResponse(html)
    response["ETag"] = tag
    response["X-Now"] = at.isoformat()
    return response


def _fragment(request: HttpRequest, session: Session, at: datetime) -> str:
    with timezone.override(ZoneInfo(session.couple.zone)):
        return render_to_string("facilitation/room/fragment.html", shared_view.shown(session, at), request)


# A card


def _name(card: turned.HandOverCard) -> str:
    partner = hand_over.whose(card)
    if partner is None:
        return ""
    return partner.name


def _laid(
    request: HttpRequest, here: Turned, card: turned.HandOverCard, *, status: int = 200, missing: bool = False
) -> HttpResponse:
    """The card with its question; `missing` says that not all was chosen that has to be."""
    if card.name == "agreement":
        return _laid_agreement(request, here, card)

    asked = hand_over.asked(card, here.session, now())
    if asked is None:
        return _resting(request)

    context = {
        **hand_over.card_context(asked),
        "missing": missing,
        "own_words": request.POST.get("own_words", ""),
        "nonce": here.nonce,
    }
    return _page(request, "card", context, status=status)


def _laid_agreement(request: HttpRequest, here: Turned, card: turned.HandOverCard) -> HttpResponse:
    """What they agree to before a first meeting."""
    partner = hand_over.whose(card)
    if partner is None:
        return _page(request, "quiet")

    shown = agreement.shown_to(partner)
    readers = _("Only you and %(facilitator)s read this.") % {"facilitator": shown["facilitator"]}
    context = {**shown, "slot": partner.slot, "readers": readers, "nonce": here.nonce}
    return _page(request, "agreement", context)


def _resting(request: HttpRequest) -> HttpResponse:
    """The moment for the question is over; the same sentence whatever the reason."""
    return _page(request, "resting", {"words": RESTING.format(facilitator=request.user.name)})


@require_POST
def turned_answer(request: HttpRequest) -> HttpResponse:
    """One answer, or a pass, which looks the same afterwards; then the card blanks itself.

    What was asked on another card, say in a tab that still shows the other one's, is nobody's answer here.
    """
    here = turned_of(request)
    if here is None:
        as_facilitator(request)
        return redirect("turned")

    is_of_this_card = turned.is_of(here, request.POST.get("nonce", ""))
    if here.card is None or here.answered or not is_of_this_card:
        return redirect("turned")

    if "pass" not in request.POST:
        waits = _keep_answer(request, here, here.card)
        if waits is not None:
            return waits

    turned.answered(request)
    return redirect("turned")


def _keep_answer(request: HttpRequest, here: Turned, card: turned.HandOverCard) -> HttpResponse | None:
    """Keep what was answered; a page where something is still to be chosen, or the moment is over."""
    if card.name == "agreement":
        _agree(request, card)
        return None

    asked = hand_over.asked(card, here.session, now())
    if asked is None:
        return None
    if hand_over.missing(asked.question, request.POST):
        return _laid(request, here, card, status=422, missing=True)

    try:
        hand_over.take(asked, request.POST, now=now())
    except Refusal:
        return _resting(request)
    return None


def _agree(request: HttpRequest, card: turned.HandOverCard) -> None:
    """Keep what this partner said yes to before a first meeting."""
    partner = hand_over.whose(card)
    if partner is None:
        return

    actor = hand_over.as_themselves(partner).actor
    agreement.take(partner, request.POST.getlist("scopes"), by=actor, now=now())


# Turning back


@require_POST
def turned_back(request: HttpRequest) -> HttpResponse:
    """The hold is the page's; the short code, where one is set, is asked here. Out through a blank."""
    here = turned_of(request)
    if here is None:
        as_facilitator(request)
    elif may_turn_back(request):
        request.session[OUT] = turned.turn_back(request)
    return redirect("turned")


def _blank(request: HttpRequest) -> HttpResponse:
    """Nothing for a second, so that nobody reads the desk over a shoulder; then where the facilitator was."""
    as_facilitator(request)
    out = request.session.get(OUT)
    if out is None:
        return redirect("home")

    response = page(request, "facilitation/room/blank.html", {"out": out})
    response["Refresh"] = f"{BLANK_S}; url={out}"
    return response
