"""Doors of the desk: the page, its living part, the list behind *More*, and a press. Each is fetch, act, show."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clients.access import AsFacilitator, as_facilitator
from facilitator.errors import Refusal
from facilitator.http import has_already, page
from facilitator.now import now
from sessions import live
from sessions.desk import posting
from sessions.desk.context import Place, Typed, desk_context, for_template, tag_of
from sessions.desk.posting import Press
from sessions.desk.refusals import not_yet
from sessions.desk.snapshot import DeskSnapshot, look_at_desk, snapshot_of
from sessions.desk.status import status_of
from sessions.doors import note_look, seen_session
from sessions.models import Session
from sessions.record import conduct, partings
from sessions.record.conduct import OpenSession

# What the desk's own script says of itself; a plain form does not.
FROM_THE_DESK = "desk"


@require_safe
def desk(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The whole page. A session that is written up has a page of its own."""
    viewer, session = seen_session(request, session_id)
    if session.held_on is not None:
        return redirect("written", session.pk)

    wants_more = request.GET.get("open") == "more"
    with timezone.override(ZoneInfo(session.couple.zone)):
        return _page(request, viewer, look_at_desk(session, viewer, now()), with_more=wants_more)


@require_safe
def fragment(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The living half of the desk; 304 when this screen has it already."""
    viewer, session = seen_session(request, session_id)
    with timezone.override(ZoneInfo(session.couple.zone)):
        return _fragment(request, viewer, look_at_desk(session, viewer, now()))


@require_safe
def more(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The list behind *More*, which the desk fetches when it is opened."""
    viewer, session = seen_session(request, session_id)
    with timezone.override(ZoneInfo(session.couple.zone)):
        snapshot = look_at_desk(session, viewer, now())
        context = for_template(desk_context(snapshot, with_more=True), place_of(session))
        html = render_to_string("facilitation/desk/parts/more.html", {"viewer": viewer, **context}, request)
    return HttpResponse(html)


@require_POST
def command(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One press. Refused: the desk again, with the words and everything that was typed."""
    viewer = as_facilitator(request)
    at = now()
    try:
        session_now, press = _pressed(request, viewer, session_id, at)
    except Session.DoesNotExist:
        raise Http404 from None
    except Refusal as refusal:
        return _refused(request, session_id, refusal)

    note_look(request, viewer, session_now.session)
    if not press.forms and request.headers.get("X-Requested-With") != FROM_THE_DESK:
        return redirect("desk", session_id)

    with timezone.override(ZoneInfo(session_now.session.couple.zone)):
        snapshot = snapshot_of(session_now, viewer, at)
        if press.forms:
            return _page(request, viewer, snapshot, status=422, typed=Typed(cards=press.forms))
        return _fragment(request, viewer, snapshot)


def _pressed(
    request: HttpRequest, viewer: AsFacilitator, session_id: UUID, at: datetime
) -> tuple[OpenSession, Press]:
    """Write what was pressed, all at one instant or nothing. What is shown is made after the lock is gone."""
    with conduct.entered_by(viewer, session_id) as session_now:
        press = posting.read_press(request.POST, snapshot_of(session_now, viewer, at))
        if press.own is None or session_now.is_answered(press.own, viewer.actor):
            # A card that needs something; or the same press again, and what goes with it was answered too.
            return session_now, press

        seen = posting.whole(request.POST.get("seen", ""))
        for place, one in enumerate(press.commands):
            session_now.post(
                one,
                poster=viewer.actor,
                author=viewer.user_id,
                now=at,
                seen=seen if place == 0 else None,
            )
        session_now.keep(now=at, tab=request.headers.get("X-Tab", ""))

        if press.own.kind == "session_ended":
            partings.say(session_now.session, by=viewer.actor, now=at, **_parting_words(request))
    return session_now, press


def _parting_words(request: HttpRequest) -> dict[str, str]:
    """What both take home with them, as far as it was written on the way out."""
    written = {"sign": request.POST.get("sign", ""), "line": request.POST.get("line_for_both", "")}
    return {name: words.strip()[:400] for name, words in written.items() if words.strip()}


def _refused(request: HttpRequest, session_id: UUID, refusal: Refusal) -> HttpResponse:
    """The desk as it is, with the no and everything that was typed."""
    viewer, session = seen_session(request, session_id)

    with timezone.override(ZoneInfo(session.couple.zone)):
        snapshot = look_at_desk(session, viewer, now())
        words = not_yet(refusal, request.POST, snapshot)
        typed = posting.typed_on(request.POST, snapshot)
        return _page(request, viewer, snapshot, status=refusal.status, refusal=words, typed=typed)


# What is shown


def _page(
    request: HttpRequest,
    viewer: AsFacilitator,
    snapshot: DeskSnapshot,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = desk_context(snapshot, sign=own_sign(snapshot), **more)
    values = for_template(context, place_of(snapshot.session))
    shown = {"viewer": viewer, "now": snapshot.reading.now, **values}
    response = page(request, "facilitation/desk/desk.html", shown, status=status)
    response["X-Now"] = snapshot.reading.now.isoformat()
    return response


def _fragment(request: HttpRequest, viewer: AsFacilitator, snapshot: DeskSnapshot) -> HttpResponse:
    """The living half with its tag; 304 where the screen has it already, before anything is rendered."""
    sign = own_sign(snapshot)
    status = status_of(snapshot)
    tag = tag_of(snapshot, status, sign=sign)

    if has_already(request, tag):
        response: HttpResponse = HttpResponseNotModified()
    else:
        context = desk_context(snapshot, status=status, sign=sign)
        values = {"viewer": viewer, **for_template(context, place_of(snapshot.session))}
        response = HttpResponse(render_to_string("facilitation/desk/fragment.html", values, request))

    response["ETag"] = tag
    response["X-Now"] = snapshot.reading.now.isoformat()
    return response


def own_sign(snapshot: DeskSnapshot) -> str:
    """The couple's own sign for a pause, asked for when it is about to be said, and the plan brought none."""
    if snapshot.plan.exit_strategy.sign or snapshot.session.owner_id:
        return ""
    is_last_part = snapshot.reading.phase == len(snapshot.plan.phases)
    is_closing = is_last_part or snapshot.reading.state == "wrapping_up"
    return partings.sign_of(snapshot.session.couple_id)[0] if is_closing else ""


def place_of(session: Session) -> Place:
    """The addresses around this desk."""
    is_for_two = session.owner_id is None
    return Place(
        command_url=reverse("command", args=[session.pk]),
        fragment_url=reverse("desk_fragment", args=[session.pk]),
        more_url=reverse("desk_more", args=[session.pk]),
        stream_url=f"{live.PREFIX}{session.pk}",
        desk_url=reverse("desk", args=[session.pk]),
        place_url=reverse("couple", args=[session.couple_id]),
        session_url=reverse("session", args=[session.pk]),
        sheet_url=_address("door_sheet", session) if is_for_two else "",
        turn_url=_address("turn", session),
        home_url=reverse("home"),
    )


def _address(name: str, session: Session) -> str:
    """Of a page that another room may bring; nothing where it does not."""
    try:
        return reverse(name, args=[session.pk])
    except NoReverseMatch:
        return ""
