"""What lies on the table: what was said, needed, offered and drafted, the open check, the Later list, the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sessions.desk.snapshot import DeskSnapshot, last_press
from sessions.engine import clock
from sessions.engine.kinds import CHECK_KINDS, HEARD, PARTNERS, PROBLEMS
from sessions.engine.plan import PlannedPhase, other
from sessions.engine.rules.undo_and_correct import UNDO_S
from sessions.record.corrected import SpokenLine
from sessions.wording import codes
from sessions.wording.moments import entry_name

Choices = list[tuple[str, Any]]

# What each kind puts on the table.
ON_THE_TABLE = {
    "statement": "statement",
    "redirect_rephrased": "statement",
    "need_named": "need",
    "option_added": "option",
    "compromise_drafted": "agreement",
}
PARKED = "idea_parked"
# The field of a line that a rewording changes.
REWORDED = {"statement": "text", "need": "need", "option": "text", "agreement": "text"}
# Rows on the table and entries of the log that the desk shows.
NEWEST = 40


@dataclass(frozen=True)
class TableRow:
    """One thing on the table, as it reads now, with where its check stands."""

    ref: str
    line: int
    kind: str
    kind_words: str
    # The partner whose it is; "" where it is of both.
    by: str
    text: str

    is_checked: bool
    may_check: bool
    may_read_back: bool
    check_kind: str
    listener: str

    confirmed: frozenset[str]
    in_force: bool
    look_again_on: date | str | None

    may_reword: bool
    reworded: str
    rewording: str


@dataclass(frozen=True)
class Checkable:
    """The newest thing that nobody has given back yet: what *Check* opens a check on."""

    ref: str
    listener: str
    check_kind: str


@dataclass(frozen=True)
class OpenCheck:
    """The check that is open, and what can be answered to it now."""

    ref: str
    kind: str
    kind_words: str
    text: str
    speaker: str
    speaker_name: str
    listener: str
    listener_name: str
    # reflection, answer or bridge
    waiting_for: str
    parts: Choices
    problems: Choices
    # The line of the last *not quite*, to which what was meant can be added.
    not_quite_line: int | None


@dataclass(frozen=True)
class LaterIdea:
    ref: str
    text: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class LogEntry:
    """One entry of the log: its instant as machines read it, its hour on the clock of the couple, and the words."""

    at: str
    hour: str
    words: str


@dataclass(frozen=True)
class Undoable:
    """The newest line of your last press, and until when it can be undone."""

    line: int
    until: datetime | None


class Table:
    """The table of one desk."""

    def __init__(self, desk: DeskSnapshot) -> None:
        self.desk = desk
        self._on_the_table = [line for line in desk.lines if line.kind in ON_THE_TABLE]

    @cached_property
    def rows(self) -> list[TableRow]:
        """Newest first."""
        return [self._row(line) for line in reversed(self._on_the_table[-NEWEST:])]

    def _row(self, line: SpokenLine) -> TableRow:
        desk = self.desk
        kind = ON_THE_TABLE[line.kind]
        words = line.words

        author = desk.state.authors.get(line.ref, "")
        confirmed = frozenset(desk.state.agreements.get(line.ref, ()))
        in_force = kind == "agreement" and set(desk.plan.partners) <= confirmed
        was_checked = line.ref in self._outcomes
        is_for_two = len(desk.plan.partners) == 2
        reworded = _reworded_field(kind, words)

        return TableRow(
            ref=line.ref,
            line=line.command,
            kind=kind,
            kind_words=codes.at_the_desk(
                codes.ON_TABLE, "draft" if kind == "agreement" and not in_force else kind
            ),
            by=author if author in PARTNERS and kind != "agreement" else "",
            text=_text(words),
            is_checked=self._outcomes.get(line.ref) == "confirmed",
            may_check=self._may_check(line),
            may_read_back=kind == "agreement" and is_for_two and not was_checked,
            check_kind=self._likely_check_kind(kind),
            listener=other(author) if author in PARTNERS else "",
            confirmed=confirmed,
            in_force=in_force,
            look_again_on=words.get("look_again_on") or line.facts.get("look_again_on"),
            may_reword=not confirmed,
            reworded=reworded,
            rewording=words.get(REWORDED[kind]) or words.get("need", ""),
        )

    # Checks

    @cached_property
    def _outcomes(self) -> Mapping[str, str]:
        """What became of the check on each thing; "" while it is open."""
        return {check.of: check.outcome for check in self.desk.state.checks.values()}

    def _may_check(self, line: SpokenLine) -> bool:
        author = self.desk.state.authors.get(line.ref, "")
        is_for_two = len(self.desk.plan.partners) == 2
        return author in PARTNERS and is_for_two and line.ref not in self._outcomes

    @property
    def checkable(self) -> Checkable | None:
        for line in reversed(self._on_the_table):
            if self._may_check(line):
                author = self.desk.state.authors[line.ref]
                kind = self._likely_check_kind(ON_THE_TABLE[line.kind])
                return Checkable(line.ref, other(author), kind)
        return None

    def _likely_check_kind(self, kind: str) -> str:
        """The kind of check that is most likely meant; one press changes it."""
        part = self._part
        if kind == "agreement":
            return "terms"
        if part is not None and part.kind == "boundaries":
            return "boundary"
        if kind in ("need", "option"):
            return "wish"
        if part is not None and part.kind == "repair":
            return "own_part"
        if part is not None and part.check_kind:
            return part.check_kind
        return "feeling_and_reason"

    @cached_property
    def _part(self) -> PlannedPhase | None:
        number = self.desk.reading.phase
        return self.desk.plan.phases[number - 1] if number else None

    @property
    def open_check(self) -> OpenCheck | None:
        check = self.desk.reading.check
        if check is None:
            return None

        about = [line for line in self._on_the_table if line.ref == check.of]
        return OpenCheck(
            ref=check.id,
            kind=check.kind,
            kind_words=codes.at_the_desk(codes.CHECK_KIND, check.kind),
            text=_text(about[0].words) if about else "",
            speaker=check.speaker,
            speaker_name=self.desk.partners[check.speaker].name,
            listener=check.listener,
            listener_name=self.desk.partners[check.listener].name,
            waiting_for=WAITING_FOR.get(check.under, "bridge"),
            parts=codes.choices(codes.HEARD_PART, HEARD[check.kind]),
            problems=codes.choices(codes.PROBLEM, PROBLEMS),
            not_quite_line=self._not_quite_line(check),
        )

    def _not_quite_line(self, check: clock.CheckReading) -> int | None:
        if not check.corrections or check.under == "awaiting_answer":
            return None
        for moment in reversed(self.desk.moments):
            if moment.kind == "reflection_corrected" and moment.facts.get("check") == check.id:
                return moment.number
        return None

    # The Later list

    @property
    def later(self) -> list[LaterIdea]:
        """The Later list, without ideas that became options."""
        lines = self.desk.lines
        options = {line.words.get("text") for line in lines if line.kind == "option_added"}
        ideas = [line for line in lines if line.kind == PARKED and line.words.get("text", "") not in options]
        return [self._idea(line) for line in ideas]

    def _idea(self, line: SpokenLine) -> LaterIdea:
        author = self.desk.state.authors.get(line.ref, "")
        by = (author,) if author in PARTNERS else self.desk.plan.partners
        return LaterIdea(line.ref, line.words.get("text", ""), by)


WAITING_FOR = {
    "awaiting_reflection": "reflection",
    "awaiting_answer": "answer",
    "bridge_awaiting_answer": "answer",
}


def check_kinds() -> Choices:
    return codes.choices(codes.CHECK_KIND, CHECK_KINDS)


def _reworded_field(kind: str, words: Mapping[str, Any]) -> str:
    """The field that *Reword* changes: the usual one of the kind, else the first that holds anything."""
    usual = REWORDED[kind]
    if usual in words:
        return usual
    return next(iter(words), "text")


def _text(words: Mapping[str, Any]) -> str:
    feelings = ", ".join(words.get("feelings", []))
    return _joined([words.get("text"), words.get("need"), words.get("wish"), feelings])


def _joined(parts: Iterable[str | None]) -> str:
    return " · ".join(part for part in parts if part)


# The log, and undoing


def log_entries(desk: DeskSnapshot) -> list[LogEntry]:
    """The newest entries of the log, newest first."""
    newest = desk.moments[-NEWEST:]
    zone = ZoneInfo(desk.plan.zone)
    return [_log_entry(desk, moment, zone) for moment in reversed(newest)]


def _log_entry(desk: DeskSnapshot, moment: clock.Moment, zone: ZoneInfo) -> LogEntry:
    if moment.at is None:
        return LogEntry("", "", _entry_words(desk, moment))
    local = moment.at.astimezone(zone)
    return LogEntry(local.isoformat(timespec="seconds"), f"{local:%H:%M}", _entry_words(desk, moment))


def _entry_words(desk: DeskSnapshot, moment: clock.Moment) -> str:
    what = entry_name(moment.kind)
    number = moment.facts.get("phase")
    if isinstance(number, int):
        what = f"{what}: {desk.plan.phases[number - 1].title}"

    if moment.by in desk.partners:
        return f"{desk.partners[moment.by].name} · {what}"
    return what


def undoable(desk: DeskSnapshot) -> Undoable | None:
    """Your last press, for ten seconds."""
    lines = last_press(desk)
    if not lines:
        return None

    newest = next(one for one in desk.moments if one.number == lines[0])
    until = newest.at + timedelta(seconds=UNDO_S) if newest.at else None
    return Undoable(lines[0], until)
