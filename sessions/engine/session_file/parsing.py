"""A session file read: its form, line by line, and nothing of its order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn
from zoneinfo import ZoneInfo

from facilitator.errors import Refusal, gettext_noop
from sessions.engine.formats import FORMATS
from sessions.engine.kinds import (
    CHECK_KINDS,
    EVERYBODY,
    PARTNERS,
    Command,
    check_common,
    check_form,
    kind_named,
)
from sessions.engine.plan import (
    MODES,
    PHASE_GOALS,
    PHASE_KINDS,
    TURNS,
    UNDERSTANDING_CHECKS,
    ExitStrategy,
    Goal,
    Plan,
    PlannedPhase,
    Present,
)
from sessions.engine.values import (
    MISSING,
    UNKNOWN_KEY,
    Id,
    Instant,
    ListOf,
    Object,
    OneOf,
    Part,
    Shape,
    Text,
    Whole,
    YesNo,
    instant,
    malformed,
    written,
)

LONGEST_LINE: Final = 200_000


class BadLine(Exception):
    """The first malformed or refused line of a file."""

    def __init__(self, line_number: int, reason: str) -> None:
        super().__init__(f"{line_number}: {reason}")
        self.line_number = line_number
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class LineCommand(Command):
    number: int
    # None in a session written up afterwards.
    at: datetime | None


@dataclass(frozen=True)
class Header:
    """Who met, and what is written over the session; the rest of line 1 is the plan."""

    couple_code: str
    couple_label: str
    facilitator: str
    co_facilitator: str | None
    names: Mapping[str, str]
    language: str
    zone: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class SessionFile:
    header: Header
    plan: Plan
    # The lines up to the first malformed one.
    lines: tuple[LineCommand, ...]
    malformed: BadLine | None
    last_line: int

    def finish(self, has_ended: bool) -> None:
        """To be asked after the last line passed: names a malformed line, or an end that is not there."""
        if self.malformed is not None:
            raise self.malformed
        if not has_ended:
            raise BadLine(self.last_line, "the last line does not end the session")


# --- the header --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Zone:
    def check(self, value: object, field: str) -> None:
        if not _is_zone(value):
            malformed(field, gettext_noop("%(field)s is not a time zone like Europe/Lisbon"))


def _is_zone(value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False

    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        return False
    return True


_NAME: Final = Text(200)
_LINE: Final = Text(1000)
_NAMED: Final = Object({"name": Part(_NAME)})
_PHASE: Final = Object(
    {
        "title": Part(Text(200)),
        "kind": Part(OneOf(PHASE_KINDS)),
        "goal": Part(OneOf(PHASE_GOALS)),
        "minutes": Part(Whole(1, 180)),
        "turn": Part(OneOf(TURNS)),
        "understanding_check": Part(OneOf(UNDERSTANDING_CHECKS)),
        "prompts": Part(ListOf(_LINE)),
        "check_kind": Part(OneOf(CHECK_KINDS), required=False),
    }
)
_GOAL: Final = Object(
    {
        "id": Part(Id()),
        "category": Part(OneOf(("feelings", "needs", "compromises"))),
        "owner": Part(OneOf(("A", "B", "both"))),
        "wording": Part(_LINE),
    }
)
_EXIT: Final = Object(
    {
        "sign": Part(Text(400, may_be_empty=True)),
        "minimum_minutes": Part(Whole(1, 1440)),
        "return_sentence": Part(Text(400, may_be_empty=True)),
    }
)
_TIMES: Final[Mapping[str, Shape]] = {
    "planned_start": Instant(),
    "agreed_max_minutes": Whole(1, 600),
    "latest_end": Instant(),
}
_HEADER: Final = Object(
    {
        "session_file": Part(Whole(1, 1)),
        "format": Part(OneOf(tuple(FORMATS)), required=False),
        "phases": Part(ListOf(_PHASE, least=1), required=False),
        "zone": Part(Zone()),
        "language": Part(Text(20)),
        "couple": Part(Object({"code": Part(Text(80)), "label": Part(_NAME)})),
        "facilitator": Part(_NAMED),
        "partners": Part(Object({"A": Part(_NAMED), "B": Part(_NAMED)})),
        "first_speaker": Part(OneOf(PARTNERS)),
        **{name: Part(shape, required=False) for name, shape in _TIMES.items()},
        "joint_intention": Part(Text(may_be_empty=True)),
        "goals": Part(ListOf(_GOAL)),
        "exit_strategy": Part(_EXIT),
        "with": Part(OneOf(("both", "A", "B")), required=False),
        "timed": Part(YesNo(), required=False),
        "continues": Part(Text(80), required=False),
        "heard_before": Part(ListOf(OneOf(PARTNERS), most=2, once_each=True), required=False),
        "phrases": Part(ListOf(Text(400), most=100), required=False),
        "caucus_policy": Part(_LINE, required=False),
        "mode": Part(OneOf(MODES), required=False),
        "co_facilitator": Part(_NAMED, required=False),
        "present": Part(ListOf(Object({"name": Part(_NAME), "why": Part(Text(400))})), required=False),
    }
)


def read_header(raw: Mapping[str, Any]) -> tuple[Header, Plan]:
    """Line 1 as header and plan; raises Refusal for whatever is malformed, at every depth."""
    _HEADER.check(raw, "")
    if "format" not in raw and "phases" not in raw:
        malformed("format", MISSING, "missing")
    _check_times(raw)

    plan = plan_from(raw)
    _check_fits(plan)

    co_facilitator = None
    if "co_facilitator" in raw:
        co_facilitator = raw["co_facilitator"]["name"]

    header = Header(
        couple_code=raw["couple"]["code"],
        couple_label=raw["couple"]["label"],
        facilitator=raw["facilitator"]["name"],
        co_facilitator=co_facilitator,
        names={who: raw["partners"][who]["name"] for who in PARTNERS},
        language=raw["language"],
        zone=raw["zone"],
        raw=raw,
    )
    return header, plan


def _check_times(raw: Mapping[str, Any]) -> None:
    """A timed session has all of its times, one written up afterwards has none."""
    timed = raw.get("timed", True)
    for name in _TIMES:
        if timed and name not in raw:
            malformed(name, MISSING, "missing")
        if not timed and name in raw:
            malformed(name, gettext_noop("%(field)s has no place in a session written up afterwards"))


def plan_from(raw: Mapping[str, Any]) -> Plan:
    """The plan that a well-formed header comes to."""
    timed = raw.get("timed", True)
    planned_start = None
    latest_end = None
    if timed:
        planned_start = instant(raw["planned_start"])
        latest_end = instant(raw["latest_end"])

    phrases = None
    if "phrases" in raw:
        phrases = tuple(raw["phrases"])

    return Plan(
        phases=_phases(raw),
        zone=raw["zone"],
        first_speaker=raw["first_speaker"],
        planned_start=planned_start,
        agreed_max_minutes=raw.get("agreed_max_minutes"),
        latest_end=latest_end,
        joint_intention=raw["joint_intention"],
        goals=tuple(Goal(**goal) for goal in raw["goals"]),
        exit_strategy=ExitStrategy(**raw["exit_strategy"]),
        with_=raw.get("with", "both"),
        timed=timed,
        continues=raw.get("continues"),
        heard_before=frozenset(raw.get("heard_before", ())),
        co_facilitator="co_facilitator" in raw,
        phrases=phrases,
        caucus_policy=raw.get("caucus_policy"),
        mode=raw.get("mode", "room"),
        present=tuple(Present(**one) for one in raw.get("present", ())),
        language=raw["language"],
        format=raw.get("format"),
        names={who: one["name"] for who, one in raw.get("partners", {}).items()},
    )


def _phases(raw: Mapping[str, Any]) -> tuple[PlannedPhase, ...]:
    """The phases of the header, where it gives any; else those of its format."""
    if "phases" not in raw:
        return FORMATS[raw["format"]].phases

    phases = []
    for given in raw["phases"]:
        shape = dict(given)
        shape["prompts"] = tuple(given["prompts"])
        phases.append(PlannedPhase(**shape))
    return tuple(phases)


def _check_fits(plan: Plan) -> None:
    """What a header says in one place must fit what it says in another."""
    if plan.first_speaker not in plan.partners:
        malformed("first_speaker", gettext_noop("%(field)s is not in this session"))
    if plan.format and FORMATS[plan.format].with_ == "one" and plan.with_ == "both":
        malformed("with", gettext_noop("%(field)s names one partner in a talk with one"))
    if plan.planned_start and plan.latest_end and plan.latest_end <= plan.planned_start:
        malformed("latest_end", gettext_noop("%(field)s is not after planned_start"))
    if len({goal.id for goal in plan.goals}) < len(plan.goals):
        malformed("goals", gettext_noop("%(field)s names something twice"))


# --- the lines ---------------------------------------------------------------------------------------

_COMMON: Final = ("at", "by", "kind", "key", "told_to", "override", "voice")


def read_command(raw: Mapping[str, Any], *, number: int, plan: Plan, before: datetime | None) -> LineCommand:
    """One line as a command; form only, order is for the rules. Raises Refusal."""
    _check_common_keys(raw, timed=plan.timed)

    at = None
    if plan.timed:
        at = instant(raw["at"])

    command = LineCommand(
        number=number,
        at=at,
        by=raw["by"],
        kind=raw["kind"],
        fields={name: value for name, value in raw.items() if name not in _COMMON},
        told_to="told_to" in raw,
        voice=raw.get("voice"),
        key=raw.get("key"),
        override=raw.get("override"),
    )

    check_form(command.kind, command.fields)
    check_common(command)
    if at is not None and before is not None and at < before:
        malformed("at", gettext_noop("%(field)s is earlier than the line before"))

    return command


def _check_common_keys(raw: Mapping[str, Any], *, timed: bool) -> None:
    """The keys that a line of any kind may have: who, what, when, and how it was said."""
    for name in ("by", "kind"):
        if name not in raw:
            malformed(name, MISSING, "missing")
    kind_named(raw["kind"])
    OneOf(EVERYBODY).check(raw["by"], "by")

    if not timed and "at" in raw:
        malformed("at", UNKNOWN_KEY, "unknown_key")
    if timed and "at" not in raw:
        malformed("at", MISSING, "missing")
    if "at" in raw:
        Instant().check(raw["at"], "at")

    for name in ("key", "override", "voice"):
        if name in raw and raw[name] is None:
            malformed(name, gettext_noop("%(field)s is not a text"))
    if "told_to" in raw:
        OneOf(("F",)).check(raw["told_to"], "told_to")


def written_line(command: Command, at: datetime | None) -> dict[str, Any]:
    """The other way round: a command as the object of its line."""
    line: dict[str, Any] = {}
    if at is not None:
        line["at"] = exactly(at)
    line["by"] = command.by
    line["kind"] = command.kind
    line.update(command.fields)

    if command.told_to:
        line["told_to"] = "F"
    for name in ("key", "override", "voice"):
        value = getattr(command, name)
        if value is not None:
            line[name] = value
    return line


def exactly(at: datetime) -> str:
    """An instant as a line carries it: to the microsecond, where it has any."""
    if at.microsecond:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return written(at)


def load(path: Path) -> SessionFile:
    """The file up to its first malformed line; raises BadLine only where line 1 is at fault."""
    return parse(path.read_bytes())


def parse(content: bytes) -> SessionFile:
    """As `load`, of a file that somebody else holds."""
    raw_lines = content.split(b"\n")
    if raw_lines[-1] == b"":
        raw_lines.pop()
    if not raw_lines:
        raise BadLine(1, "the file is empty")

    try:
        header, plan = read_header(_object(raw_lines[0]))
    except Refusal as refusal:
        raise BadLine(1, str(refusal)) from refusal

    lines, malformed_line = _read_commands(raw_lines[1:], plan)
    return SessionFile(header, plan, tuple(lines), malformed_line, len(raw_lines))


def _read_commands(raw_lines: list[bytes], plan: Plan) -> tuple[list[LineCommand], BadLine | None]:
    """The lines after the header up to the first malformed one, and that one."""
    lines: list[LineCommand] = []
    before: datetime | None = None

    for number, raw in enumerate(raw_lines, start=2):
        try:
            line = read_command(_object(raw), number=number, plan=plan, before=before)
        except Refusal as refusal:
            return lines, BadLine(number, str(refusal))
        lines.append(line)
        before = line.at

    return lines, None


def read_file(path: Path) -> SessionFile:
    """The whole file, or the first malformed line."""
    read = load(path)
    if read.malformed is not None:
        raise read.malformed
    return read


def _object(raw: bytes) -> Mapping[str, Any]:
    """The JSON object of one line."""
    if len(raw) > LONGEST_LINE:
        raise Refusal(gettext_noop("the line is too long"), "malformed", "form")

    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refusal(gettext_noop("the line is not UTF-8"), "malformed", "form") from None
    except (ValueError, RecursionError):
        raise Refusal(gettext_noop("the line is not JSON"), "malformed", "form") from None

    if not isinstance(value, dict):
        raise Refusal(gettext_noop("the line is not a JSON object"), "malformed", "form")
    return value


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refusal(gettext_noop("the line gives one key twice"), "malformed", "form")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
