"""Which papers somebody may read now, and their bytes."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from clients.access import AsPartner, Viewer
from clients.guarded import GuardedQuerySet
from facilitator.crypto import open_blob
from reports.documents.building import BOUND_TO
from reports.documents.content import Kind
from reports.models import Document
from sessions.record import release

# What each kind is called in the name of its file.
IN_FILE_NAMES = {
    Kind.JOINT_SUMMARY: "summary",
    Kind.PARTNER_COPY: "copy",
    Kind.FACILITATOR_RECORD: "record",
    Kind.AGREEMENT_SHEET: "sheet",
    Kind.DOOR_SHEET: "door",
}


def readable_by(viewer: Viewer | None) -> GuardedQuerySet:
    """What holds the words of both rests for the two of them while its release is withdrawn."""
    papers: GuardedQuerySet = Document.objects.visible_to(viewer)
    if isinstance(viewer, AsPartner):
        stands = papers.annotate(released_at=release.released_since("session"))
        papers = stands.filter(Q(after_release=False) | Q(released_at__isnull=False))
    return papers


def listed_for(viewer: Viewer | None) -> GuardedQuerySet:
    """The same for a list: the sealed bytes, which may be megabytes, stay in the database."""
    return readable_by(viewer).defer("sealed", "content_hash")


def open_pdf(document: Document) -> bytes | None:
    """None when somebody whose words are in it has erased them."""
    return open_blob(document.sealed, bound_to=BOUND_TO)


def file_name(document: Document) -> str:
    """No personal name: a kind, the day, and four letters of its random id."""
    held_on = document.held_on or document.asked_at.date()
    return f"{IN_FILE_NAMES[Kind(document.kind)]}-{held_on.isoformat()}-{document.pk.hex[:4]}.pdf"


def listed(session_id: UUID, viewer: Viewer) -> list[dict[str, Any]]:
    """The papers of one session for a page, newest version only, the sheet at the door first."""
    papers = listed_for(viewer).filter(session=session_id, superseded_by__isnull=True)
    in_order = papers.select_related("owner").order_by("kind", "asked_at")
    sheet_first = sorted(in_order, key=lambda document: document.kind != Kind.DOOR_SHEET)
    return [_row(document) for document in sheet_first]


def _row(document: Document) -> dict[str, Any]:
    return {
        "id": document.pk,
        "title": document.get_kind_display(),
        "for_words": _for_whom(document),
        "state": document.state,
        "made_at": document.built_at,
    }


def _for_whom(document: Document) -> str:
    if document.owner is not None:
        return _("for %(name)s") % {"name": document.owner.name}
    if document.kind == Kind.FACILITATOR_RECORD:
        return _("for you alone")
    return _("for both")
