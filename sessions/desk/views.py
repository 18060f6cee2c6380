"""Doors of the desk: the page, its living part, and a press. Each is fetch, act, show."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clients.access import AsFacilitator
from facilitator.errors import Refusal
from facilitator.http import has_already, page
from facilitator.now import now
from sessions import live
from sessions.desk import context as shape
from sessions.desk import posting, refusals
from sessions.doors import seen_session
from sessions.models import Session
from sessions.record import conduct, partings


@require_safe
def desk(request: HttpRequest, session_id: UUID) -> HttpResponse:
    viewer, session = seen_session(request, session_id)
    if session.held_on is not None:
        return redirect("written", session.pk)
    return _desk(request, viewer, session)


def _desk(
    request: HttpRequest, viewer: AsFacilitator, session: Session, *, status: int = 200, **more: Any
) -> HttpResponse:
    with timezone.override(ZoneInfo(session.couple.zone)):
        at = now()
        room = shape.room(session, viewer, at)
        context = {**shape.context(room, **more), **_place(room), "now": at}
        return page(request, "facilitation/desk/desk.html", {"viewer": viewer, **context}, status=status)


def _place(room: shape.Room) -> dict[str, str]:
    """The addresses around this desk, and the couple's own sign where the plan brought none."""
    session, reading = room.session, room.reading
    closing = reading.phase == len(room.plan.phases) or reading.state == "wrapping_up"
    own_sign = partings.sign_of(session.couple_id)[0] if closing and not session.owner_id else ""
    return {
        "desk_url": reverse("desk", args=[session.pk]),
        "fragment_url": reverse("desk_fragment", args=[session.pk]),
        "command_url": reverse("command", args=[session.pk]),
        "stream_url": f"{live.PREFIX}{session.pk}",
        "place_url": reverse("couple", args=[session.couple_id]),
        "session_url": reverse("session", args=[session.pk]),
        "sheet_url": _address("door_sheet", session) if not session.owner_id else "",
        "turn_url": _address("turn", session),
        "home_url": reverse("home"),
        "sign": room.plan.exit_strategy.sign or own_sign,
    }


def _address(name: str, session: Session) -> str:
    """Of a page that another room may bring; nothing where it does not."""
    try:
        return reverse(name, args=[session.pk])
    except NoReverseMatch:
        return ""


@require_safe
def fragment(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The live half of the desk, rendered anew as this viewer; 304 when it would be the same bytes."""
    viewer, session = seen_session(request, session_id)
    with timezone.override(ZoneInfo(session.couple.zone)):
        at = now()
        room = shape.room(session, viewer, at)
        context = {"viewer": viewer, **shape.context(room), **_place(room)}
        html = render_to_string("facilitation/desk/fragment.html", context, request)
    tag = f'"{shape.digest(html, context_token(html))}"'
    response = HttpResponseNotModified() if has_already(request, tag) else HttpResponse(html)
    response["ETag"], response["X-Now"] = tag, at.isoformat()
    return response


def context_token(html: str) -> str:
    """The form token of this rendering, which is masked anew each time."""
    _before, found, after = html.partition('name="csrfmiddlewaretoken" value="')
    return after.split('"', 1)[0] if found else "\0"


@require_POST
def command(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One press. Refused: the desk again, with the words and everything that was typed."""
    viewer, session = seen_session(request, session_id)
    try:
        pressed = posting.press(request.POST, shape.room(session, viewer, now()))
        if pressed.forms:
            return _desk(request, viewer, session, status=422, forms=pressed.forms)
        _take(request, viewer, session, pressed)
    except Refusal as refusal:
        return _not_yet(request, viewer, session, refusal)
    return redirect("desk", session.pk)


def _take(request: HttpRequest, viewer: AsFacilitator, session: Session, pressed: posting.Press) -> None:
    """All commands of a press at one instant, or none."""
    at, seen = now(), posting.whole(request.POST.get("seen", ""))
    with conduct.entered(session.pk) as room:
        if pressed.own and room.is_answered(pressed.own, viewer.actor):
            return  # The same press again: its company was answered with it.
        for place, one in enumerate(pressed.commands):
            room.post(
                one,
                poster=viewer.actor,
                author=viewer.user_id,
                now=at,
                seen=seen if place == 0 else None,
            )
        room.keep(now=at)
        if pressed.own and pressed.own.kind == "session_ended":
            partings.say(session, by=viewer.actor, now=at, **_parting_words(request))


def _parting_words(request: HttpRequest) -> dict[str, str]:
    """What both take home with them, as far as it was written on the way out."""
    said = {"sign": request.POST.get("sign", ""), "line": request.POST.get("line_for_both", "")}
    return {name: words.strip()[:400] for name, words in said.items() if words.strip()}


def _not_yet(request: HttpRequest, viewer: AsFacilitator, session: Session, refusal: Refusal) -> HttpResponse:
    posted, room = request.POST, shape.room(session, viewer, now())
    forms = posting.card(posted, room)
    words = refusals.spoken(refusal, posted, room)
    return _desk(
        request,
        viewer,
        session,
        status=refusal.status,
        refusal=words,
        forms=forms,
        typed=posting.typed(posted),
    )
