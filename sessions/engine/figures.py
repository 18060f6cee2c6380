"""The figures of a session, in the shape of `figures.json`. Pure."""

from collections.abc import Iterable
from typing import Any

from sessions.engine.clock import Moment, State, fold, instant_at, is_shorter
from sessions.engine.clock.state import Check, Pause, PhaseRun
from sessions.engine.kinds import ACCEPTED_FEAR, PARTNERS
from sessions.engine.plan import Plan
from sessions.engine.values import written


def figures(plan: Plan, moments: Iterable[Moment] | State) -> dict[str, Any]:
    """Whole seconds up to the last Moment. Written up afterwards: no `_s` key at any depth."""
    state = moments
    if not isinstance(state, State):
        state = fold(plan, state)

    found = _time(state)
    found.update(_listening(state))
    found["pauses"] = [_pause(plan, pause) for pause in state.pauses]
    found["extensions"] = _extensions(state)
    found.update(_what_was_said(state))
    found.update(_what_came_of_it(state))

    if plan.timed:
        return found
    untimed: dict[str, Any] = _untimed(found)
    return untimed


# --- time --------------------------------------------------------------------------------------------


def _time(state: State) -> dict[str, Any]:
    return {
        "wall_s": state.wall,
        "active_s": state.active,
        "brief_pause_s": state.brief,
        "cool_down_s": state.cool,
        "caucus_s": state.caucus,
        "phases": {str(run.number): _phase(run) for run in state.phases},
        "voice_s": state.voice_seconds(),
    }


def _phase(run: PhaseRun) -> dict[str, Any]:
    return {
        "planned_s": run.planned,
        "extended_s": run.extended,
        "active_s": run.active,
        "overtime_s": run.overtime,
        "voice_s": dict(run.voice),
    }


def _pause(plan: Plan, pause: Pause) -> dict[str, Any]:
    return {
        "kind": pause.kind,
        "called_by": pause.called_by,
        "asked_return": _written(pause.asked),
        "agreed_return": _written(pause.agreed),
        "resumed_at": _written(pause.resumed_at),
        "shorter_than_suggested": is_shorter(plan, pause),
    }


def _written(second: int | None) -> str | None:
    if second is None:
        return None
    return written(instant_at(second))


def _extensions(state: State) -> dict[str, int]:
    agreed = [one for one in state.extensions if one.outcome == "agreed"]

    return {
        "proposed": len(state.extensions),
        "agreed": len(agreed),
        "minutes": sum(one.minutes for one in agreed),
    }


def _untimed(value: Any) -> Any:
    """The same without any `_s` key, at every depth."""
    if isinstance(value, dict):
        return {key: _untimed(entry) for key, entry in value.items() if not key.endswith("_s")}
    if isinstance(value, list):
        return [_untimed(entry) for entry in value]
    return value


# --- understanding checks ----------------------------------------------------------------------------


def _listening(state: State) -> dict[str, Any]:
    checks = list(state.checks.values())
    corrected = [check for check in checks if check.corrections]

    return {
        "checks": _checks(checks),
        "misinterpretations": [_misinterpretation(check) for check in corrected],
    }


def _checks(checks: list[Check]) -> dict[str, Any]:
    outcomes = [check.outcome for check in checks]

    return {
        "opened": len(checks),
        "answered": _answered(checks),
        "confirmed": outcomes.count("confirmed"),
        "set_aside": outcomes.count("set_aside"),
        "carried": outcomes.count("carried"),
        "first_try": _first_try(checks),
        "corrections": sum(check.corrections for check in checks),
        "by_listener": {who: _by_listener(who, checks) for who in PARTNERS},
    }


def _by_listener(who: str, checks: list[Check]) -> dict[str, int]:
    theirs = [check for check in checks if check.listener == who]
    return {"answered": _answered(theirs), "first_try": _first_try(theirs)}


def _answered(checks: list[Check]) -> int:
    return sum(check.answered for check in checks)


def _first_try(checks: list[Check]) -> int:
    return sum(check.first_try for check in checks)


def _misinterpretation(check: Check) -> dict[str, Any]:
    return {
        "check": check.id,
        "problem": check.problem,
        "tries": check.tries,
        "settled_active_s": check.settled_active,
        "settled_wall_s": check.settled_wall,
    }


# --- what was said, and what came of it --------------------------------------------------------------


def _what_was_said(state: State) -> dict[str, Any]:
    redirects = [one.answer for one in state.redirects.values()]
    fears = [one.answer for one in state.fears.values()]

    return {
        "redirects": {"offered": len(redirects), "rephrased": redirects.count("rephrased")},
        "fears": {"offered": len(fears), "accepted": sum(answer in ACCEPTED_FEAR for answer in fears)},
        "validations": {"given": state.validations, "newly_voiced": state.newly_voiced},
    }


def _what_came_of_it(state: State) -> dict[str, Any]:
    made = list(state.ids.values())
    agreements = list(state.agreements.values())
    milestones = [kept_by for _milestone, kept_by in state.milestones.values()]

    return {
        "needs": made.count("need"),
        "options": made.count("option"),
        "agreements": {"drafted": len(agreements), "confirmed": _by_everybody(state, agreements)},
        "milestones": _by_everybody(state, milestones),
        "ended_how": state.ended_how or None,
    }


def _by_everybody(state: State, said: list[set[str]]) -> int:
    """How many of these everybody said yes to."""
    return sum(state.everybody <= people for people in said)
