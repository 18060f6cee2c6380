"""A session in and out of the house as a file, through the same verbs as the desk."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from clients import consents, couples, safety
from clients.models import Casefile, Consent, Couple, Partner, Screening
from facilitator.errors import Refusal
from facilitator.models import Practice, User
from sessions.engine.session_file import BadLine, LineCommand, SessionFile, written_line
from sessions.models import Parting, Session
from sessions.record import conduct, moment_rows, planning

# When a session that was not timed is taken to have been written up.
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
# Facts that name a line of the file.
POINTS_AT_A_LINE = ("undone", "corrected")
# The line of the first command; the header is line 1.
FIRST_COMMAND = 2


def export(session: Session) -> Iterator[dict[str, Any]]:
    """Header and commands, one object a line; replays to the same figures."""
    yield _header(session)

    line_of_number: dict[int, int] = {}
    for line, (number, at, command) in enumerate(moment_rows.commands(session), FIRST_COMMAND):
        line_of_number[number] = line
        written = written_line(command, at)
        if command.kind in POINTS_AT_A_LINE:
            pointed_at = int(str(command.fields["line"]))
            written["line"] = line_of_number[pointed_at]
        yield written


def _header(session: Session) -> dict[str, Any]:
    couple = session.couple
    file = Casefile.objects.unscoped("an export names its couple's code").get(couple=couple)
    both = couples.partners_of(couple.pk)

    header = dict(session.plan)
    taken_home = _taken_home(session)
    if taken_home:
        header["exit_strategy"] = header.get("exit_strategy", {}) | taken_home

    header["couple"] = {"code": file.code, "label": couple.label}
    header["facilitator"] = {"name": session.facilitator.name}
    header["partners"] = {slot: {"name": both[slot].name} for slot in ("A", "B")}
    return header


def _taken_home(session: Session) -> dict[str, str]:
    """The sign and the way back as they stood at the end; only what something was said about."""
    partings = Parting.objects.unscoped("an export names the sign both took home")
    parting = partings.filter(session=session).first()
    if parting is None:
        return {}

    said = {"sign": parting.sign, "return_sentence": parting.return_sentence}
    return {name: words for name, words in said.items() if words}


def bring_in(
    file: SessionFile,
    *,
    couple: Couple,
    facilitator: User,
    clock: Callable[[float], None] = lambda seconds: None,
    going_on: bool = False,
) -> Session:
    """The file's commands through the desk's verbs, in one transaction, with `now` = each line's instant.

    `clock` is told the seconds each line took. `going_on`: the session may still run, and does so at the desk.

    Raises BadLine for the first malformed or refused line, in file order.
    """
    begin = file.plan.planned_start or NO_TIME
    session = planning.keep(couple=couple, facilitator=facilitator, header=file.header.raw, now=begin)

    with conduct.entered(session.pk, replaying=True) as room:
        for line in file.lines:
            began = time.perf_counter()
            _post(line, room, facilitator, begin)
            clock(time.perf_counter() - began)

        file.finish(going_on or room.state.ended_at is not None)
        room.keep(now=room.state.last_at or begin)

    session.refresh_from_db()
    return session


def _post(line: LineCommand, room: conduct.OpenSession, facilitator: User, begin: datetime) -> None:
    """One line of the file, posted as the partner it names, or as the facilitator for anybody else."""
    poster = f"user:{facilitator.pk}:{line.by}"
    if line.by in ("A", "B"):
        poster = line.by

    try:
        room.post(line, poster=poster, author=facilitator.pk, now=line.at or begin, line=line.number)
    except Refusal as refusal:
        raise BadLine(line.number, str(refusal)) from refusal


def throw_away(file: SessionFile) -> tuple[Couple, User]:
    """A practice and couple as the file's header names them, each talked with alone and consenting."""
    at = file.plan.planned_start or NO_TIME
    header = file.header

    practice = Practice.objects.create(name=header.facilitator, language=header.language, zone=header.zone)
    user = User.objects.create_user(
        None, None, name=header.facilitator, practice=practice, is_facilitator=True
    )
    couple = couples.welcome(
        facilitator=user,
        label=header.couple_label,
        names=dict(header.names),
        zone=header.zone,
        language=header.language,
        code=header.couple_code,
        now=at,
    )

    for partner in couples.partners_of(couple.pk).values():
        _talk_with(partner, user, at)
    return couple, user


def _talk_with(partner: Partner, user: User, at: datetime) -> None:
    """One partner was talked with alone, and said yes to being facilitated and to notes."""
    safety.record_talk(
        partner=partner, user=user, spoken_alone_on=at.date(), outcome=Screening.Outcome.GO, now=at
    )
    for scope in (Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES):
        consents.give(partner=partner, scope=scope, how=Consent.How.OWN_HAND, by=f"user:{user.pk}", now=at)
