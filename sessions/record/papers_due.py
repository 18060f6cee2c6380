"""That a session's papers are due: marked by the verbs that change what they say, unmarked once they were asked for.

The mark is set in the transaction of the verb, so that no lost message loses a paper. Who asks for papers is a
room further up; this one only remembers.
"""

from datetime import datetime

from clients.guarded import GuardedQuerySet
from sessions.models import Session


def marked() -> GuardedQuerySet:
    """Sessions with papers due. The condition is the one of the index, word for word."""
    rows: GuardedQuerySet = Session.objects.unscoped("the document sweep looks for what is due")
    return rows.filter(papers_due_at__isnull=False)


def mark(session: Session, *, now: datetime) -> None:
    _rows(session).update(papers_due_at=now)


def unmark(session: Session) -> None:
    _rows(session).update(papers_due_at=None)


def _rows(session: Session) -> GuardedQuerySet:
    rows: GuardedQuerySet = Session.objects.unscoped("a session's papers are due, or no longer")
    return rows.filter(pk=session.pk)
