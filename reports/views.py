"""Papers at the door: listed, asked for, handed out. Nothing is rendered in a request."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from clients.access import AsFacilitator, AsPartner, Viewer, as_facilitator, viewer_of
from facilitator import audit
from facilitator.http import page
from facilitator.now import now
from reports import documents
from reports.models import Document
from sessions.models import Session


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


def _base(viewer: Viewer | None) -> str:
    """A partner's page carries the neutral name and no brand."""
    return f"facilitator/base{'_partner' if isinstance(viewer, AsPartner) else ''}.html"


def _note(request: HttpRequest, viewer: Viewer | None, paper: Document) -> None:
    """A partner's look at their own copy is nobody's business."""
    if viewer is None or (isinstance(viewer, AsPartner) and paper.owner_id == viewer.partner_id):
        return
    actor: str = viewer.actor  # type: ignore[union-attr]
    audit.saw(request, practice=paper.session.couple.practice_id, actor=actor, subject=paper.subject)
