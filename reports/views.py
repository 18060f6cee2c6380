"""Papers at the door: listed, asked for, handed out. Nothing is rendered in a request."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, AsPartner, Viewer, as_facilitator, viewer_of
from clients.models import Partner
from facilitator import audit
from facilitator.http import page
from facilitator.now import now
from reports import documents, taken_home
from reports.blank_papers import PAPERS
from reports.forms import PartingForm
from reports.models import Document
from sessions.doors import seen_session
from sessions.models import Reader, Session
from sessions.record import release


@require_safe
def documents_page(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if not isinstance(viewer, AsFacilitator | AsPartner):
        raise Http404
    mine = (
        documents.readable_by(viewer)
        .filter(state=Document.State.READY)
        .order_by("-held_on", "kind", "-version")
    )
    return page(request, "reports/documents.html", {"documents": mine[:100], "base": _base(viewer)})


@require_safe
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    paper = get_object_or_404(documents.readable_by(viewer), pk=document_id)
    if paper.state != Document.State.READY:
        return page(request, "reports/waiting.html", {"document": paper, "base": _base(viewer)})
    made = documents.open_pdf(paper)
    if made is None:
        raise Http404
    _note(request, viewer, paper)
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{documents.file_name(paper)}"'
    return response


@require_POST
def documents_prepare(request: HttpRequest, session_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    session = get_object_or_404(Session.objects.visible_to(viewer), pk=session_id, state="ended")
    documents.prepare(session, now=now())
    return redirect("session", session_id)


def _ended(request: HttpRequest, session_id: UUID) -> tuple[AsFacilitator, Session]:
    """A session that is over, for its care team; the look is written down."""
    return seen_session(request, session_id, state="ended")


@require_safe
def door_sheet(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """What both take home, at once and ready for the printer; the PDF says the same."""
    _viewer, session = _ended(request, session_id)
    sheet = documents.sheet_at_the_door(session)
    if sheet is None:
        raise Http404
    with translation.override(session.couple.language):
        context = {
            "sheet": sheet,
            "title": _("Sheet at the door"),
            "back": reverse("session", args=[session.pk]),
        }
        return _leaf(request, "reports/door_page.html", context)


def _leaf(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    return page(request, template, {**context, "large": "large" in request.GET})


@require_http_methods(["GET", "HEAD", "POST"])
def read_with(request: HttpRequest, session_id: UUID, partner_id: UUID) -> HttpResponse:
    """Alone with one of them: what will open, what they would rather leave out, and their yes."""
    viewer, session = _ended(request, session_id)
    met = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    partner = get_object_or_404(met.filter(pk=session.owner_id) if session.owner_id else met, pk=partner_id)
    shown = documents.read_through(session, partner, viewer)
    if request.method == "POST":
        struck = set(request.POST.getlist("leave_out"))
        left_out = [line.id for line in shown.own if str(line.id) in struck]
        release.agree(
            session=session,
            partner=partner,
            held_back=left_out,
            how=Reader.How.READ_THROUGH,
            by=viewer.actor,
            now=now(),
        )
        return redirect("session", session.pk)
    context = {"viewer": viewer, "session": session, "partner": partner, "shown": shown}
    return page(request, "reports/read_with.html", context)


@require_safe
def starting_papers(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    return page(request, "reports/starting_papers.html", {"viewer": viewer, "papers": PAPERS.values()})


@require_safe
def starting_paper(request: HttpRequest, slug: str) -> HttpResponse:
    """One of them as it comes out of the printer. It knows nobody but who prints it."""
    as_facilitator(request)
    if slug not in PAPERS:
        raise Http404
    paper = PAPERS[slug]
    context = {**paper.words(request.user.name), "title": paper.title, "back": reverse("starting_papers")}
    return _leaf(request, paper.template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def parting(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """What the facilitator says on the way out; the papers that carry it are asked for again."""
    viewer, session = _ended(request, session_id)
    form = PartingForm(request.POST or None, initial=taken_home.so_far(session, viewer))
    if request.method == "POST" and form.is_valid():
        taken_home.say(session, by=viewer.actor, now=now(), words=form.words())
        return redirect("session", session.pk)
    context = {"viewer": viewer, "session": session, "form": form}
    return page(request, "reports/parting.html", context, status=422 if form.errors else 200)


def _base(viewer: Viewer | None) -> str:
    """A partner's page carries the neutral name and no brand."""
    return f"facilitator/base{'_partner' if isinstance(viewer, AsPartner) else ''}.html"


def _note(request: HttpRequest, viewer: Viewer | None, paper: Document) -> None:
    """A partner's look at their own copy is nobody's business."""
    if viewer is None or (isinstance(viewer, AsPartner) and paper.owner_id == viewer.partner_id):
        return
    actor: str = viewer.actor  # type: ignore[union-attr]
    audit.saw(request, practice=paper.session.couple.practice_id, actor=actor, subject=paper.subject)
