"""The story of a session, sorted by what was said: statements and what answers them, checks with every attempt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.contexts.material import Material, PaperFor, SeenLine, may_print
from sessions.record.corrected import as_corrected

# Answers to a guess at a fear that let it onto paper.
ACCEPTED = ("fits", "partly")


@dataclass
class Attempt:
    """One try at saying it back, and what the speaker answered."""

    n: int
    feelings: tuple[str, ...] = ()
    reason: str = ""
    text: str = ""
    ticked: tuple[str, ...] = ()
    answer: str = ""
    problem: str = ""
    meant: str = ""
    bridge: bool = False
    held_back: bool = False


@dataclass
class Check:
    id: str
    of: str
    listener: str
    kind: str
    attempts: list[Attempt] = field(default_factory=list)
    state: str = "open"

    @property
    def meant(self) -> tuple[str, ...]:
        return tuple(attempt.meant for attempt in self.attempts if attempt.meant)


@dataclass
class Fear:
    id: str
    to: str = ""
    wording: str = ""
    answer: str = ""
    own_words: SeenLine | None = None

    @property
    def accepted(self) -> bool:
        return self.answer in ACCEPTED or self.own_words is not None


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


class Story:
    """What one paper may tell. `paper_for` decides which lines are in it."""

    def __init__(self, material: Material, paper_for: PaperFor) -> None:
        self.material = material
        printable = [line for line in material.lines if may_print(line, paper_for)]
        self.lines = as_corrected(sorted(printable, key=lambda line: line.number))

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
        self._redirect_of_command: dict[int, str] = {}

        for line in self.lines:
            if line.kind in SORTED_BY:
                SORTED_BY[line.kind](self, line)

    def knows(self, ref: str) -> bool:
        """What refers to a row that this reader cannot see goes where that row went."""
        if ref in self.checks:
            return self.knows(self.checks[ref].of)

        if ref in self.fears:
            return self.fears[ref].accepted

        return ref in self.statements or ref in self.needs or ref in self.options or ref in self.drafts

    def of_kind(self, *kinds: str) -> list[SeenLine]:
        """Lines that a paper takes as they stand, in order."""
        assert set(kinds) <= AS_THEY_STAND, kinds
        return [line for line in self.lines if line.kind in kinds]

    def checks_of(self, ref: str) -> list[Check]:
        return [check for check in self.checks.values() if check.of == ref]

    def validations_of(self, ref: str) -> list[SeenLine]:
        return [line for line in self.of_kind("validation_given") if line.get("of") == ref]

    @property
    def confirmed_checks(self) -> list[Check]:
        confirmed = [check for check in self.checks.values() if check.state == "confirmed"]
        return [check for check in confirmed if self.knows(check.of)]

    @property
    def agreements(self) -> list[Draft]:
        return [draft for draft in self.drafts.values() if draft.in_force]

    @property
    def open_drafts(self) -> list[Draft]:
        return [draft for draft in self.drafts.values() if not draft.in_force]

    @property
    def taken_up(self) -> dict[str, str]:
        """The options that became part of a draft, and the draft of each."""
        return {
            option: draft.id
            for draft in self.drafts.values()
            for option in draft.line.get("from_options") or ()
        }

    @property
    def open_options(self) -> list[SeenLine]:
        """Whatever no draft took up, whoever reacted to it and how."""
        taken_up = self.taken_up
        return [line for option, line in self.options.items() if option not in taken_up]

    @property
    def milestones(self) -> list[str]:
        """Those that both keep; until then they are one person's own."""
        everybody = self.material.meeting.order
        return [what for what, kept_by in self._milestones.values() if kept_by.issuperset(everybody)]

    def own_numbers(self, slot: str) -> list[SeenLine]:
        return [line for line in self.lines if line.owner == slot and line.get("temperature") is not None]

    # Each of these sorts one line. Which kind goes to which stands in SORTED_BY.

    def _statement(self, line: SeenLine) -> None:
        self.statements[line.get("id")] = line

    def _need(self, line: SeenLine) -> None:
        self.needs[line.get("id")] = line
        if line.get("statement"):
            self.statements[line.get("statement")] = line

    def _option(self, line: SeenLine) -> None:
        self.options[line.get("id")] = line

    def _reactions(self, line: SeenLine) -> None:
        self.reactions.setdefault(line.said_by, {}).update(line.get("reactions") or {})

    def _parked(self, line: SeenLine) -> None:
        self.parked.append(line)

    def _goal_view(self, line: SeenLine) -> None:
        self.goal_views.setdefault(line.get("goal"), {})[line.said_by] = line.get("view")

    def _milestones_kept(self, line: SeenLine) -> None:
        for kept in line.get("milestones") or ():
            _what, kept_by = self._milestones.setdefault(kept["id"], (kept["milestone"], set()))
            kept_by.add(line.said_by)

    # Redirects

    def _redirect_offered(self, line: SeenLine) -> None:
        # Its parts are for different eyes; whoever sees only the suggestion knows it by its command.
        known = self._redirect_of_command.get(line.command)
        ident = line.get("id") or line.ref or known or str(line.command)
        self._redirect_of_command[line.command] = ident

        redirect = self.redirects.setdefault(ident, Redirect(ident, line.owner, line.at))
        redirect.to = line.get("to") or redirect.to
        redirect.families = tuple(line.get("families") or redirect.families)
        redirect.suggestion = line.get("suggestion") or redirect.suggestion

    def _redirect_rephrased(self, line: SeenLine) -> None:
        if line.get("id"):
            self.statements[line.get("id")] = line
        self._redirect_result(line, "rephrased")

    def _redirect_kept(self, line: SeenLine) -> None:
        self._redirect_result(line, "kept")

    def _redirect_not_now(self, line: SeenLine) -> None:
        self._redirect_result(line, "not_now")

    def _redirect_result(self, line: SeenLine, result: str) -> None:
        redirect = self.redirects.get(line.get("redirect"))
        if redirect is not None:
            redirect.result = result

    # Checks

    def _check_opened(self, line: SeenLine) -> None:
        ident = line.get("id")
        self.checks[ident] = Check(
            id=ident,
            of=line.get("of", ""),
            listener=line.get("listener", ""),
            kind=line.get("check_kind") or "feeling_and_reason",
        )

    def _reflection_given(self, line: SeenLine) -> None:
        self._attempt(line)

    def _bridge_given(self, line: SeenLine) -> None:
        self._attempt(line, bridge=True)

    def _attempt(self, line: SeenLine, *, bridge: bool = False) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return

        words: Mapping[str, Any] = {} if line.held_back else line.words
        check.attempts.append(
            Attempt(
                n=len(check.attempts) + 1,
                feelings=tuple(words.get("feelings") or ()),
                reason=words.get("reason") or "",
                text=words.get("text") or "",
                ticked=tuple(line.get("heard") or ()),
                bridge=bridge,
                held_back=line.held_back,
            )
        )

    def _reflection_corrected(self, line: SeenLine) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return

        if not check.attempts:
            check.attempts.append(Attempt(n=1))
        last = check.attempts[-1]
        last.answer = "corrected"
        last.problem = line.get("problem") or ""
        last.meant = "" if line.held_back else (line.get("meant") or "")

    def _reflection_confirmed(self, line: SeenLine) -> None:
        check = self.checks.get(line.get("check"))
        if check is None:
            return

        if not check.attempts:
            check.state = "confirmed"
            return

        last = check.attempts[-1]
        last.answer = "confirmed"
        # A confirmed bridge is only accepted; the listener gives it back before the check is settled.
        check.state = "open" if last.bridge else "confirmed"

    def _check_set_aside(self, line: SeenLine) -> None:
        check = self.checks.get(line.get("check"))
        if check is not None:
            check.state = "set_aside"

    # Guesses at a fear

    def _fear_offered(self, line: SeenLine) -> None:
        ident = line.get("id") or line.ref
        fear = self.fears.setdefault(ident, Fear(ident))
        fear.to = line.get("to") or fear.to
        fear.wording = line.get("wording") or fear.wording

    def _fear_answered(self, line: SeenLine) -> None:
        ident = line.get("fear") or line.ref
        fear = self.fears.setdefault(ident, Fear(ident))
        fear.to = fear.to or line.said_by
        fear.answer = line.get("answer") or fear.answer

        are_held_back = line.held_back and line.audience == "REL"
        if line.get("own_words") or are_held_back:
            fear.own_words = line

    # Agreements

    def _compromise_drafted(self, line: SeenLine) -> None:
        ident = line.get("id")
        earlier = self.drafts.get(ident)
        confirmed = earlier.confirmed if earlier else {}
        self.drafts[ident] = Draft(ident, line, confirmed)

    def _agreement_confirmed(self, line: SeenLine) -> None:
        draft = self.drafts.get(line.get("agreement"))
        if draft is not None:
            draft.confirmed[line.said_by] = line


# Kinds whose lines are sorted, each by its method.
SORTED_BY: dict[str, Callable[[Story, SeenLine], None]] = {
    "statement": Story._statement,
    "need_named": Story._need,
    "option_added": Story._option,
    "option_reactions": Story._reactions,
    "idea_parked": Story._parked,
    "goal_viewed": Story._goal_view,
    "milestones_kept": Story._milestones_kept,
    "redirect_offered": Story._redirect_offered,
    "redirect_rephrased": Story._redirect_rephrased,
    "redirect_kept": Story._redirect_kept,
    "redirect_not_now": Story._redirect_not_now,
    "check_opened": Story._check_opened,
    "check_set_aside": Story._check_set_aside,
    "reflection_given": Story._reflection_given,
    "bridge_given": Story._bridge_given,
    "reflection_corrected": Story._reflection_corrected,
    "reflection_confirmed": Story._reflection_confirmed,
    "fear_offered": Story._fear_offered,
    "fear_answered": Story._fear_answered,
    "compromise_drafted": Story._compromise_drafted,
    "agreement_confirmed": Story._agreement_confirmed,
}
# Kinds whose lines a paper takes as they stand, with `of_kind`.
AS_THEY_STAND = {
    "validation_given",
    "closing_word",
    "phrase_used",
    "note",
    "retreat_view_given",
    "retreat_purpose_acknowledged",
    "phase_set_aside",
    "phase_returned",
    "minutes_added",
    "guard_set_aside",
}
