"""What is worth knowing and stands in nobody's way."""

from collections.abc import Callable, Iterator
from typing import Final

from sessions.engine.clock import State
from sessions.engine.clock.state import DOORS_S, MINUTE, seconds
from sessions.engine.kinds import Command

Hint = Callable[[State, Command], Iterator[str]]


def hints(state: State, command: Command) -> tuple[str, ...]:
    hint = HINTS.get(command.kind)
    return tuple(hint(state, command)) if hint else ()


def _temperature(state: State, command: Command) -> Iterator[str]:
    stirred_up = command.fields.get("temperature")
    if isinstance(stirred_up, int) and stirred_up >= 8:
        yield "stirred_up"


def _session_started(state: State, command: Command) -> Iterator[str]:
    if not state.plan.goals:
        yield "no_goal"


def _arrived(state: State, command: Command) -> Iterator[str]:
    start = state.plan.planned_start
    if start is not None and state.started_at is None and state.second < seconds(start) - DOORS_S:
        yield "doors_closed"


def _statement(state: State, command: Command) -> Iterator[str]:
    run = state.open_phase
    if run is not None and state.plan.phases[run.number - 1].goal == "frame":
        yield "frame_statement"


def _correction(state: State, command: Command) -> Iterator[str]:
    if not command.fields.get("problem") or not command.fields.get("meant"):
        yield "correction_open"


def _agreement(state: State, command: Command) -> Iterator[str]:
    serves = command.fields.get("serves", ())
    assert isinstance(serves, list | tuple)
    owners = {owner for need in serves for owner in state.need_owners.get(need, ())}
    if not state.everybody <= owners:
        yield "need_of_each"
    tasks = command.fields.get("who_does_what", ())
    assert isinstance(tasks, list | tuple)
    if len(state.everybody) > 1 and {task["who"] for task in tasks} in ({"A"}, {"B"}):
        yield "one_does_all"


def _need_longer(state: State, command: Command) -> Iterator[str]:
    if state.pause is not None and state.pause.longer.get(command.by, 0) >= 2:
        yield "needed_longer_twice"


def _caucus_ended(state: State, command: Command) -> Iterator[str]:
    if abs(state.caucus_parts["A"] - state.caucus_parts["B"]) > MINUTE:
        yield "caucus_minutes"


def _phase_finished(state: State, command: Command) -> Iterator[str]:
    if state.check is not None:
        yield "check_stays_open"
    run = state.open_phase
    if run is None or state.plan.phases[run.number - 1].understanding_check == "none":
        return
    turn = state.plan.phases[run.number - 1].turn
    solo = state.plan.floor_of(turn)
    speakers = {solo} if solo else state.everybody
    if len(state.everybody) > 1:
        done = {
            c.speaker for c in state.checks.values() if c.phase == run.number and c.outcome == "confirmed"
        }
        if not speakers <= done:
            yield "checks_missing"


def _safety_stop(state: State, command: Command) -> Iterator[str]:
    yield "note_within_48_hours"


HINTS: Final[dict[str, Hint]] = {
    "arrival_temperature": _temperature,
    "closing_temperature": _temperature,
    "cool_down_called": _temperature,
    "ready_again": _temperature,
    "arrived": _arrived,
    "session_started": _session_started,
    "statement": _statement,
    "reflection_corrected": _correction,
    "compromise_drafted": _agreement,
    "need_longer": _need_longer,
    "caucus_ended": _caucus_ended,
    "phase_finished": _phase_finished,
    "safety_stop": _safety_stop,
}
