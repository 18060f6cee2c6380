"""Just the clock: a session that a page holds as the lines of a session file. Folded, judged, shown, forgotten.

Nothing here touches a database. The rules and the clock are those of the desk; what the desk reads from rows is
made from the list (docs/decisions/0017-just-the-clock-keeps-nothing.md).
"""

import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Couple, Partner
from facilitator.errors import Refusal, gettext_noop
from sessions.desk.snapshot import DeskSnapshot
from sessions.engine import clock, rules
from sessions.engine.clock.state import undone_numbers
from sessions.engine.formats import Format
from sessions.engine.kinds import KINDS, Command
from sessions.engine.rules.texts import refusal
from sessions.engine.session_file import (
    BadLine,
    Header,
    LineCommand,
    SessionFile,
    parse,
    read_command,
    written_line,
)
from sessions.models import Session
from sessions.record import conduct, moment_rows, planning
from sessions.record.corrected import SpokenLine, as_corrected
from sessions.record.planning import Hours

# So that the same list is the same session, in whichever process it is looked at.
NAMESPACE = uuid.UUID("6f0b4f0e-3c59-4d0a-9a55-5b3f5b4a7c11")
LONGEST_SIGN = 400
LOST_ITS_PLACE = gettext_noop(
    "This page has lost its place. What it holds is still there; please press again."
)


def names() -> dict[str, str]:
    """Nobody is asked for a name: the two are called by where they sit."""
    return {"A": _("Left"), "B": _("Right")}


@dataclass
class HeldSession:
    """The list, and what it comes to."""

    file: SessionFile
    state: clock.State
    # As the page holds it, a JSON object a line.
    written: list[str]
    parts: list[tuple[int, moment_rows.Part]] = field(default_factory=list)
    answered: dict[str, Command] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.written)

    @property
    def code(self) -> str:
        return self.file.header.couple_code

    def take(self, command: LineCommand, *, now: datetime) -> None:
        """Append the command, or raise Refusal."""
        nobody = rules.Standing.of_nobody_kept()
        verdict = rules.check(self.file.plan, self.state, nobody, command, now)

        target = None
        if command.kind == "corrected":
            target = rules.target_of(self.state, command)

        parts = moment_rows.split(command, target=target, set_aside=verdict.set_aside)
        self.parts += [(command.number, part) for part in parts if part.words]

        moment = clock.moment_of(
            command,
            number=command.number,
            at=command.at,
            target=KINDS[target.kind] if target else None,
            set_aside=verdict.set_aside,
        )
        clock.advance(self.state, moment)
        if command.key is not None:
            self.answered[command.key] = command

    def sign(self, words: str) -> None:
        """Their sign for a pause stands in the header, as in any session file."""
        header = json.loads(self.written[0])
        header["exit_strategy"]["sign"] = words.strip()[:LONGEST_SIGN]
        self.written[0] = json.dumps(header, ensure_ascii=False)

    def is_answered(self, command: Command) -> bool:
        """Whether this very press stands in the list already; refuses its key with other fields."""
        known = self.answered.get(command.key or "")
        if known is None:
            return False
        if known.by != command.by or not command.same_as(known):
            raise refusal("key_reused")
        return True


def begin(
    *,
    chosen: Format,
    short: bool,
    first_speaker: str,
    zone: str,
    language: str,
    facilitator: str,
    now: datetime,
) -> HeldSession:
    """A header, and nothing in it of the two. The code is drawn here, so that a list is kept once at most."""
    header = planning.header_for(
        chosen,
        short=short,
        zone=zone,
        language=language,
        first_speaker=first_speaker,
        hours=Hours(now),
    )

    header["format"] = chosen.code
    header["couple"] = {"code": f"R-{secrets.token_hex(5).upper()}", "label": _("Just the clock")}
    header["facilitator"] = {"name": facilitator}
    header["partners"] = {slot: {"name": name} for slot, name in names().items()}
    return read(json.dumps(header, ensure_ascii=False))


def read(text: str) -> HeldSession:
    """The list as it came back from the page, judged line by line as it was when each was pressed."""
    try:
        file = _parsed(text)
        held = HeldSession(file, clock.begin(file.plan), text.removesuffix("\n").split("\n"))
        for line in file.lines:
            _take_again(held, line)
    except (BadLine, UnicodeEncodeError) as bad:
        raise Refusal(LOST_ITS_PLACE, "bad_list", "form") from bad

    return held


def _parsed(text: str) -> SessionFile:
    """The list as a session file; BadLine where this page cannot have made it."""
    file = parse(text.encode())
    if file.malformed is not None:
        raise file.malformed
    if not file.plan.timed or file.plan.with_ != "both":
        raise BadLine(1, "not a list of just the clock")
    return file


def _take_again(held: HeldSession, line: LineCommand) -> None:
    """Append a line that the page holds already; BadLine where the rules would not have let it pass."""
    try:
        held.take(line, now=line.at or datetime.now(UTC))
    except Refusal as no:
        raise BadLine(line.number, no.code) from no


def press(held: HeldSession, commands: Iterable[Command], *, seen: int | None, now: datetime) -> None:
    """All commands of a press at one instant, or none: a list that was refused halfway is thrown away."""
    at = max(now, held.state.last_at or now)
    for place, command in enumerate(commands):
        if place == 0:
            # The later ones belong to the same press, which moved the clock itself.
            clock_line = moment_rows.clock_line(held.state.moments)
            conduct.refuse_stale(command, seen, clock_line)

        number = len(held.written) + 1
        raw = written_line(command, at)
        held.take(read_command(raw, number=number, plan=held.file.plan, before=None), now=at)
        held.written.append(json.dumps(raw, ensure_ascii=False))


# What the desk reads, made of the list. These objects have no rows and are never saved.


def snapshot(held: HeldSession, now: datetime) -> DeskSnapshot:
    """The session as its desk sees it at one instant."""
    plan = held.file.plan
    header = held.file.header

    couple = Couple(
        label=header.couple_label, zone=header.zone, language=header.language, began_on=now.date()
    )
    session = Session(
        pk=uuid.uuid5(NAMESPACE, held.code),
        couple=couple,
        format_code=plan.format or "",
        planned_start=plan.planned_start,
        planned_at=now,
    )
    partners = {slot: Partner(couple=couple, slot=slot, name=name) for slot, name in header.names.items()}

    reading = clock.read(plan, held.state, max(now, held.state.last_at or now))

    def read_lines() -> list[SpokenLine]:
        said = [_spoken(command, part) for command, part in held.parts]
        return as_corrected(said, undone=undone_numbers(held.state.moments))

    return DeskSnapshot(session, plan, held.state, reading, partners, read_lines)


def _spoken(command: int, part: moment_rows.Part) -> SpokenLine:
    return SpokenLine(part.kind, moment_rows.ref_of(part), command, part.owner, part.facts, part.words)


def named(held: HeldSession, *, label: str, names: dict[str, str]) -> SessionFile:
    """The list with a couple written over it, for whoever keeps it."""
    header = held.file.header
    raw: dict[str, Any] = dict(header.raw)
    raw["couple"] = {"code": held.code, "label": label}
    raw["partners"] = {slot: {"name": name} for slot, name in names.items()}

    kept = Header(held.code, label, header.facilitator, None, names, header.language, header.zone, raw)
    return SessionFile(kept, held.file.plan, held.file.lines, None, len(held.written))
