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
from sessions.doors import find_session, seen_session
from sessions.models import Reader, Session
from sessions.record import release

# More than anybody reads; a list has no second page.
MOST_LISTED = 100


# Papers as documents


@require_safe
def documents_page(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if not isinstance(viewer, AsFacilitator | AsPartner):
        raise Http404

    ready = documents.listed_for(viewer).filter(state=Document.State.READY)
    newest_first = ready.order_by("-held_on", "kind", "-version")
    context = {"documents": newest_first[:MOST_LISTED], "base": _base(viewer)}
    return page(request, "reports/documents.html", context)


@require_safe
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    viewer = viewer_of(request)
    readable = documents.readable_by(viewer).select_related("session__couple")
    paper = get_object_or_404(readable, pk=document_id)
    if paper.state != Document.State.READY:
        return page(request, "reports/waiting.html", {"document": paper, "base": _base(viewer)})

    made = documents.open_pdf(paper)
    if made is None:
        raise Http404

    _note_look(request, viewer, paper)
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{documents.file_name(paper)}"'
    return response


@require_POST
def documents_prepare(request: HttpRequest, session_id: UUID) -> HttpResponse:
    session = find_session(as_facilitator(request), session_id, state="ended")
    documents.prepare(session, now=now())
    return redirect("session", session_id)


def _base(viewer: Viewer | None) -> str:
    """A partner's page carries the neutral name and no brand."""
    if isinstance(viewer, AsPartner):
        return "facilitator/base_partner.html"
    return "facilitator/base.html"


def _note_look(request: HttpRequest, viewer: Viewer | None, paper: Document) -> None:
    """A partner's look at their own copy is nobody's business."""
    if viewer is None:
        return
    if isinstance(viewer, AsPartner) and paper.owner_id == viewer.partner_id:
        return

    actor: str = viewer.actor  # type: ignore[union-attr]
    audit.saw(request, practice=paper.session.couple.practice_id, actor=actor, subject=paper.subject)


# After a session


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

    back = reverse("session", args=[session.pk])
    with translation.override(session.couple.language):
        context = {"sheet": sheet, "title": _("Sheet at the door"), "back": back}
        return _leaf(request, "reports/door_page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def read_with(request: HttpRequest, session_id: UUID, partner_id: UUID) -> HttpResponse:
    """Alone with one of them: what will open, what they would rather leave out, and their yes."""
    viewer, session = _ended(request, session_id)
    partner = _met(session, viewer, partner_id)

    if request.method == "POST":
        left_out = documents.own_among(request.POST.getlist("leave_out"), session, partner, viewer)
        release.agree(
            session=session,
            partner=partner,
            held_back=left_out,
            how=Reader.How.READ_THROUGH,
            by=viewer.actor,
            now=now(),
        )
        return redirect("session", session.pk)

    shown = documents.read_through(session, partner, viewer)
    context = {"viewer": viewer, "session": session, "partner": partner, "shown": shown}
    return page(request, "reports/read_with.html", context)


def _met(session: Session, viewer: AsFacilitator, partner_id: UUID) -> Partner:
    """The partner, if they were there: a talk with one was with that one only."""
    partners = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    if session.owner_id:
        partners = partners.filter(pk=session.owner_id)

    partner: Partner = get_object_or_404(partners, pk=partner_id)
    return partner


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


# Papers to start with


@require_safe
def starting_papers(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    context = {"viewer": viewer, "papers": PAPERS.values()}
    return page(request, "reports/starting_papers.html", context)


@require_safe
def starting_paper(request: HttpRequest, slug: str) -> HttpResponse:
    """One of them as it comes out of the printer. It knows nobody but who prints it."""
    as_facilitator(request)
    if slug not in PAPERS:
        raise Http404

    paper = PAPERS[slug]
    context = dict(paper.words(request.user.name))
    context.update(title=paper.title, back=reverse("starting_papers"))
    return _leaf(request, paper.template, context)


def _leaf(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page that is one sheet of paper, in usual or in large print."""
    return page(request, template, {**context, "large": "large" in request.GET})
