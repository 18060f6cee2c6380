"""What was heard, sorted by what it is: statements and what answers them, checks with every attempt."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.contexts.material import Heard, Reader, SeenLine, may_print
from sessions.record.corrected import as_corrected


@dataclass
class Attempt:
    n: int
    by: str
    feelings: tuple[str, ...] = ()
    reason: str = ""
    text: str = ""
    ticked: tuple[str, ...] = ()
    answer: str = ""
    problem: str = ""
    meant: str = ""
    bridge: bool = False
    held: bool = False


@dataclass
class Check:
    id: str
    of: str
    listener: str
    kind: str
    number: int
    attempts: list[Attempt] = field(default_factory=list)
    state: str = "open"

    @property
    def meant(self) -> tuple[str, ...]:
        return tuple(a.meant for a in self.attempts if a.meant)


@dataclass
class Fear:
    id: str
    to: str = ""
    wording: str = ""
    answer: str = ""
    own_words: SeenLine | None = None
    number: int = 0

    @property
    def accepted(self) -> bool:
        return self.answer in ("fits", "partly") or self.own_words is not None


@dataclass
class Redirect:
    id: str
    to: str
    at: datetime | None
    families: tuple[str, ...] = ()
    suggestion: str = ""
    result: str = ""


@dataclass
class Draft:
    """A compromise: an agreement once both have confirmed it, which made its words joint."""

    id: str
    line: SeenLine
    confirmed: dict[str, SeenLine] = field(default_factory=dict)

    @property
    def in_force(self) -> bool:
        return self.line.audience == "JOINT"


class Told:
    """`reader` decides what is in it: "both" (what either may read), one partner, or the facilitator."""

    def __init__(self, heard: Heard, reader: Reader) -> None:
        self.heard, self.reader = heard, reader
        seen = sorted((line for line in heard.lines if may_print(line, reader)), key=lambda line: line.number)
        self.lines = as_corrected(seen)
        self.statements: dict[str, SeenLine] = {}
        self.checks: dict[str, Check] = {}
        self.fears: dict[str, Fear] = {}
        self.redirects: dict[str, Redirect] = {}
        self.needs: dict[str, SeenLine] = {}
        self.options: dict[str, SeenLine] = {}
        self.drafts: dict[str, Draft] = {}
        self.reactions: dict[str, dict[str, str]] = {}
        self.parked: list[SeenLine] = []
        self.goal_views: dict[str, dict[str, str]] = {}
        self._milestones: dict[str, tuple[str, set[str]]] = {}
        self._made: dict[int, str] = {}
        for line in self.lines:
            sort = getattr(self, f"_{line.kind}", None)
            if sort is not None:
                sort(line)

    # What refers to a row that this reader cannot see goes where that row went.
    def knows(self, ref: str) -> bool:
        if ref in self.checks:
            return self.knows(self.checks[ref].of)
        return (
            ref in self.statements
            or ref in self.needs
            or ref in self.options
            or ref in self.drafts
            or (ref in self.fears and self.fears[ref].accepted)
        )

    def of_kind(self, *kinds: str) -> Iterator[SeenLine]:
        return (line for line in self.lines if line.kind in kinds)

    def checks_of(self, ref: str) -> list[Check]:
        return [check for check in self.checks.values() if check.of == ref]

    def validations_of(self, ref: str) -> list[SeenLine]:
        return [line for line in self.of_kind("validation_given") if line.get("of") == ref]

    @property
    def confirmed_checks(self) -> list[Check]:
        return [
            check for check in self.checks.values() if check.state == "confirmed" and self.knows(check.of)
        ]

    @property
    def agreements(self) -> list[Draft]:
        return [draft for draft in self.drafts.values() if draft.in_force]

    @property
    def open_options(self) -> list[SeenLine]:
        """Whatever no draft took up, whoever reacted to it and how."""
        taken = {option for draft in self.drafts.values() for option in draft.line.get("from_options") or ()}
        return [line for ident, line in self.options.items() if ident not in taken]

    @property
    def milestones(self) -> list[str]:
        """Those that both keep; until then they are one person's own."""
        return [what for what, kept in self._milestones.values() if kept.issuperset(self.heard.meeting.order)]

    def own_numbers(self, slot: str) -> list[SeenLine]:
        return [line for line in self.lines if line.owner == slot and line.get("temperature") is not None]

    def _statement(self, line: SeenLine) -> None:
        self.statements[line.get("id")] = line

    def _redirect_rephrased(self, line: SeenLine) -> None:
        if line.get("id"):
            self.statements[line.get("id")] = line
        self._result(line, "rephrased")

    def _redirect_offered(self, line: SeenLine) -> None:
        # Its parts are for different eyes; whoever sees only the suggestion knows it by its command.
        ident = line.get("id") or line.ref or self._made.get(line.command) or str(line.command)
        self._made[line.command] = ident
        held = self.redirects.setdefault(ident, Redirect(ident, line.owner, line.at))
        held.to = line.get("to") or held.to
        held.families = tuple(line.get("families") or held.families)
        held.suggestion = line.get("suggestion") or held.suggestion

    def _redirect_kept(self, line: SeenLine) -> None:
        self._result(line, "kept")

    def _redirect_not_now(self, line: SeenLine) -> None:
        self._result(line, "not_now")

    def _result(self, line: SeenLine, result: str) -> None:
        ident = line.get("redirect")
        if ident in self.redirects:
            self.redirects[ident].result = result

    def _need_named(self, line: SeenLine) -> None:
        self.needs[line.get("id")] = line
        if line.get("statement"):
            self.statements[line.get("statement")] = line

    def _check_opened(self, line: SeenLine) -> None:
        ident = line.get("id")
        kind = line.get("check_kind") or "feeling_and_reason"
        self.checks[ident] = Check(ident, line.get("of", ""), line.get("listener", ""), kind, line.number)

    def _attempt(self, line: SeenLine, **more: Any) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return
        words = {} if line.held_back else line.words
        check.attempts.append(
            Attempt(
                n=len(check.attempts) + 1,
                by=line.said_by,
                feelings=tuple(words.get("feelings") or ()),
                reason=words.get("reason") or "",
                text=words.get("text") or "",
                ticked=tuple(line.get("heard") or ()),
                held=line.held_back,
                **more,
            )
        )

    def _reflection_given(self, line: SeenLine) -> None:
        self._attempt(line)

    def _bridge_given(self, line: SeenLine) -> None:
        self._attempt(line, bridge=True)

    def _reflection_corrected(self, line: SeenLine) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return
        if not check.attempts:
            check.attempts.append(Attempt(1, check.listener))
        last = check.attempts[-1]
        last.answer, last.problem = "corrected", line.get("problem") or ""
        last.meant = "" if line.held_back else (line.get("meant") or "")

    def _reflection_confirmed(self, line: SeenLine) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return
        last = check.attempts[-1] if check.attempts else None
        if last is not None:
            last.answer = "confirmed"
        # A confirmed bridge is only accepted; the listener gives it back before the check is settled.
        check.state = "open" if last is not None and last.bridge else "confirmed"

    def _check_set_aside(self, line: SeenLine) -> None:
        if line.get("check") in self.checks:
            self.checks[line.get("check")].state = "set_aside"

    def _fear(self, ident: str, number: int) -> Fear:
        return self.fears.setdefault(ident, Fear(ident, number=number))

    def _fear_offered(self, line: SeenLine) -> None:
        fear = self._fear(line.get("id") or line.ref, line.number)
        fear.to = line.get("to") or fear.to
        fear.wording = line.get("wording") or fear.wording

    def _fear_answered(self, line: SeenLine) -> None:
        fear = self._fear(line.get("fear") or line.ref, line.number)
        fear.to = fear.to or line.said_by
        fear.answer = line.get("answer") or fear.answer
        if line.get("own_words") or (line.held_back and line.audience == "REL"):
            fear.own_words = line

    def _option_added(self, line: SeenLine) -> None:
        self.options[line.get("id")] = line

    def _option_reactions(self, line: SeenLine) -> None:
        self.reactions.setdefault(line.said_by, {}).update(line.get("reactions") or {})

    def _compromise_drafted(self, line: SeenLine) -> None:
        held = self.drafts.get(line.get("id"))
        self.drafts[line.get("id")] = Draft(line.get("id"), line, held.confirmed if held else {})

    def _agreement_confirmed(self, line: SeenLine) -> None:
        if line.get("agreement") in self.drafts:
            self.drafts[line.get("agreement")].confirmed[line.said_by] = line

    def _idea_parked(self, line: SeenLine) -> None:
        self.parked.append(line)

    def _goal_viewed(self, line: SeenLine) -> None:
        self.goal_views.setdefault(line.get("goal"), {})[line.said_by] = line.get("view")

    def _milestones_kept(self, line: SeenLine) -> None:
        for kept in line.get("milestones") or ():
            _, by = self._milestones.setdefault(kept["id"], (kept["milestone"], set()))
            by.add(line.said_by)
