"""The figures of a session, in the shape of `figures.json`. Pure."""

from collections.abc import Iterable
from typing import Any

from sessions.engine.clock import Moment, State, fold, instant_at, is_shorter
from sessions.engine.clock.state import Pause
from sessions.engine.kinds import ACCEPTED_FEAR
from sessions.engine.plan import Plan
from sessions.engine.values import written

VOICES = ("A", "B", "F", "none")


def figures(plan: Plan, moments: Iterable[Moment] | State) -> dict[str, Any]:
    """Whole seconds up to the last Moment. Written up afterwards: no `_s` key at any depth."""
    state = moments if isinstance(moments, State) else fold(plan, moments)
    found: dict[str, Any] = {
        "wall_s": state.wall,
        "active_s": state.active,
        "brief_pause_s": state.brief,
        "cool_down_s": state.cool,
        "caucus_s": state.caucus,
        "phases": {
            str(run.number): {
                "planned_s": run.planned,
                "extended_s": run.extended,
                "active_s": run.active,
                "overtime_s": max(0, run.active - run.limit),
                "voice_s": {who: run.voice[who] for who in VOICES},
            }
            for run in state.phases
        },
        "voice_s": {who: sum(run.voice[who] for run in state.phases) for who in VOICES},
        "checks": _checks(state),
        "misinterpretations": [
            {
                "check": check.id,
                "problem": check.problem,
                "tries": check.tries,
                "settled_active_s": check.settled_active,
                "settled_wall_s": check.settled_wall,
            }
            for check in state.checks.values()
            if check.corrections
        ],
        "pauses": [_pause(plan, pause) for pause in state.pauses],
        "extensions": _extensions(state),
        "redirects": {
            "offered": len(state.redirects),
            "rephrased": sum(one.answer == "rephrased" for one in state.redirects.values()),
        },
        "fears": {
            "offered": len(state.fears),
            "accepted": sum(one.answer in ACCEPTED_FEAR for one in state.fears.values()),
        },
        "validations": {"given": state.validations, "newly_voiced": state.newly_voiced},
        "needs": _made(state, "need"),
        "options": _made(state, "option"),
        "agreements": {
            "drafted": len(state.agreements),
            "confirmed": sum(state.everybody <= said for said in state.agreements.values()),
        },
        "milestones": sum(state.everybody <= kept_by for _, kept_by in state.milestones.values()),
        "ended_how": state.ended_how or None,
    }
    return found if plan.timed else _untimed(found)


def _checks(state: State) -> dict[str, Any]:
    checks = list(state.checks.values())
    return {
        "opened": len(checks),
        "answered": sum(check.answered for check in checks),
        "confirmed": sum(check.outcome == "confirmed" for check in checks),
        "set_aside": sum(check.outcome == "set_aside" for check in checks),
        "carried": sum(check.outcome == "carried" for check in checks),
        "first_try": sum(check.first_try for check in checks),
        "corrections": sum(check.corrections for check in checks),
        "by_listener": {
            who: {
                "answered": sum(check.answered for check in checks if check.listener == who),
                "first_try": sum(check.first_try for check in checks if check.listener == who),
            }
            for who in ("A", "B")
        },
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
    return None if second is None else written(instant_at(second))


def _extensions(state: State) -> dict[str, int]:
    agreed = [one for one in state.extensions if one.outcome == "agreed"]
    return {
        "proposed": len(state.extensions),
        "agreed": len(agreed),
        "minutes": sum(one.minutes for one in agreed),
    }


def _made(state: State, what: str) -> int:
    return sum(made == what for made in state.ids.values())


def _untimed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _untimed(entry) for key, entry in value.items() if not key.endswith("_s")}
    return [_untimed(entry) for entry in value] if isinstance(value, list) else value
