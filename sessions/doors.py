"""What every door of a session does first: who looks, at which session, and that the look is written down."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from clients.access import AsFacilitator, as_facilitator
from clients.guarded import GuardedQuerySet
from facilitator import audit
from sessions.models import Session


def seen_session(request: HttpRequest, session_id: UUID, **wanted: object) -> tuple[AsFacilitator, Session]:
    """The facilitator who looks and the session they look at; the audit log keeps that they did.

    `wanted` narrows what is found, as a filter does. 404 for everybody who may not see the session.
    """
    viewer = as_facilitator(request)
    session = find_session(viewer, session_id, **wanted)
    note_look(request, viewer, session)
    return viewer, session


def find_session(viewer: AsFacilitator, session_id: UUID, **wanted: object) -> Session:
    """The session with its couple, if this viewer may see it; else 404."""
    visible: GuardedQuerySet = Session.objects.visible_to(viewer).filter(**wanted)
    session: Session = get_object_or_404(visible.select_related("couple", "owner"), pk=session_id)
    return session


def note_look(request: HttpRequest, viewer: AsFacilitator, session: Session) -> None:
    """Write into the audit log, after the response, that this viewer looked at this session."""
    practice_id = session.couple.practice_id
    subject = f"session:{session.pk}"
    audit.saw(request, practice=practice_id, actor=viewer.actor, subject=subject)
