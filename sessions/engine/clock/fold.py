"""Moments to State, one step at a time, in time linear in their number.

The fold trusts what it is given: the rules have let every Moment pass before it was written.
"""

from collections.abc import Iterable
from dataclasses import replace

from sessions.engine.clock.moment import Moment
from sessions.engine.clock.pauses import Facts
from sessions.engine.clock.state import EPOCH, State, begin, undone_numbers
from sessions.engine.clock.steps import MAKES, STEPS
from sessions.engine.clock.time import pass_time
from sessions.engine.plan import Plan


def fold(plan: Plan, moments: Iterable[Moment]) -> State:
    """What the Moments come to. What was undone never happened; what was corrected reads as corrected."""
    given = list(moments)
    state = begin(plan)

    for moment in as_they_stand(given):
        take(state, moment)

    state.moments = given
    if given:
        state.last_at = given[-1].at
    return state


def advance(state: State, moment: Moment) -> None:
    """One Moment more. One that undoes or corrects an earlier one means folding anew."""
    is_correction = moment.kind == "corrected" and bool(_changed_facts(moment))
    if moment.kind == "undone" or is_correction:
        state.become(fold(state.plan, [*state.moments, moment]))
        return

    take(state, moment)
    state.moments.append(moment)
    state.last_at = moment.at


def as_they_stand(moments: list[Moment]) -> Iterable[Moment]:
    """The Moments with undone ones removed and corrections applied."""
    later_words = [one for one in moments if one.kind in ("undone", "corrected")]
    if not later_words:
        return moments

    undone = undone_numbers(later_words)
    changes = _changes(one for one in later_words if one.number not in undone)
    return [_corrected(moment, changes) for moment in moments if moment.number not in undone]


def _changes(moments: Iterable[Moment]) -> dict[int, dict[str, object]]:
    """The facts that were corrected, by the number of the Moment they belong to; the latest wins."""
    changes: dict[int, dict[str, object]] = {}
    for correction in moments:
        if correction.kind != "corrected":
            continue
        line = int(str(correction.facts["line"]))
        changes.setdefault(line, {}).update(_changed_facts(correction))
    return changes


def _changed_facts(correction: Moment) -> dict[str, object]:
    """What a correction changes of the structure; corrected words are not on a Moment."""
    return {name: value for name, value in correction.facts.items() if name != "line"}


def _corrected(moment: Moment, changes: dict[int, dict[str, object]]) -> Moment:
    changed = changes.get(moment.number)
    if not changed:
        return moment
    return replace(moment, facts={**moment.facts, **changed})


def take(state: State, moment: Moment) -> None:
    """Let the time up to the Moment pass, then do what it does."""
    at = moment.at
    if at is not None and state.plan.timed:
        second = int((at - EPOCH).total_seconds())
        if second > state.second:
            pass_time(state, second)

    kind = moment.kind
    facts: Facts = moment.facts
    made = MAKES.get(kind)
    if made is not None:
        state.ids[facts["id"]] = made
        state.authors[facts["id"]] = moment.by

    step = STEPS.get(kind)
    if step is not None:
        step(state, moment, facts)

    # A voice on the line beats the one that follows from what happened.
    voice = moment.voice
    if voice is not None:
        state.voice = voice
