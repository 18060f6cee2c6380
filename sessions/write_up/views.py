"""Doors of a write-up: open it, its page of cards, and a card. The rules, the rows and the papers are the desk's."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, as_facilitator
from clients.models import Couple, Partner
from facilitator import crypto
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.now import now
from sessions import live
from sessions.desk import context as shape
from sessions.desk import posting, refusals
from sessions.desk.snapshot import Room
from sessions.doors import seen_session
from sessions.models import Session
from sessions.write_up import verbs
from sessions.write_up.forms import CARDS, WriteUpForm, form_of


@require_http_methods(["GET", "HEAD", "POST"])
def write_up(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    form = WriteUpForm(request.POST or None, couples=_couples(viewer), today=timezone.localdate(now()))
    if form.is_bound and form.is_valid():
        try:
            made = verbs.open_up(facilitator=request.user, now=now(), **form.facts())  # type: ignore[arg-type]
            return redirect("written", made.pk)
        except Refusal as no:
            form.add_error("who", said(no))
    context = {"viewer": viewer, "form": form, "any": bool(form.couples)}
    return page(request, "facilitation/write_up/write_up.html", context, status=422 if form.errors else 200)


def _couples(viewer: AsFacilitator) -> list[Couple]:
    both = Prefetch("partners", queryset=Partner.objects.visible_to(viewer), to_attr="both")
    couples = Couple.objects.visible_to(viewer).filter(closed_at__isnull=True).prefetch_related(both)
    crypto.keys.fetch(couples.values_list("pk", flat=True))
    # Whoever is called nothing yet has not had their card.
    return [couple for couple in couples if all(partner.name for partner in couple.both)]


def _session(request: HttpRequest, session_id: UUID) -> tuple[AsFacilitator, Session]:
    """One that is written up; any other has its own desk."""
    return seen_session(request, session_id, held_on__isnull=False)


@require_safe
def written(request: HttpRequest, session_id: UUID) -> HttpResponse:
    viewer, session = _session(request, session_id)
    if session.state == "ended":
        return redirect("session", session.pk)
    return _shown(request, viewer, session)


@require_POST
def write_down(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One card. What has to wait comes back with everything that was typed."""
    viewer, session = _session(request, session_id)
    try:
        with timezone.override(ZoneInfo(session.couple.zone)):
            forms = _card(request, viewer, session)
    except Refusal as no:
        return _not_yet(request, viewer, session, no)
    if forms:
        return _shown(request, viewer, session, status=422, forms=forms)
    return redirect("written", session.pk)


def _card(request: HttpRequest, viewer: AsFacilitator, session: Session) -> dict[str, Any]:
    """A card that was not well formed, or nothing: then it is written."""
    posted, room = request.POST, shape.room(session, viewer, now())
    kind, words = posted.get("kind", ""), {}
    if kind in CARDS:
        form = form_of(kind, room, posted)
        if not form.is_valid():
            return {kind: form}
        card = verbs.Card(room, posted.get("key", ""), override=_reason(posted))
        commands = form.on(card).commands
        words = form.words() if kind == "end" else {}
    else:
        pressed = posting.press(posted, room)
        commands = pressed.commands
    verbs.take(session, commands, facilitator=request.user, now=now(), **words)  # type: ignore[arg-type]
    return {}


def _reason(posted: Any) -> str:
    return str(posted.get("own_reason") or posted.get("override") or "")


def _not_yet(request: HttpRequest, viewer: AsFacilitator, session: Session, no: Refusal) -> HttpResponse:
    posted, room = request.POST, shape.room(session, viewer, now())
    kind = posted.get("kind", "")
    forms = {kind: form_of(kind, room, posted)} if kind in CARDS else {}
    words = {**refusals.spoken(no, posted, room), "park": None}
    typed = {} if forms else posting.typed(posted)
    return _shown(request, viewer, session, status=no.status, refusal=words, forms=forms, typed=typed)


def _shown(
    request: HttpRequest,
    viewer: AsFacilitator,
    session: Session,
    *,
    status: int = 200,
    forms: dict[str, Any] | None = None,
    **more: Any,
) -> HttpResponse:
    with timezone.override(ZoneInfo(session.couple.zone)):
        room = shape.room(session, viewer, now())
        context = {**shape.context(room, **more), **_place(session), "now": now(), "viewer": viewer}
        context["forms"] = _forms(room) | (forms or {})
        context["open_card"] = next(iter(forms or {}), context["open_card"])
        return page(request, "facilitation/write_up/written.html", context, status=status)


def _forms(room: Room) -> dict[str, Any]:
    return {kind: form_of(kind, room) for kind in CARDS}


def _place(session: Session) -> dict[str, str]:
    return {
        "fragment_url": reverse("written", args=[session.pk]),
        "command_url": reverse("write_down", args=[session.pk]),
        "stream_url": f"{live.PREFIX}{session.pk}",
        "place_url": reverse("couple", args=[session.couple_id]),
    }
