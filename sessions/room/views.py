"""The turned screen: the facilitator's machine as the shared view, or one hand-over card, until it is turned back.

What is turned is the sign-in (clients/turned.py), so every address of it answers the same: Back, another tab, a
typed address, the API.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import check_password
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
from facilitator.http import page
from facilitator.now import now
from sessions import live
from sessions.doors import find_session
from sessions.models import Session
from sessions.room import hand_over, shared_view

# Where the facilitator came out last: the blank leads there, also when it is reloaded.
OUT = "turned_out"
# Wrong codes of this sign-in; five, then a minute's rest.
TRIES = "turned_tries"
MOST_TRIES = 5
REST = timedelta(minutes=1)
BLANK_S = 1


@require_POST
def turn(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """To the shared view, or to one card for one of the two."""
    viewer = as_facilitator(request)
    session = find_session(viewer, session_id)
    card = _card(request, viewer, session) if request.POST.get("card") else None
    turned.turn(request, back=reverse("desk", args=[session.pk]), session=session.pk, card=card)
    audit.record(
        practice=session.couple.practice_id,
        actor=viewer.actor,
        action="screen turned",
        subject=f"session:{session.pk}",
        at=now(),
    )
    return redirect("turned")


def _card(request: HttpRequest, viewer: AsFacilitator, session: Session) -> turned.Card:
    people = Partner.objects.visible_to(viewer).filter(couple=session.couple_id, left_at__isnull=True)
    partner = get_object_or_404(people, slot=request.POST.get("partner", ""))
    name, ref = request.POST["card"], request.POST.get("ref", "")
    return hand_over.lay(session, name=name, partner=partner, ref=ref, now=now())


@require_safe
def turned_screen(request: HttpRequest) -> HttpResponse:
    """The shared view, or the card that lies on it, or the thank-you; after turning back a blank that leads out."""
    here = turned_of(request)
    if here is None:
        return _out(request)
    if here.card is None:
        return _shared(request, here)
    if here.answered:
        return _page(request, "thanks", {"name": _name(here)})
    return _laid(request, here)


def _out(request: HttpRequest) -> HttpResponse:
    as_facilitator(request)
    out = request.session.get(OUT)
    if out is None:
        return redirect("home")
    response = page(request, "facilitation/room/blank.html", {"out": out})
    response["Refresh"] = f"{BLANK_S}; url={out}"
    return response


def _page(
    request: HttpRequest, name: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page of the turned screen: with the way back, and with nothing of whoever is signed in."""
    here = turned_of(request)
    frame = {
        "asks_code": bool(request.user.short_code),
        "tried": _tried(request),
        # Two tabs of one sign-in that differ in it do not show the same any more.
        "turn_mark": here.nonce if here and not here.answered else "",
    }
    return page(request, f"facilitation/room/{name}.html", {**frame, **(context or {})}, status=status)


# The shared view


def _session(request: HttpRequest, here: Turned) -> Session | None:
    """As the room; and only while whoever turned it is still on the care team."""
    user = request.user
    mine = AsFacilitator(user.pk, user.practice_id)
    found = Session.objects.visible_to(mine).visible_to(AsRoom(here.session))
    session: Session | None = found.select_related("couple", "facilitator").first() if here.session else None
    return session


def _shared(request: HttpRequest, here: Turned) -> HttpResponse:
    session = _session(request, here)
    if session is None:
        return _page(request, "quiet")
    at = now()
    return _page(
        request,
        "shared",
        {"fragment": _fragment(request, session, at), "now": at, "stream_url": f"{live.PREFIX}{session.pk}"},
    )


def _fragment(request: HttpRequest, session: Session, at: datetime) -> str:
    with timezone.override(ZoneInfo(session.couple.zone)):
        return render_to_string("facilitation/room/fragment.html", shared_view.shown(session, at), request)


@require_safe
def turned_fragment(request: HttpRequest) -> HttpResponse:
    """The living part of the shared view; 304 when it would be the same bytes."""
    here = turned_of(request)
    session = _session(request, here) if here and here.card is None else None
    if session is None:
        raise Http404
    at = now()
    html = _fragment(request, session, at)
    tag = shared_view.tag(html)
    same = request.headers.get("If-None-Match") == tag
    response = HttpResponseNotModified() if same else HttpResponse(html)
    response["ETag"], response["X-Now"] = tag, at.isoformat()
    return response


# A card


def _name(here: Turned) -> str:
    partner = hand_over.whose(here.card) if here.card else None
    return partner.name if partner else ""


def _laid(request: HttpRequest, here: Turned, *, status: int = 200, missing: bool = False) -> HttpResponse:
    assert here.card is not None
    if here.card.name == "agreement":
        partner = hand_over.whose(here.card)
        if partner is None:
            return _page(request, "quiet")
        return _page(request, "agreement", {**_agreement(partner), "nonce": here.nonce})
    hand = hand_over.held(here.card, here.session, now())
    question = hand_over.question_of(hand) if hand else None
    if hand is None or question is None:
        return _resting(request)
    own_words = request.POST.get("own_words", "")
    context = {**hand_over.shape(hand, question), "missing": missing, "own_words": own_words}
    context["nonce"] = here.nonce
    return _page(request, "card", context, status=status)


def _agreement(partner: Partner) -> dict[str, Any]:
    shown = agreement.shown_to(partner)
    readers = _("Only you and %(facilitator)s read this.") % {"facilitator": shown["facilitator"]}
    return {**shown, "slot": partner.slot, "readers": readers}


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
    elif here.card is not None and not here.answered and turned.is_of(here, request.POST.get("nonce", "")):
        if here.card.name == "agreement":
            _agree(request, here.card)
        elif "pass" not in request.POST:
            return _answered(request, here)
        turned.answered(request)
    return redirect("turned")


def _agree(request: HttpRequest, card: turned.Card) -> None:
    partner = hand_over.whose(card)
    if partner is not None and "pass" not in request.POST:
        actor = hand_over.as_themselves(partner).actor
        agreement.take(partner, request.POST.getlist("scopes"), by=actor, now=now())


def _answered(request: HttpRequest, here: Turned) -> HttpResponse:
    assert here.card is not None
    hand = hand_over.held(here.card, here.session, now())
    question = hand_over.question_of(hand) if hand else None
    if hand is not None and question is not None:
        if hand_over.missing(question, request.POST):
            return _laid(request, here, status=422, missing=True)
        try:
            hand_over.take(hand, question, request.POST, now=now())
        except Refusal:
            return _resting(request)
    turned.answered(request)
    return redirect("turned")


# Turning back


@require_POST
def turned_back(request: HttpRequest) -> HttpResponse:
    """The hold is the page's; the short code, where one is set, is asked here. Out through a blank."""
    here = turned_of(request)
    if here is None:
        as_facilitator(request)
    elif _may_turn_back(request):
        request.session[OUT] = turned.turn_back(request)
    return redirect("turned")


def _may_turn_back(request: HttpRequest) -> bool:
    code, said = request.user.short_code, request.POST.get("code", "")
    if not code or not said:
        return not code
    tried = request.session.get(TRIES, {"wrong": 0, "until": None})
    if tried["until"] and now() < datetime.fromisoformat(tried["until"]):
        return False
    if check_password(said, code):
        request.session.pop(TRIES, None)
        return True
    wrong = 1 if tried["until"] else tried["wrong"] + 1
    until = (now() + REST).isoformat() if wrong >= MOST_TRIES else None
    request.session[TRIES] = {"wrong": wrong, "until": until}
    return False


def _tried(request: HttpRequest) -> str:
    """What to say about the last code, if it was not the one."""
    tried = request.session.get(TRIES)
    if not tried:
        return ""
    if tried["until"]:
        resting = now() < datetime.fromisoformat(tried["until"])
        return _("Let us wait a minute, then try again.") if resting else ""
    return _("That was not the code. Please try again.")
