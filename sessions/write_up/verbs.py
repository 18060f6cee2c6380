"""Writing up a session afterwards: opened with a day and a length somebody remembers, then cards without a clock."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from clients.access import AsFacilitator
from clients.models import Couple
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import User
from sessions.desk.snapshot import DeskSnapshot
from sessions.engine.formats import Format
from sessions.engine.kinds import Command
from sessions.engine.plan import other
from sessions.models import Session
from sessions.record import conduct, partings, planning
from sessions.record.conduct import command_from
from sessions.record.planning import Goal


@transaction.atomic
def open_up(
    *,
    couple: Couple,
    facilitator: User,
    chosen: Format,
    with_: str,
    first_speaker: str,
    held_on: date,
    held_minutes: int | None,
    goals: Iterable[Goal],
    intention: str,
    now: datetime,
    key: UUID | None = None,
) -> Session:
    """A session without a clock, begun, so that its cards can be filled in. The same key again finds it."""
    viewer = AsFacilitator(facilitator.pk, facilitator.practice_id)
    session_id = None
    if key is not None:
        session_id = uuid5(couple.pk, str(key))

    # Two presses at once wait for each other here.
    Couple.objects.visible_to(viewer).select_for_update(of=("self",)).get(pk=couple.pk)
    if session_id is not None:
        made: Session | None = Session.objects.visible_to(viewer).filter(pk=session_id).first()
        if made is not None:
            return made

    planning.refuse_without_notes(couple, with_)
    header = planning.header_for(
        chosen,
        zone=couple.zone,
        language=couple.language,
        first_speaker=first_speaker,
        with_=with_,
        hours=None,
        goals=goals,
        intention=intention,
        pause_sign=planning.pause_sign_for(couple, with_),
    )

    session = planning.keep(
        couple=couple,
        facilitator=facilitator,
        header=header,
        code=chosen.code,
        now=now,
        pk=session_id,
    )
    session.held_on = held_on
    session.held_minutes = held_minutes
    session.save(update_fields=["held_on", "held_minutes"])

    begin = Command("F", "session_started", key="written-up")
    write(session, [begin], facilitator=facilitator, now=now)
    return session


def write(
    session: Session, commands: list[Command], *, facilitator: User, now: datetime, **words: str
) -> None:
    """All commands of a card, or none. The same card again changes nothing. `words` are those of the way out."""
    poster = f"user:{facilitator.pk}"
    with conduct.entered(session.pk) as session_now:
        if commands and session_now.is_answered(commands[0], poster):
            return

        for command in commands:
            session_now.post(command, poster=poster, author=facilitator.pk, now=now)
        session_now.keep(now=now)
        if words:
            partings.say(session, by=poster, now=now, **words)

    session.refresh_from_db()


class WrittenCard:
    """One card of the page as the commands it comes to. Ids and keys are made from the key of the press."""

    def __init__(self, desk: DeskSnapshot, key: str, *, override: str = "") -> None:
        if not key:
            raise Refusal(gettext_noop("Please open the page anew and press again."), "no_key", "form")
        self.desk = desk
        self.key = key
        self.override = override
        self.commands: list[Command] = []

    def made(self, part: str) -> str:
        """The id of something that this card makes."""
        digest = hashlib.sha256(f"{self.key}:{part}".encode()).hexdigest()
        return f"{part[0].upper()}-{digest[:10]}"

    def says(self, by: str, kind: str, **fields: Any) -> "WrittenCard":
        """Add a command. What is empty was not said."""
        given = {name: value for name, value in fields.items() if value not in ("", None, [], ())}
        given["key"] = hashlib.sha256(f"{self.key}:{len(self.commands)}".encode()).hexdigest()

        if by in ("A", "B"):
            given["told_to"] = "F"
        if self.override:
            given["override"] = self.override

        self.commands.append(command_from(given, by=by, kind=kind))
        return self

    def heard(
        self, of: str, speaker: str, *, back: bool, meant: str, check_kind: str, parts: list[str]
    ) -> "WrittenCard":
        """Said back by the other, and how it went; nothing where it was not, or where only one met."""
        was_heard = back or bool(meant)
        if not was_heard or len(self.desk.plan.partners) < 2:
            return self

        check = self.made(f"check-{of}")
        listener = other(speaker)
        self.says("F", "check_opened", id=check, of=of, listener=listener, check_kind=check_kind)
        if meant:
            self.says(listener, "reflection_given", check=check, heard=parts)
            self.says(speaker, "reflection_corrected", check=check, meant=meant)
        if back:
            self.says(listener, "reflection_given", check=check, heard=parts)
            self.says(speaker, "reflection_confirmed", check=check)
        return self
