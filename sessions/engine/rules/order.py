"""Form and order: who may post what in which state, and what it may point at. No reason sets these aside.

They are judged from structure alone, so that what is already written can be judged again when something before it
was undone or corrected.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sessions.engine.clock import State, seconds
from sessions.engine.clock.state import CAUCUS, COOL, Check, PhaseRun
from sessions.engine.kinds import ACCEPTED_FEAR, HEARD, KINDS, PARTNERS, Kind
from sessions.engine.rules.texts import refusal
from sessions.engine.values import instant

Facts = Mapping[str, Any]
Order = Callable[[State, str, Facts], None]


def check_order(state: State, by: str, kind: str, facts: Facts, voice: str | None = None) -> None:
    """Refuses what has no place here; `state` stands at the instant of the command."""
    known = KINDS[kind]
    if state.ended_at is not None and kind != "corrected":
        raise refusal("after_the_end")

    _check_actor(state, known, by)
    _check_clock(state, known, voice)
    if not has_its_state(state, known):
        raise refusal("wrong_state", state=state.name)

    if known.makes:
        _check_new(state, facts["id"])
    check_more = ORDERS.get(kind)
    if check_more is not None:
        check_more(state, by, facts)


def _check_actor(state: State, known: Kind, by: str) -> None:
    if by not in known.by:
        raise refusal("wrong_actor")
    if by == "G" and not state.plan.co_facilitator:
        raise refusal("no_co_facilitator")
    if by in PARTNERS:
        _check_meets(state, by)


def _check_clock(state: State, known: Kind, voice: str | None) -> None:
    """A session written up afterwards carries neither times nor voices."""
    if not state.plan.timed and (known.timed_only or voice is not None):
        raise refusal("not_timed")
    if voice in PARTNERS:
        _check_meets(state, voice)


def has_its_state(state: State, known: Kind) -> bool:
    """Whether this kind has a place in the state the session is in."""
    name = state.name
    if name not in known.states:
        return False

    may_only_end = name == "wrapping_up" and state.nothing_new_begins
    return not (known.begins and may_only_end)


def must_say_ready(state: State) -> bool:
    """A cool-down runs, or a talk with each begun in one."""
    return state.clock == COOL or (state.clock == CAUCUS and state.caucus_in_cool_down)


# --- checks that several kinds share -----------------------------------------------------------------


def _check_new(state: State, name: str) -> None:
    if name in state.ids or any(goal.id == name for goal in state.plan.goals):
        raise refusal("id_taken", id=name)


def _check_known(state: State, name: str, *sorts: str) -> None:
    if state.ids.get(name) not in sorts:
        raise refusal("unknown_id", id=name)


def _check_meets(state: State, partner: str) -> None:
    if partner not in state.plan.partners:
        raise refusal("not_in_this_session")


def _check_pair(state: State) -> None:
    if len(state.everybody) < 2:
        raise refusal("needs_two")


def _check_once(was_said: bool) -> None:
    if was_said:
        raise refusal("already")


def _run(state: State, number: int) -> PhaseRun:
    if not 1 <= number <= len(state.phases):
        raise refusal("unknown_phase", phase=number)
    return state.phases[number - 1]


# --- coming in, phases, turns ------------------------------------------------------------------------


def _arrived(state: State, by: str, facts: Facts) -> None:
    _check_once(by in state.present)


def _ground_rules(state: State, by: str, facts: Facts) -> None:
    if by in PARTNERS:
        _check_once(by in state.rules_said)
    else:
        _check_once(state.everybody <= state.rules_said)


def _phase_started(state: State, by: str, facts: Facts) -> None:
    run = _run(state, facts["phase"])
    if state.open_phase is not None:
        raise refusal("phase_going_on", phase=state.open_phase.number)
    if run.status != "waiting":
        raise refusal("phase_not_waiting", phase=run.number)
    if state.nothing_new_begins and run is not state.closing:
        raise refusal("wrong_state", state=state.name)


def _phase_finished(state: State, by: str, facts: Facts) -> None:
    run = _run(state, facts["phase"])
    if run.status != "active":
        raise refusal("phase_not_active", phase=run.number)


def _phase_not_over(state: State, by: str, facts: Facts) -> None:
    run = _run(state, facts["phase"])
    if run.status not in ("waiting", "active"):
        raise refusal("phase_over", phase=run.number)


def _phase_returned(state: State, by: str, facts: Facts) -> None:
    run = _run(state, facts["phase"])
    if run.status not in ("set_aside", "finished"):
        raise refusal("phase_not_gone", phase=run.number)


def _minutes_set(state: State, by: str, facts: Facts) -> None:
    for number in facts["minutes"]:
        run = _run(state, int(number))
        if run.status != "waiting":
            raise refusal("phase_not_waiting", phase=run.number)


def _extension_answered(state: State, by: str, facts: Facts) -> None:
    if state.extension is None or state.extension.outcome:
        raise refusal("no_extension")
    _check_once(by in state.extension.answers)


def _turn_started(state: State, by: str, facts: Facts) -> None:
    _check_meets(state, facts["floor"])
    if state.open_phase is None:
        raise refusal("no_phase")


# --- understanding checks ----------------------------------------------------------------------------


def _check_opened(state: State, by: str, facts: Facts) -> None:
    _check_known(state, facts["of"], "statement", "need", "option", "agreement")
    _check_pair(state)
    if state.check is not None:
        raise refusal("second_check", id=state.check.id)

    owners = state.need_owners.get(facts["of"], {state.authors[facts["of"]]})
    if owners == {facts["listener"]}:
        raise refusal("own_listener")


def _open_check(state: State, facts: Facts) -> Check:
    _check_known(state, facts["check"], "check")
    if state.check is None or state.check.id != facts["check"]:
        raise refusal("check_closed", id=facts["check"])
    return state.check


def _reflection_given(state: State, by: str, facts: Facts) -> None:
    check = _open_check(state, facts)
    if check.stage == "bridge":
        raise refusal("check_awaits_bridge")
    if check.stage != "reflect":
        raise refusal("check_awaits_answer")

    for part in facts.get("heard", ()):
        if part not in HEARD[check.kind]:
            raise refusal("not_a_part", field="heard")


def _reflection_answered(state: State, by: str, facts: Facts) -> None:
    check = _open_check(state, facts)
    if check.stage == "bridge":
        raise refusal("check_awaits_bridge")
    if check.stage not in ("answer", "bridge_answer"):
        raise refusal("check_awaits_reflection")


def _bridge_given(state: State, by: str, facts: Facts) -> None:
    if _open_check(state, facts).stage != "bridge":
        raise refusal("no_bridge_yet")


def _check_set_aside(state: State, by: str, facts: Facts) -> None:
    _open_check(state, facts)


# --- content -----------------------------------------------------------------------------------------


def _validation_given(state: State, by: str, facts: Facts) -> None:
    fear = state.fears.get(facts["of"])
    # A fear that was not accepted does not exist for anybody but its addressee.
    if fear is None or fear.answer not in ACCEPTED_FEAR:
        _check_known(state, facts["of"], "statement")


def _offered_to_one(state: State, by: str, facts: Facts) -> None:
    _check_meets(state, facts["to"])


def _redirect_answered(state: State, by: str, facts: Facts) -> None:
    _check_known(state, facts["redirect"], "redirect")
    redirect = state.redirects[facts["redirect"]]
    if redirect.to != by:
        raise refusal("wrong_actor")
    _check_once(bool(redirect.answer))


def _fear_answered(state: State, by: str, facts: Facts) -> None:
    _check_known(state, facts["fear"], "fear")
    fear = state.fears[facts["fear"]]
    if fear.to != by:
        raise refusal("wrong_actor")
    _check_once(bool(fear.answer))


def _need_named(state: State, by: str, facts: Facts) -> None:
    if "statement" in facts:
        _check_new(state, facts["statement"])
        if facts["statement"] == facts["id"]:
            raise refusal("id_taken", id=facts["id"])

    for partner in facts.get("shared_by", ()):
        _check_meets(state, partner)


def _option_added(state: State, by: str, facts: Facts) -> None:
    for need in facts.get("serves", ()):
        _check_known(state, need, "need")


def _option_reactions(state: State, by: str, facts: Facts) -> None:
    for option in facts["reactions"]:
        _check_known(state, option, "option")


def _compromise_drafted(state: State, by: str, facts: Facts) -> None:
    _option_added(state, by, facts)
    for option in facts.get("from_options", ()):
        _check_known(state, option, "option")


def _agreement_confirmed(state: State, by: str, facts: Facts) -> None:
    _check_known(state, facts["agreement"], "agreement")
    _check_once(by in state.agreements[facts["agreement"]])


def _goal_viewed(state: State, by: str, facts: Facts) -> None:
    known = {goal.id for goal in state.plan.goals}
    if facts["goal"] not in known:
        raise refusal("unknown_id", id=facts["goal"])


def _milestones_kept(state: State, by: str, facts: Facts) -> None:
    """Each is kept once by each partner, and under one id by both."""
    named = set()
    for one in facts["milestones"]:
        name = one["id"]
        kept_by = _kept_by(state, name, one["milestone"])
        _check_once(name in named or by in kept_by)
        named.add(name)


def _kept_by(state: State, name: str, milestone: str) -> set[str]:
    if name not in state.milestones:
        _check_new(state, name)
        return set()

    known, kept_by = state.milestones[name]
    if known != milestone:
        raise refusal("id_taken", id=name)
    return kept_by


# --- pauses and talks with each ----------------------------------------------------------------------


def _return_accepted(state: State, by: str, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return

    _check_once(by in pause.accepted)
    if pause.proposer == by:
        raise refusal("own_proposal")

    # The time on the table may be accepted late; another one must lie ahead.
    if _return_second(facts) != pause.return_at:
        _return_moved(state, by, facts)


def _return_moved(state: State, by: str, facts: Facts) -> None:
    if _return_second(facts) <= state.second:
        raise refusal("time_is_past")


def _return_second(facts: Facts) -> int:
    return seconds(instant(facts["return_at"]))


def _ready_again(state: State, by: str, facts: Facts) -> None:
    if state.clock == CAUCUS and not state.caucus_in_cool_down:
        raise refusal("wrong_state", state=state.name)
    _check_once(state.pause is not None and by in state.pause.ready)


def _caucus_started(state: State, by: str, facts: Facts) -> None:
    _check_pair(state)
    if state.caucus_with is not None:
        raise refusal("part_still_open")


def _caucus_switched(state: State, by: str, facts: Facts) -> None:
    if state.caucus_with is None:
        raise refusal("no_part_open")
    _check_once(state.caucus_with == facts["with"])


def _caucus_ended(state: State, by: str, facts: Facts) -> None:
    is_with = state.caucus_with
    if is_with is None or facts.get("with", is_with) != is_with:
        raise refusal("no_part_open")


def _connection_lost(state: State, by: str, facts: Facts) -> None:
    _check_once(state.connection_is_lost)


def _connection_back(state: State, by: str, facts: Facts) -> None:
    _check_once(not state.connection_is_lost)


# --- ends --------------------------------------------------------------------------------------------


def _carried_over(state: State, by: str, facts: Facts) -> None:
    _check_once(state.carried)


def _partner_left(state: State, by: str, facts: Facts) -> None:
    _check_once(by in state.left)


def _session_ended(state: State, by: str, facts: Facts) -> None:
    derived = state.derived_how()
    if facts["how"] != derived:
        raise refusal("how_differs", derived=derived)


ORDERS: Final[dict[str, Order]] = {
    "arrived": _arrived,
    "ground_rules_confirmed": _ground_rules,
    "phase_started": _phase_started,
    "phase_finished": _phase_finished,
    "phase_set_aside": _phase_not_over,
    "phase_returned": _phase_returned,
    "minutes_added": _phase_not_over,
    "minutes_set": _minutes_set,
    "extension_proposed": _phase_not_over,
    "extension_answered": _extension_answered,
    "turn_started": _turn_started,
    "check_opened": _check_opened,
    "reflection_given": _reflection_given,
    "reflection_corrected": _reflection_answered,
    "reflection_confirmed": _reflection_answered,
    "bridge_given": _bridge_given,
    "check_set_aside": _check_set_aside,
    "validation_given": _validation_given,
    "redirect_offered": _offered_to_one,
    "redirect_rephrased": _redirect_answered,
    "redirect_kept": _redirect_answered,
    "redirect_not_now": _redirect_answered,
    "fear_offered": _offered_to_one,
    "fear_answered": _fear_answered,
    "need_named": _need_named,
    "option_added": _option_added,
    "option_reactions": _option_reactions,
    "compromise_drafted": _compromise_drafted,
    "agreement_confirmed": _agreement_confirmed,
    "goal_viewed": _goal_viewed,
    "milestones_kept": _milestones_kept,
    "return_time_accepted": _return_accepted,
    "return_time_changed": _return_moved,
    "need_longer": _return_moved,
    "ready_again": _ready_again,
    "caucus_started": _caucus_started,
    "caucus_switched": _caucus_switched,
    "caucus_ended": _caucus_ended,
    "connection_lost": _connection_lost,
    "connection_back": _connection_back,
    "carried_over": _carried_over,
    "partner_left": _partner_left,
    "session_ended": _session_ended,
}
