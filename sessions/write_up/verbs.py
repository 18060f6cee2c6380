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
from sessions.desk.snapshot import Room
from sessions.engine.formats import Format
from sessions.engine.kinds import Command
from sessions.engine.plan import other
from sessions.models import Session
from sessions.record import conduct, partings
from sessions.record.conduct import command_from
from sessions.record.planning import GENTLE_LEAST_MINUTES, keep, notes_may_be_kept


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
    goals: Iterable[tuple[str, str]],
    intention: str,
    now: datetime,
    key: UUID | None = None,
) -> Session:
    """A session without a clock, begun, so that its cards can be filled in. The same key again finds it."""
    viewer, pk = AsFacilitator(facilitator.pk, facilitator.practice_id), key and uuid5(couple.pk, str(key))
    Couple.objects.visible_to(viewer).select_for_update(of=("self",)).get(pk=couple.pk)
    made = Session.objects.visible_to(viewer).filter(pk=pk).first() if pk else None
    if made is not None:
        return made  # type: ignore[no-any-return]
    notes_may_be_kept(couple, with_)
    sign, return_sentence = partings.sign_of(couple.pk) if with_ == "both" else ("", "")
    wanted = list(goals) or [(chosen.serves[0], chosen.use)]
    header = {
        "session_file": 1,
        "format": chosen.code,
        "zone": couple.zone,
        "language": couple.language,
        "first_speaker": first_speaker,
        "joint_intention": intention,
        "goals": [
            {"id": f"G{n}", "category": category, "owner": "both", "wording": wording}
            for n, (category, wording) in enumerate(wanted, 1)
        ],
        "exit_strategy": {
            "sign": sign,
            "minimum_minutes": GENTLE_LEAST_MINUTES,
            "return_sentence": return_sentence,
        },
        "timed": False,
        **({"with": with_} if with_ != "both" else {}),
    }
    session = keep(couple=couple, facilitator=facilitator, header=header, code=chosen.code, now=now, pk=pk)
    session.held_on, session.held_minutes = held_on, held_minutes
    session.save(update_fields=["held_on", "held_minutes"])
    begin = Command("F", "session_started", key="written-up")
    take(session, [begin], facilitator=facilitator, now=now)
    return session


def take(
    session: Session, commands: list[Command], *, facilitator: User, now: datetime, **words: str
) -> None:
    """All commands of a card, or none. The same card again changes nothing. `words` are those of the way out."""
    poster = f"user:{facilitator.pk}"
    with conduct.entered(session.pk) as room:
        if commands and room.is_answered(commands[0], poster):
            return
        for one in commands:
            room.post(one, poster=poster, author=facilitator.pk, now=now)
        room.keep(now=now)
        if words:
            partings.say(session, by=poster, now=now, **words)
    session.refresh_from_db()


class Card:
    """One card of the page as the commands it comes to. Ids and keys are made from the key of the press."""

    def __init__(self, room: Room, key: str, *, override: str = "") -> None:
        if not key:
            raise Refusal(gettext_noop("Please open the page anew and press again."), "no_key", "form")
        self.room, self.key, self.override = room, key, override
        self.commands: list[Command] = []

    def made(self, part: str) -> str:
        return f"{part[0].upper()}-{hashlib.sha256(f'{self.key}:{part}'.encode()).hexdigest()[:10]}"

    def says(self, by: str, kind: str, **fields: Any) -> "Card":
        """What is empty was not said."""
        said = {name: value for name, value in fields.items() if value not in ("", None, [], ())}
        own = {"key": hashlib.sha256(f"{self.key}:{len(self.commands)}".encode()).hexdigest()}
        if by in ("A", "B"):
            own["told_to"] = "F"
        if self.override:
            own["override"] = self.override
        self.commands.append(command_from({**said, **own}, by=by, kind=kind))
        return self

    def heard(
        self, of: str, speaker: str, *, back: bool, meant: str, check_kind: str, parts: list[str]
    ) -> "Card":
        """Said back by the other, and how it went; nothing where it was not, or where only one met."""
        if not (back or meant) or len(self.room.plan.partners) < 2:
            return self
        check, listener = self.made(f"check-{of}"), other(speaker)
        self.says("F", "check_opened", id=check, of=of, listener=listener, check_kind=check_kind)
        if meant:
            self.says(listener, "reflection_given", check=check, heard=parts)
            self.says(speaker, "reflection_corrected", check=check, meant=meant)
        if back:
            self.says(listener, "reflection_given", check=check, heard=parts)
            self.says(speaker, "reflection_confirmed", check=check)
        return self
