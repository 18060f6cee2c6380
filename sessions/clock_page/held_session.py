"""Just the clock: a session that a page holds as the lines of a session file. Folded, judged, shown, forgotten.

Nothing here touches a database. The rules and the clock are those of the desk; what the desk reads from rows is
made from the list (docs/decisions/0017-just-the-clock-keeps-nothing.md).
"""

import json
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.models import Couple, Partner
from facilitator.errors import Refusal, gettext_noop
from sessions.desk.snapshot import Room
from sessions.engine import clock, rules
from sessions.engine.formats import Format
from sessions.engine.kinds import KINDS, Command
from sessions.engine.plan import PlannedPhase
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
from sessions.engine.values import written
from sessions.models import Line, Moment, Session
from sessions.record import conduct, moment_rows
from sessions.record.planning import GENTLE_LEAST_MINUTES, OVERRUN_MINUTES

# So that the same list is the same session, in whichever process it is looked at.
NAMESPACE = uuid.UUID("6f0b4f0e-3c59-4d0a-9a55-5b3f5b4a7c11")


def names() -> dict[str, str]:
    """Nobody is asked for a name: the two are called by where they sit."""
    return {"A": _("Left"), "B": _("Right")}


@dataclass
class Held:
    """The list, and what it comes to."""

    file: SessionFile
    state: clock.State
    # As the page holds it, a JSON object a line.
    written: list[str]
    lines: list[Line] = field(default_factory=list)
    answered: dict[str, Command] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(line + "\n" for line in self.written)

    @property
    def code(self) -> str:
        return self.file.header.couple_code

    def take(self, command: LineCommand, *, now: datetime) -> None:
        """Raises the first Refusal, or lets the list know it."""
        verdict = rules.check(self.file.plan, self.state, rules.Standing.of_nobody_kept(), command, now)
        target = rules.target_of(self.state, command) if command.kind == "corrected" else None
        parts = moment_rows.split(command, target=target, set_aside=verdict.set_aside)
        self.lines += [_line(part, command) for part in parts if part.words]
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
        raw = json.loads(self.written[0])
        raw["exit_strategy"]["sign"] = words.strip()[:400]
        self.written[0] = json.dumps(raw, ensure_ascii=False)

    def is_answered(self, command: Command) -> bool:
        """Whether this very press stands in the list already; refuses its key with other fields."""
        known = self.answered.get(command.key or "")
        if known is not None and (known.by != command.by or not command.same_as(known)):
            raise refusal("key_reused")
        return known is not None


def begin(
    *,
    chosen: Format,
    short: bool,
    first_speaker: str,
    zone: str,
    language: str,
    facilitator: str,
    now: datetime,
) -> Held:
    """A header, and nothing in it of the two. The code is drawn here, so that a list is kept once at most."""
    phases = chosen.phases_short if short else chosen.phases
    minutes = sum(phase.minutes for phase in phases)
    header = {
        "session_file": 1,
        "format": chosen.code,
        **({"phases": [_written(phase) for phase in phases]} if short else {}),
        "zone": zone,
        "language": language,
        "couple": {"code": f"R-{secrets.token_hex(5).upper()}", "label": _("Just the clock")},
        "facilitator": {"name": facilitator},
        "partners": {slot: {"name": name} for slot, name in names().items()},
        "first_speaker": first_speaker,
        "planned_start": written(now),
        "agreed_max_minutes": minutes + OVERRUN_MINUTES,
        "latest_end": written(now + timedelta(minutes=minutes * 1.5)),
        "joint_intention": "",
        "goals": [{"id": "G1", "category": chosen.serves[0], "owner": "both", "wording": chosen.use}],
        "exit_strategy": {"sign": "", "minimum_minutes": GENTLE_LEAST_MINUTES, "return_sentence": ""},
    }
    return read(json.dumps(header, ensure_ascii=False))


def read(text: str) -> Held:
    """The list as it came back from the page, judged line by line as it was when each was pressed."""
    try:
        file = parse(text.encode())
        if file.malformed is not None:
            raise file.malformed
        if not file.plan.timed or file.plan.with_ != "both":
            raise BadLine(1, "not a list of just the clock")
        held = Held(file, clock.begin(file.plan), text.removesuffix("\n").split("\n"))
        for line in file.lines:
            _again(held, line)
    except (BadLine, UnicodeEncodeError) as bad:
        raise Refusal(
            gettext_noop("This page has lost its place. What it holds is still there; please press again."),
            "bad_list",
            "form",
        ) from bad
    return held


def _written(phase: PlannedPhase) -> dict[str, Any]:
    return {name: value for name, value in asdict(phase).items() if value is not None}


def _again(held: Held, line: LineCommand) -> None:
    try:
        held.take(line, now=line.at or datetime.now(UTC))
    except Refusal as no:
        raise BadLine(line.number, no.code) from no


def press(held: Held, commands: Iterable[Command], *, seen: int | None, now: datetime) -> None:
    """All commands of a press at one instant, or none: a list that was refused halfway is thrown away."""
    at = max(now, held.state.last_at or now)
    for place, command in enumerate(commands):
        conduct.not_stale(command, seen if place == 0 else None, moment_rows.clock_line(held.state.moments))
        number = len(held.written) + 1
        raw = written_line(command, at)
        held.take(read_command(raw, number=number, plan=held.file.plan, before=None), now=at)
        held.written.append(json.dumps(raw, ensure_ascii=False))


def room(held: Held, now: datetime) -> Room:
    """What the desk's templates read, made of the list. These objects have no rows and are never saved."""
    plan, header = held.file.plan, held.file.header
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
    return Room(session, plan, held.state, reading, held.state.moments, held.lines, partners)


def _line(part: moment_rows.Part, command: LineCommand) -> Line:
    moment = Moment(
        number=command.number,
        command=command.number,
        at=command.at,
        kind=part.kind,
        part=part.name,
        by=part.by,
        told_to=part.told_to,
        facts=part.facts,
        audience=part.audience,
    )
    return Line(
        moment=moment, kind=part.kind, ref=moment_rows.ref_of(part), audience=part.audience, words=part.words
    )


def named(held: Held, *, label: str, names: dict[str, str]) -> SessionFile:
    """The list with a couple written over it, for whoever keeps it."""
    raw: dict[str, Any] = {
        **held.file.header.raw,
        "couple": {"code": held.code, "label": label},
        "partners": {slot: {"name": name} for slot, name in names.items()},
    }
    header = held.file.header
    kept = Header(held.code, label, header.facilitator, None, names, header.language, header.zone, raw)
    return SessionFile(kept, held.file.plan, held.file.lines, None, len(held.written))
