"""Doors of a write-up: open it, its page of cards, and a card. The rules, the rows and the papers are the desk's."""

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, QueryDict
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
from sessions.desk import posting
from sessions.desk.context import Place, Typed, desk_context, for_template
from sessions.desk.refusals import NotYet, not_yet
from sessions.desk.snapshot import DeskSnapshot, look_at_desk
from sessions.doors import seen_session
from sessions.models import Session
from sessions.write_up import verbs
from sessions.write_up.forms import WRITTEN_CARDS, WriteUpForm, card_form
from sessions.write_up.verbs import WrittenCard


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
    """Those of whom something can be written up: both have had their card, so both are called something."""
    both = Prefetch("partners", queryset=Partner.objects.visible_to(viewer), to_attr="both")
    couples = Couple.objects.visible_to(viewer).filter(closed_at__isnull=True).prefetch_related(both)
    crypto.keys.fetch(couples.values_list("pk", flat=True))
    return [couple for couple in couples if all(partner.name for partner in couple.both)]


@require_safe
def written(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The page of cards. Its list behind *More* is fetched when it is opened."""
    viewer, session = _session(request, session_id)
    if session.state == "ended":
        return redirect("session", session.pk)
    return _shown(request, viewer, session, with_more=request.GET.get("open") == "more")


@require_POST
def write_down(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One card. What has to wait comes back with everything that was typed."""
    viewer, session = _session(request, session_id)
    try:
        with timezone.override(ZoneInfo(session.couple.zone)):
            forms = _write(request, viewer, session)
    except Refusal as no:
        return _refused(request, viewer, session, no)

    if forms:
        return _shown(request, viewer, session, status=422, forms=forms)
    return redirect("written", session.pk)


def _session(request: HttpRequest, session_id: UUID) -> tuple[AsFacilitator, Session]:
    """One that is written up; any other has its own desk."""
    return seen_session(request, session_id, held_on__isnull=False)


def _write(request: HttpRequest, viewer: AsFacilitator, session: Session) -> dict[str, Any]:
    """Write what was posted. A card that was not well formed, by kind; then nothing is written."""
    posted = request.POST
    desk = look_at_desk(session, viewer, now())

    kind = posted.get("kind", "")
    words: dict[str, str] = {}

    if kind in WRITTEN_CARDS:
        form = card_form(kind, desk, posted)
        if not form.is_valid():
            return {kind: form}
        card = WrittenCard(desk, posted.get("key", ""), override=_reason(posted))
        commands = form.on(card).commands
        if kind == "end":
            words = form.words()
    else:
        commands = posting.read_press(posted, desk).commands

    verbs.write(session, commands, facilitator=request.user, now=now(), **words)  # type: ignore[arg-type]
    return {}


def _reason(posted: QueryDict) -> str:
    return str(posted.get("own_reason") or posted.get("override") or "")


def _refused(request: HttpRequest, viewer: AsFacilitator, session: Session, no: Refusal) -> HttpResponse:
    """The page as it is, with the no and everything that was typed."""
    posted = request.POST
    desk = look_at_desk(session, viewer, now())
    # Nothing is parked here: the hour is over.
    refusal = replace(not_yet(no, posted, desk), park=None)

    kind = posted.get("kind", "")
    if kind in WRITTEN_CARDS:
        card = card_form(kind, desk, posted)
        return _shown(request, viewer, session, status=no.status, refusal=refusal, forms={kind: card})

    typed = Typed(fields=posting.typed_fields(posted))
    return _shown(request, viewer, session, status=no.status, refusal=refusal, typed=typed)


def _shown(
    request: HttpRequest,
    viewer: AsFacilitator,
    session: Session,
    *,
    status: int = 200,
    forms: dict[str, Any] | None = None,
    refusal: NotYet | None = None,
    typed: Typed | None = None,
    with_more: bool = False,
) -> HttpResponse:
    """The page of cards. `forms` are those that were posted, by kind; the first of them is open."""
    posted_cards = forms or {}

    with timezone.override(ZoneInfo(session.couple.zone)):
        desk = look_at_desk(session, viewer, now())
        shown = desk_context(desk, refusal=refusal, typed=typed, with_more=with_more)

        values = for_template(shown, _place(session))
        values["card_forms"] = _empty_cards(desk) | posted_cards
        values["open_card"] = next(iter(posted_cards), shown.open_card)
        values["now"] = now()
        values["viewer"] = viewer
        return page(request, "facilitation/write_up/written.html", values, status=status)


def _empty_cards(desk: DeskSnapshot) -> dict[str, Any]:
    return {kind: card_form(kind, desk) for kind in WRITTEN_CARDS}


def _place(session: Session) -> Place:
    written_url = reverse("written", args=[session.pk])
    return Place(
        command_url=reverse("write_down", args=[session.pk]),
        fragment_url=written_url,
        more_url=f"{written_url}?open=more",
        desk_url=written_url,
        stream_url=f"{live.PREFIX}{session.pk}",
        place_url=reverse("couple", args=[session.couple_id]),
    )
