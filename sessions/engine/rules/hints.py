"""What is worth knowing and stands in nobody's way."""

from collections.abc import Callable, Iterator
from typing import Final

from sessions.engine.clock import State
from sessions.engine.clock.state import DOORS_S, MINUTE, PhaseRun, seconds
from sessions.engine.kinds import Command

Hint = Callable[[State, Command], Iterator[str]]

STIRRED_UP: Final = 8


def hints(state: State, command: Command) -> tuple[str, ...]:
    """The codes of the hints; `TEXTS` has their words."""
    codes: list[str] = []

    stirred_up = command.fields.get("temperature")
    if isinstance(stirred_up, int) and stirred_up >= STIRRED_UP:
        codes.append("stirred_up")

    hint = HINTS.get(command.kind)
    if hint is not None:
        codes += hint(state, command)
    return tuple(codes)


def _session_started(state: State, command: Command) -> Iterator[str]:
    if not state.plan.goals:
        yield "no_goal"


def _arrived(state: State, command: Command) -> Iterator[str]:
    start = state.plan.planned_start
    if start is None or state.started_at is not None:
        return

    if state.second < seconds(start) - DOORS_S:
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
    doing = {task["who"] for task in tasks}
    if len(state.everybody) > 1 and doing in ({"A"}, {"B"}):
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
    is_for_two = len(state.everybody) > 1
    if run is not None and is_for_two and not _wanted_checks(state, run) <= _confirmed_checks(state, run):
        yield "checks_missing"


def _wanted_checks(state: State, run: PhaseRun) -> frozenset[str]:
    """Those whose words the plan wants given back in this phase."""
    planned = state.plan.phases[run.number - 1]
    if planned.understanding_check == "none":
        return frozenset()

    solo = state.plan.floor_of(planned.turn)
    return frozenset({solo}) if solo else state.everybody


def _confirmed_checks(state: State, run: PhaseRun) -> frozenset[str]:
    """Those who were given something back in this phase and said that it fits."""
    in_phase = [check for check in state.checks.values() if check.phase == run.number]
    return frozenset(check.speaker for check in in_phase if check.outcome == "confirmed")


def _safety_stop(state: State, command: Command) -> Iterator[str]:
    yield "note_within_48_hours"


HINTS: Final[dict[str, Hint]] = {
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
