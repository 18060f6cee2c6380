"""Undoing and correcting: what was entered since must still stand without it, or with it changed."""

from typing import Any, Final

from sessions.engine.clock import Moment, State, begin, seconds, state_at
from sessions.engine.clock.fold import as_they_stand, take
from sessions.engine.clock.state import undone_numbers
from sessions.engine.kinds import KINDS, PARTNERS, TEAM, Command, Kind, check_correction, facts_of
from sessions.engine.rules.available import stands
from sessions.engine.rules.standing import Standing
from sessions.engine.rules.texts import refusal

UNDO_S: Final = 10
# Higher than any line, for the undoing or correction that is tried out before it is written.
NOT_WRITTEN_YET: Final = 1 << 40


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
    if command.kind != "corrected":
        return None
    return KINDS[target_of(state, command).kind]


def check_undo(state: State, command: Command) -> None:
    """Only the facilitator's last own entry, for ten seconds, and only while nothing was built upon it."""
    target = target_of(state, command)
    if target.kind == "undone" or target.number != _last_own(state):
        raise refusal("not_the_last")
    if target.at is None or state.second - seconds(target.at) > UNDO_S:
        raise refusal("too_late_to_undo")

    _check_rest_stands(state, target, "undone", {"line": target.number})


def _last_own(state: State) -> int | None:
    undone = undone_numbers(state.moments)
    for moment in reversed(state.moments):
        if moment.by == "F" and moment.kind != "undone" and moment.number not in undone:
            return moment.number
    return None


def check_correct(state: State, standing: Standing, command: Command) -> None:
    """Own words, or the team's hand; before release; and never a text under a yes that was given to it."""
    target = target_of(state, command)
    kind = KINDS[target.kind]
    check_correction(kind, command.fields)

    if standing.released:
        raise refusal("released")
    is_own = command.by in PARTNERS and command.by == target.by
    if not is_own and command.by not in TEAM:
        raise refusal("not_yours")
    if target.kind == "compromise_drafted" and state.agreements.get(str(target.facts["id"])):
        # An agreement needs the person's own yes: nobody changes a text under a yes that was given to another.
        raise refusal("agreed_text", "absolute")

    facts = facts_of("corrected", command.fields, kind)
    if len(facts) > 1:
        _check_rest_stands(state, target, "corrected", facts)


def _check_rest_stands(state: State, target: Moment, kind: str, facts: dict[str, Any]) -> None:
    """Fold anew as if this were written, and judge again whatever came after its target."""
    tried = Moment(number=NOT_WRITTEN_YET, at=state.last_at, by="F", kind=kind, facts=facts)
    again = begin(state.plan)

    for moment in as_they_stand([*state.moments, tried]):
        comes_after = moment.number >= target.number and moment.kind not in ("undone", "corrected")
        if comes_after:
            then = state_at(again, moment.at) if moment.at is not None else again
            if not stands(then, moment.by, moment.kind, moment.facts):
                raise refusal("built_upon")
        take(again, moment)
