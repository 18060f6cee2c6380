"""Moments to State, one step at a time, in time linear in their number.

The fold trusts what it is given: the rules have let every Moment pass before it was written.
"""

from collections.abc import Iterable
from dataclasses import replace

from sessions.engine.clock.moment import Moment
from sessions.engine.clock.state import EPOCH, State, begin
from sessions.engine.clock.steps import STEPS
from sessions.engine.clock.time import pass_time
from sessions.engine.plan import Plan


def fold(plan: Plan, moments: Iterable[Moment]) -> State:
    """What the Moments come to. What was undone never happened; what was corrected reads as corrected."""
    given = list(moments)
    state = begin(plan)
    for moment in settled(given):
        take(state, moment)
    state.moments = given
    if given:
        state.last_at = given[-1].at
    return state


def settled(moments: list[Moment]) -> Iterable[Moment]:
    """The Moments as second thoughts leave them."""
    undone, changes = _second_thoughts(moments)
    if not undone and not changes:
        return moments
    return [
        replace(moment, facts={**moment.facts, **changes[moment.number]})
        if moment.number in changes
        else moment
        for moment in moments
        if moment.number not in undone
    ]


def advance(state: State, moment: Moment) -> None:
    """One Moment more. Second thoughts about an earlier one mean folding anew."""
    if moment.kind == "undone" or (moment.kind == "corrected" and len(moment.facts) > 1):
        state.become(fold(state.plan, [*state.moments, moment]))
        return
    take(state, moment)
    state.moments.append(moment)
    state.last_at = moment.at


def _second_thoughts(moments: list[Moment]) -> tuple[set[int], dict[int, dict[str, object]]]:
    undone: set[int] = set()
    corrections: list[Moment] = []
    for moment in moments:
        if moment.kind == "undone":
            undone.add(int(str(moment.facts["line"])))
        elif moment.kind == "corrected" and len(moment.facts) > 1:
            corrections.append(moment)
    changes: dict[int, dict[str, object]] = {}
    for moment in corrections:
        if moment.number not in undone:
            changed = {name: value for name, value in moment.facts.items() if name != "line"}
            changes.setdefault(int(str(moment.facts["line"])), {}).update(changed)
    return undone, changes


def take(state: State, moment: Moment) -> None:
    at = moment.at
    if at is not None and state.plan.timed:
        second = int((at - EPOCH).total_seconds())
        if second > state.second:
            pass_time(state, second)
    step = STEPS.get(moment.kind)
    if step is not None:
        step(state, moment, moment.facts)
    voice = moment.voice
    if voice is not None:
        state.voice = voice
