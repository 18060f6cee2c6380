"""Planned and begun in one press: the two sit in front of the desk."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from clients.access import AsFacilitator
from clients.models import Couple
from facilitator.models import User
from sessions.desk import posting
from sessions.desk.snapshot import snapshot_of
from sessions.engine.formats import Format
from sessions.engine.kinds import Command
from sessions.models import Session
from sessions.record import conduct, planning


@transaction.atomic
def start(
    *,
    couple: Couple,
    facilitator: User,
    key: UUID,
    chosen: Format,
    short: bool,
    first_speaker: str,
    with_: str,
    room_until: datetime | None,
    goal: tuple[str, str] | None,
    override: str,
    now: datetime,
) -> Session:
    """All of it at one instant, or nothing. The same key again finds the session it made."""
    viewer = AsFacilitator(facilitator.pk, facilitator.practice_id)
    session_id = uuid5(couple.pk, str(key))

    # Two presses at once wait for each other here.
    Couple.objects.visible_to(viewer).select_for_update(of=("self",)).get(pk=couple.pk)
    made: Session | None = Session.objects.visible_to(viewer).filter(pk=session_id).first()
    if made is not None:
        return made

    session = planning.propose(
        couple=couple,
        facilitator=facilitator,
        chosen=chosen,
        short=short,
        first_speaker=first_speaker,
        with_=with_,
        planned_start=now.replace(microsecond=0),
        goal=goal,
        room_until=room_until,
        now=now,
        pk=session_id,
    )

    begin = Command(by="F", kind="session_started", key=str(key), override=override or None)
    with conduct.entered(session.pk) as session_now:
        for command in posting.begin(begin, snapshot_of(session_now, viewer, now)):
            session_now.post(command, poster=viewer.actor, author=facilitator.pk, now=now)
        session_now.keep(now=now)

    session.refresh_from_db()
    return session
