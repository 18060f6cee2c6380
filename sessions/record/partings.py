"""What the facilitator says to both on the way out, and the sign for a pause the two take home."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from facilitator import audit
from sessions.models import Parting, Session

FIELDS = ("sign", "return_sentence", "line", "foreword")


@transaction.atomic
def say(session: Session, *, by: str, now: datetime, **words: str) -> Parting:
    """Keep the given ones of `sign`, `return_sentence`, `line` and `foreword`; what is not given stays.

    No row is made where nothing was ever said.
    """
    rows = Parting.objects.unscoped("a facilitator says something to both on the way out")
    parting = rows.filter(session=session).first()
    if parting is None:
        parting = Parting(session=session, audience=session.audience)

    changed = [name for name in FIELDS if name in words and getattr(parting, name) != words[name]]
    if not changed:
        return parting

    for name in changed:
        setattr(parting, name, words[name])
    parting.save()
    audit.record(
        practice=session.couple.practice_id,
        actor=by,
        action="parting words kept",
        subject=f"session:{session.pk}",
        at=now,
    )
    return parting


def sign_of(couple_id: UUID) -> tuple[str, str]:
    """The pause sign this couple took home last, and its way back; empty where none ever was.

    A parting that says nothing of a sign leaves the earlier one standing.
    """
    rows = Parting.objects.unscoped("a plan takes over the couple's own sign")
    newest_first = rows.filter(session__couple=couple_id, audience="JOINT").order_by("-session__planned_at")

    # A sealed sign cannot be asked for in the database, so the rows are read until one has it.
    for parting in newest_first.iterator(chunk_size=5):
        if parting.sign:
            return parting.sign, parting.return_sentence
    return "", ""
