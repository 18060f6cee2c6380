"""Which kinds have a place now, before anybody fills in fields; for screens."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from facilitator.errors import Refusal
from sessions.engine.clock import State
from sessions.engine.kinds import ACCEPTED_FEAR, Kind
from sessions.engine.rules.absolute import check_personal
from sessions.engine.rules.order import check_order, has_its_state

Needs = Callable[[State], bool]


def available(state: State, kind: Kind) -> bool:
    """Whether some fields exist with which the rules would let this kind pass, soft guards apart."""
    if kind.timed_only and not state.plan.timed:
        return False
    if not has_its_state(state, kind):
        return False

    needs = NEEDS.get(kind.name)
    if needs is not None:
        return needs(state)
    if any(field.required for field in kind.fields):
        return True

    # It can be posted as it is, so the rules themselves say whether somebody may.
    return any(stands(state, by, kind.name, {}) for by in kind.by)


def stands(state: State, by: str, kind: str, facts: Mapping[str, Any]) -> bool:
    """Whether order and the personal guards let this structure pass; `state` stands at its instant."""
    try:
        check_order(state, by, kind, facts)
        check_personal(state, by, kind)
    except Refusal:
        return False
    return True


# --- what has to be there for the fields to point at -------------------------------------------------


def _is_any(state: State, *sorts: str) -> bool:
    return any(made in sorts for made in state.ids.values())


def _is_any_phase(state: State, *wanted: str) -> bool:
    return any(run.status in wanted for run in state.phases)


def _phase_to_start(state: State) -> bool:
    if state.open_phase is not None:
        return False

    may_start = state.phases[-1:] if state.nothing_new_begins else state.phases
    return any(run.status == "waiting" for run in may_start)


def _phase_is_open(state: State) -> bool:
    return state.open_phase is not None


def _phase_not_over(state: State) -> bool:
    return _is_any_phase(state, "waiting", "active")


def _phase_waiting(state: State) -> bool:
    return _is_any_phase(state, "waiting")


def _phase_gone(state: State) -> bool:
    return _is_any_phase(state, "set_aside", "finished")


def _extension_unanswered(state: State) -> bool:
    return state.extension is not None and not state.extension.outcome


def _entry_of_the_facilitator(state: State) -> bool:
    return any(moment.by == "F" for moment in state.moments)


def _any_entry(state: State) -> bool:
    return bool(state.moments)


def _something_to_check(state: State) -> bool:
    if state.check is not None or not _is_pair(state):
        return False
    return _is_any(state, "statement", "need", "option", "agreement")


def _is_pair(state: State) -> bool:
    return len(state.everybody) > 1


def _check_is_open(state: State) -> bool:
    return state.check is not None


def _awaits_reflection(state: State) -> bool:
    return state.check is not None and state.check.stage == "reflect"


def _awaits_answer(state: State) -> bool:
    return state.check is not None and state.check.stage in ("answer", "bridge_answer")


def _awaits_bridge(state: State) -> bool:
    return state.check is not None and state.check.stage == "bridge"


def _something_to_validate(state: State) -> bool:
    accepted = any(fear.answer in ACCEPTED_FEAR for fear in state.fears.values())
    return accepted or _is_any(state, "statement")


def _redirect_unanswered(state: State) -> bool:
    return any(not one.answer for one in state.redirects.values())


def _fear_unanswered(state: State) -> bool:
    return any(not one.answer for one in state.fears.values())


def _any_option(state: State) -> bool:
    return _is_any(state, "option")


def _agreement_unconfirmed(state: State) -> bool:
    return any(not state.everybody <= said for said in state.agreements.values())


def _any_goal(state: State) -> bool:
    return bool(state.plan.goals)


def _return_not_accepted(state: State) -> bool:
    return state.pause is not None and not state.everybody <= state.pause.accepted


def _no_talk_with_one(state: State) -> bool:
    return _is_pair(state) and state.caucus_with is None


def _talk_with_one(state: State) -> bool:
    return state.caucus_with is not None


NEEDS: Final[Mapping[str, Needs]] = {
    "phase_started": _phase_to_start,
    "phase_finished": _phase_is_open,
    "phase_set_aside": _phase_not_over,
    "phase_returned": _phase_gone,
    "minutes_added": _phase_not_over,
    "minutes_set": _phase_waiting,
    "extension_proposed": _phase_not_over,
    "extension_answered": _extension_unanswered,
    "undone": _entry_of_the_facilitator,
    "turn_started": _phase_is_open,
    "check_opened": _something_to_check,
    "reflection_given": _awaits_reflection,
    "reflection_corrected": _awaits_answer,
    "reflection_confirmed": _awaits_answer,
    "bridge_given": _awaits_bridge,
    "check_set_aside": _check_is_open,
    "validation_given": _something_to_validate,
    "redirect_rephrased": _redirect_unanswered,
    "redirect_kept": _redirect_unanswered,
    "redirect_not_now": _redirect_unanswered,
    "fear_answered": _fear_unanswered,
    "option_reactions": _any_option,
    "agreement_confirmed": _agreement_unconfirmed,
    "goal_viewed": _any_goal,
    "return_time_accepted": _return_not_accepted,
    "caucus_started": _no_talk_with_one,
    "caucus_switched": _talk_with_one,
    "corrected": _any_entry,
}
