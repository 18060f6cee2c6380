"""The words two people take home: what stands so far, and saying it anew."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from clients.access import Viewer
from reports import documents
from sessions.engine.plan import DEFAULT_EXIT
from sessions.models import Parting, Session
from sessions.record import partings
from sessions.record.planning import plan_of


def so_far(session: Session, viewer: Viewer) -> dict[str, str]:
    """For a form: what was said on the way out, and until then the sign the plan began with."""
    said = Parting.objects.visible_to(viewer).filter(session=session).first()
    words = {name: getattr(said, name) if said else "" for name in partings.FIELDS}

    planned = plan_of(session).exit_strategy or DEFAULT_EXIT
    words["sign"] = words["sign"] or planned.sign
    words["return_sentence"] = words["return_sentence"] or planned.return_sentence
    return words


@transaction.atomic
def say(session: Session, *, by: str, now: datetime, words: Mapping[str, str]) -> None:
    """Keep the words, and ask for the papers that carry them again."""
    partings.say(session, by=by, now=now, **words)
    documents.prepare(session, now=now)
