"""Which kinds have a place now, before anybody fills in fields; for screens."""

from collections.abc import Callable, Mapping
from typing import Final

from sessions.engine.clock import State
from sessions.engine.kinds import ACCEPTED_FEAR, Kind
from sessions.engine.rules.order import must_say_ready


def available(state: State, kind: Kind) -> bool:
    """Whether some fields exist with which the rules would let this kind pass, soft guards apart."""
    if not state.plan.timed and kind.timed_only:
        return False
    name = state.name
    over = state.closing_finished or state.carried
    if name not in kind.states or (kind.begins and name == "wrapping_up" and over):
        return False
    judge = NEEDS.get(kind.name)
    return judge is None or judge(state)


def _has(state: State, *sorts: str) -> bool:
    return any(made in sorts for made in state.ids.values())


def _phase_may_start(state: State) -> bool:
    if state.open_phase is not None:
        return False
    over = state.closing_finished or state.carried
    return any(run.status == "waiting" for run in (state.phases[-1:] if over else state.phases))


def _status(state: State, *wanted: str) -> bool:
    return any(run.status in wanted for run in state.phases)


def _stage(*stages: str) -> Callable[[State], bool]:
    return lambda state: state.check is not None and state.check.stage in stages


def _pair(state: State) -> bool:
    return len(state.everybody) > 1


def _confirmable(state: State) -> bool:
    return any(not state.everybody <= said for said in state.agreements.values())


def _may_be_ready(state: State) -> bool:
    return must_say_ready(state) and not state.everybody_is_ready


def _may_resume(state: State) -> bool:
    return not must_say_ready(state) or state.everybody_is_ready


NEEDS: Final[Mapping[str, Callable[[State], bool]]] = {
    "arrived": lambda s: not s.everybody <= s.present,
    "ground_rules_confirmed": lambda s: not s.everybody <= s.rules_said,
    "phase_started": _phase_may_start,
    "phase_finished": lambda s: s.open_phase is not None,
    "phase_set_aside": lambda s: _status(s, "waiting", "active"),
    "phase_returned": lambda s: _status(s, "set_aside", "finished"),
    "minutes_added": lambda s: _status(s, "waiting", "active"),
    "minutes_set": lambda s: _status(s, "waiting"),
    "extension_proposed": lambda s: _status(s, "waiting", "active"),
    "extension_answered": lambda s: s.extension is not None and not s.extension.outcome,
    "undone": lambda s: any(moment.by == "F" for moment in s.moments),
    "turn_started": lambda s: s.open_phase is not None,
    "check_opened": lambda s: (
        s.check is None and _pair(s) and _has(s, "statement", "need", "option", "agreement")
    ),
    "reflection_given": _stage("reflect"),
    "reflection_corrected": _stage("answer", "bridge_answer"),
    "reflection_confirmed": _stage("answer", "bridge_answer"),
    "bridge_given": _stage("bridge"),
    "check_set_aside": lambda s: s.check is not None,
    "validation_given": lambda s: (
        _has(s, "statement") or any(fear.answer in ACCEPTED_FEAR for fear in s.fears.values())
    ),
    "redirect_rephrased": lambda s: any(not one.answer for one in s.redirects.values()),
    "redirect_kept": lambda s: any(not one.answer for one in s.redirects.values()),
    "redirect_not_now": lambda s: any(not one.answer for one in s.redirects.values()),
    "fear_answered": lambda s: any(not one.answer for one in s.fears.values()),
    "option_reactions": lambda s: _has(s, "option"),
    "agreement_confirmed": _confirmable,
    "goal_viewed": lambda s: bool(s.plan.goals),
    "return_time_accepted": lambda s: s.pause is not None and not s.everybody <= s.pause.accepted,
    "ready_again": _may_be_ready,
    "resumed": _may_resume,
    "caucus_started": lambda s: _pair(s) and s.caucus_with is None,
    "caucus_switched": lambda s: s.caucus_with is not None,
    "caucus_ended": lambda s: s.caucus_with is not None,
    "connection_lost": lambda s: not s.connection_is_lost,
    "connection_back": lambda s: s.connection_is_lost,
    "carried_over": lambda s: not s.carried,
    "partner_left": lambda s: not s.everybody <= s.left,
    "corrected": lambda s: bool(s.moments),
}
