"""The session at the API: the same commands as the desk, posted as the lines of a session file."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from clients.access import AsFacilitator, viewer_of
from facilitator.errors import Refusal, gettext_noop
from facilitator.http import said
from facilitator.now import now
from sessions.doors import find_session, note_look
from sessions.engine import clock
from sessions.engine.kinds import Command
from sessions.engine.values import written
from sessions.models import Session
from sessions.record import conduct, moment_rows
from sessions.record.planning import plan_of


@api_view(["POST"])
def commands(request: Request, session_id: UUID) -> Response:
    """One command: `by`, `kind`, its fields, `key`, and `seen`, the last clock line its sender could see.

    201 with its line; 200 with the first line when the same key comes again; 409 for a rule's no, or with the
    current reading for a stale `seen`; 422 for what is malformed.
    """
    viewer, session = _session(request, session_id)
    command, seen = _posted_command(request.data)

    try:
        outcome = conduct.post(
            session.pk, command, poster=viewer.actor, author=viewer.user_id, now=now(), seen=seen
        )
    except conduct.Stale as stale:
        late = {"detail": said(stale), "code": stale.code, "reading": _reading(session)}
        return Response(late, status=409)

    body = {"line": outcome.line, "hints": list(outcome.hints), "reading": _reading(session)}
    return Response(body, status=200 if outcome.repeated else 201)


def _posted_command(posted: Any) -> tuple[Command, int | None]:
    """What was posted as a command, and `seen`."""
    fields: dict[str, Any] = {}
    if isinstance(posted, dict):
        fields = dict(posted)

    by = fields.pop("by", "")
    kind = fields.pop("kind", "")
    seen = fields.pop("seen", None)
    # bool is an int in Python, and `true` is no line.
    is_line = seen is None or type(seen) is int
    if not isinstance(by, str) or not isinstance(kind, str) or not is_line:
        raise Refusal(gettext_noop("by, kind or seen is not well formed."), "malformed", "form")

    if by in ("A", "B"):
        # A facilitator's sign-in cannot speak for a partner, only pass on what was said aloud.
        fields["told_to"] = "F"
    return conduct.command_from(fields, by=by, kind=kind), seen


@api_view(["GET"])
def reading(request: Request, session_id: UUID) -> Response:
    """Where the session is now: state, phase, floor and the instants a screen counts to."""
    viewer, session = _session(request, session_id)
    note_look(request._request, viewer, session)
    return Response(_reading(session))


def _session(request: Request, session_id: UUID) -> tuple[AsFacilitator, Session]:
    viewer = viewer_of(request._request)
    if not isinstance(viewer, AsFacilitator):
        raise Http404
    return viewer, find_session(viewer, session_id)


def _reading(session: Session) -> dict[str, Any]:
    """What the clock says now. A command asks about the two people as well; a look does not need them."""
    plan, at = plan_of(session), now()
    moments, _last = moment_rows.read(session.pk)
    read = clock.read(plan, moments, at)

    return {
        "state": read.state,
        "now": written(at),
        "phase": read.phase,
        "floor": read.floor,
        "voice": read.voice,
        "phase_remaining_s": read.phase_remaining_s,
        "ends_at": _written(read.ends_at),
        "changes_at": _written(read.changes_at),
        "seen": moment_rows.clock_line(moments),
    }


def _written(at: datetime | None) -> str | None:
    if at is None:
        return None
    return written(at)
