"""Doors of a session: plan it, hold it at the desk, read it through. Each is fetch, act, show."""

import json
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, as_facilitator
from clients.models import Couple, Partner
from clients.rituals.forms import ProposeForm
from facilitator import audit
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.now import now
from sessions import live
from sessions.desk import context as shape
from sessions.desk import posting, refusals
from sessions.desk.forms import PlanForm
from sessions.engine.formats import FORMATS
from sessions.models import Agreement, Reader, Session
from sessions.record import conduct, import_export, partings, planning, release


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    couple = get_object_or_404(Couple.objects.visible_to(viewer), pk=couple_id)
    partners = list(Partner.objects.visible_to(viewer).filter(couple=couple))
    people = [(partner.slot, partner.name) for partner in partners]
    form = PlanForm(request.POST or None, people=people, zone=couple.zone, now=now())
    if request.method == "POST" and form.is_valid():
        made = planning.propose(couple=couple, facilitator=request.user, now=now(), **_planned(form))
        return redirect("desk", made.pk)
    context = {
        "viewer": viewer,
        "couple": couple,
        "form": form,
        "formats": FORMATS.values(),
        "partners": partners,
    }
    return page(request, "facilitation/plan.html", context, status=422 if form.errors else 200)


def _planned(form: PlanForm) -> dict[str, Any]:
    facts = form.cleaned_data
    return {
        "chosen": form.chosen,
        "short": facts["length"] == "short",
        "first_speaker": facts["first_speaker"],
        "with_": facts["meets"],
        "planned_start": facts["starts"],
        "goal": (facts["category"], facts["goal"]) if facts["goal"] else None,
    }


def _session(request: HttpRequest, session_id: UUID) -> tuple[AsFacilitator, Session]:
    viewer = as_facilitator(request)
    found = Session.objects.visible_to(viewer).select_related("couple", "owner")
    session: Session = get_object_or_404(found, pk=session_id)
    audit.saw(
        request, practice=session.couple.practice_id, actor=viewer.actor, subject=f"session:{session.pk}"
    )
    return viewer, session


@require_safe
def desk(request: HttpRequest, session_id: UUID) -> HttpResponse:
    viewer, session = _session(request, session_id)
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
    viewer, session = _session(request, session_id)
    with timezone.override(ZoneInfo(session.couple.zone)):
        at = now()
        room = shape.room(session, viewer, at)
        context = {"viewer": viewer, **shape.context(room), **_place(room)}
        html = render_to_string("facilitation/desk/fragment.html", context, request)
    tag = f'"{shape.digest(html, context_token(html))}"'
    same = request.headers.get("If-None-Match") == tag
    response = HttpResponseNotModified() if same else HttpResponse(html)
    response["ETag"], response["X-Now"] = tag, at.isoformat()
    return response


def context_token(html: str) -> str:
    """The form token of this rendering, which is masked anew each time."""
    _before, found, after = html.partition('name="csrfmiddlewaretoken" value="')
    return after.split('"', 1)[0] if found else "\0"


@require_POST
def command(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One press. Refused: the desk again, with the words and everything that was typed."""
    viewer, session = _session(request, session_id)
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
    status = 422 if refusal.kind == "form" else 409
    words = refusals.spoken(refusal, posted, room)
    return _desk(
        request, viewer, session, status=status, refusal=words, forms=forms, typed=posting.typed(posted)
    )


@require_POST
def read_through(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """One partner, alone with the facilitator, has read the summary and says yes."""
    viewer, session = _session(request, session_id)
    mine = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    partner = get_object_or_404(mine, pk=_uuid(request.POST.get("partner", "")))
    release.agree(session=session, partner=partner, how=Reader.How.READ_THROUGH, by=viewer.actor, now=now())
    return redirect("session", session.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_safe
def file(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The session as a file of commands, for its facilitator."""
    _viewer, session = _session(request, session_id)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in import_export.export(session))
    response = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="session-{session.pk.hex[:8]}.jsonl"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_ritual(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Make a ritual of what they agreed; nothing runs before each has said yes to it."""
    viewer = as_facilitator(request)
    confirmed = Agreement.objects.visible_to(viewer).filter(confirmed_at__isnull=False)
    found = get_object_or_404(confirmed.select_related("session__couple", "line"), pk=agreement_id)
    couple, text = found.session.couple, found.line.words.get("text", "")
    form = ProposeForm(
        request.POST or None,
        partners=list(Partner.objects.visible_to(viewer).filter(couple=couple)),
        template=None,
        today=now().date(),
        words=text[:400],
    )
    if form.is_bound and form.is_valid() and _proposed(request, found, form):
        return redirect("couple_rituals", couple.pk)
    context = {"viewer": viewer, "couple": couple, "form": form, "agreement": {"text": text}}
    return page(request, "rituals/propose.html", context, status=422 if form.errors else 200)


def _proposed(request: HttpRequest, agreement: Agreement, form: ProposeForm) -> bool:
    try:
        planning.ritual_of(agreement, by=request.user, now=now(), **form.facts())
    except Refusal as refusal:
        form.add_error(None, said(refusal))
        if refusal.kind == "soft":
            form.offer_override()
        return False
    return True
