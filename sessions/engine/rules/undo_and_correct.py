"""Undoing and correcting: what was entered since must still stand without it, or with it changed."""

from typing import Any

from facilitator.errors import Refusal
from sessions.engine.clock import Moment, State, begin, seconds, state_at
from sessions.engine.clock.fold import settled, take
from sessions.engine.clock.state import undone_numbers
from sessions.engine.kinds import KINDS, PARTNERS, TEAM, Command, Kind, check_correction, corrected_parts
from sessions.engine.rules.guards import personal
from sessions.engine.rules.order import order
from sessions.engine.rules.standing import Standing
from sessions.engine.rules.texts import refusal

UNDO_S = 10


def target_of(state: State, command: Command) -> Moment:
    """The entry an `undone` or `corrected` points at."""
    line = command.fields["line"]
    assert isinstance(line, int)
    moment = state.moment_numbered(line)
    if moment is None or moment.number in undone_numbers(state.moments):
        raise refusal("unknown_line", line=line)
    return moment


def target_kind(state: State, command: Command) -> Kind | None:
    """For `corrected`: the kind of the entry it corrects; what it carries is split as that one is."""
    return KINDS[target_of(state, command).kind] if command.kind == "corrected" else None


def undo(state: State, command: Command) -> None:
    undone = undone_numbers(state.moments)
    target = target_of(state, command)
    own = [m.number for m in state.moments if m.by == "F" and m.kind != "undone" and m.number not in undone]
    if target.kind == "undone" or not own or target.number != own[-1]:
        raise refusal("not_the_last")
    if target.at is None or state.second - seconds(target.at) > UNDO_S:
        raise refusal("too_late_to_undo")
    _still_stands(state, target.number, {"line": target.number}, "undone")


def correct(state: State, standing: Standing, command: Command) -> None:
    target = target_of(state, command)
    kind = KINDS[target.kind]
    check_correction(kind, command.fields)
    if standing.released:
        raise refusal("released")
    own = command.by in PARTNERS and target.by == command.by
    if not (command.by in TEAM or own):
        raise refusal("not_yours")
    if target.kind == "compromise_drafted" and state.agreements.get(str(target.facts["id"])):
        # An agreement needs the person's own yes: nobody changes a text under a yes that was given to another.
        raise refusal("agreed_text", "absolute")
    facts, _ = corrected_parts(kind, command.fields)
    if len(facts) > 1:
        _still_stands(state, target.number, facts, "corrected")


def _still_stands(state: State, number: int, facts: dict[str, Any], kind: str) -> None:
    thought = Moment(number=1 << 40, at=state.last_at, by="F", kind=kind, facts=facts)
    again = begin(state.plan)
    try:
        for moment in settled([*state.moments, thought]):
            if moment.number >= number and moment.kind not in ("undone", "corrected"):
                then = state_at(again, moment.at) if moment.at is not None else again
                order(then, moment.by, moment.kind, moment.facts)
                personal(then, moment.by, moment.kind)
            take(again, moment)
    except Refusal:
        raise refusal("built_upon") from None
