"""What each kind of Moment does to the State."""

from typing import Final

from sessions.engine.clock.moment import Moment
from sessions.engine.clock.pauses import PAUSES, Facts, Step, end_pause, quiet_or_facilitator, rest
from sessions.engine.clock.state import (
    ACTIVE,
    BRIEF_PAUSE_S,
    MINUTE,
    NEVER,
    SEALED_S,
    STILL,
    TRIES_BEFORE_BRIDGE,
    Check,
    Extension,
    Fear,
    PhaseRun,
    Redirect,
    State,
    clear_alarm,
    set_alarm,
)
from sessions.engine.clock.time import look_again, ring
from sessions.engine.kinds import KINDS, PARTNERS
from sessions.engine.plan import other

# --- coming in ---------------------------------------------------------------------------------------


def _arrived(state: State, moment: Moment, facts: Facts) -> None:
    state.present.add(moment.by)
    state.left.discard(moment.by)
    state.gathered = True


def _session_started(state: State, moment: Moment, facts: Facts) -> None:
    state.started_at = state.second
    state.clock = ACTIVE
    state.run = state.phases[0]
    state.voice = "F"

    clear_alarm(state, "doors_opened", "not_held")
    if state.plan.timed and state.plan.latest_end is not None:
        set_alarm(state, "latest_end", state.latest_end)
        if state.second >= state.latest_end:
            ring(state, state.second)


def _ground_rules(state: State, moment: Moment, facts: Facts) -> None:
    if moment.by in PARTNERS:
        state.rules_said.add(moment.by)
    else:
        # One press of the team's is for everybody.
        state.rules_said |= state.everybody


# --- phases ------------------------------------------------------------------------------------------


def _phase(state: State, facts: Facts) -> PhaseRun:
    number: int = facts["phase"]
    return state.phases[number - 1]


def _phase_started(state: State, moment: Moment, facts: Facts) -> None:
    run = _phase(state, facts)
    for earlier in state.phases[: run.number - 1]:
        if earlier.status == "waiting":
            earlier.status = "set_aside"

    run.status = "active"
    state.run = run
    state.open_phase = run
    state.floor = None
    state.voice = quiet_or_facilitator(state)


def _phase_finished(state: State, moment: Moment, facts: Facts) -> None:
    _leave_phase(state, facts, "finished")


def _phase_set_aside(state: State, moment: Moment, facts: Facts) -> None:
    _leave_phase(state, facts, "set_aside")


def _phase_returned(state: State, moment: Moment, facts: Facts) -> None:
    _leave_phase(state, facts, "waiting")


def _leave_phase(state: State, facts: Facts, status: str) -> None:
    run = _phase(state, facts)
    if state.open_phase is run:
        state.open_phase = None
    run.status = status
    look_again(state)


def _minutes_added(state: State, moment: Moment, facts: Facts) -> None:
    _phase(state, facts).extended += facts["minutes"] * MINUTE
    look_again(state)


def _minutes_set(state: State, moment: Moment, facts: Facts) -> None:
    for number, minutes in facts["minutes"].items():
        state.phases[int(number) - 1].planned = minutes * MINUTE
    look_again(state)


def _turn_started(state: State, moment: Moment, facts: Facts) -> None:
    floor = facts["floor"]
    state.floor = floor
    state.voice = floor
    if state.open_phase is not None:
        state.open_phase.last_floor = floor


def _extension_proposed(state: State, moment: Moment, facts: Facts) -> None:
    extension = Extension(facts["phase"], facts["minutes"], moment.by)
    state.extension = extension
    state.extensions.append(extension)
    set_alarm(state, "extension_unsealed", state.second + SEALED_S)


def _extension_answered(state: State, moment: Moment, facts: Facts) -> None:
    extension = state.extension
    if extension is None:
        return

    extension.answers[moment.by] = facts["answer"]
    if not state.everybody <= extension.answers.keys():
        return

    clear_alarm(state, "extension_unsealed")
    if all(answer == "yes" for answer in extension.answers.values()):
        extension.outcome = "agreed"
        _extend(state, extension)
    else:
        extension.outcome = "not_now"


def _extend(state: State, extension: Extension) -> None:
    run = state.phases[extension.phase - 1]
    more = extension.minutes * MINUTE
    needed = state.needed_for(run, more)

    run.extended += more
    if needed > state.maximum:
        # Both said yes to going past the maximum they had agreed on.
        state.maximum = needed
    look_again(state)


# --- understanding checks ----------------------------------------------------------------------------


def _check_opened(state: State, moment: Moment, facts: Facts) -> None:
    run = state.open_phase or state.run or state.phases[0]
    planned = state.plan.phases[run.number - 1].check_kind
    kind = facts.get("check_kind") or planned or "feeling_and_reason"

    listener = facts["listener"]
    check = Check(facts["id"], facts["of"], listener, other(listener), kind, run.number)
    state.check = check
    state.checks[check.id] = check

    state.pace_may_be_asked = False
    state.pace_is_asked = False
    state.voice = listener


def _reflection_given(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    check.tries += 1
    check.stage = "answer"
    state.voice = check.speaker


def _reflection_corrected(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    check.corrections += 1
    if check.corrections == 1:
        check.problem = facts.get("problem")
        check.corrected_at = state.second
        check.corrected_active = state.active

    if check.bridged:
        _close(state, check, "carried")
    elif check.tries >= TRIES_BEFORE_BRIDGE:
        check.stage = "bridge"
    else:
        check.stage = "reflect"


def _bridge_given(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    check.bridged = True
    check.stage = "bridge_answer"


def _reflection_confirmed(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    if check.stage == "bridge_answer":
        # The bridge fits, and the listener gives it back.
        check.stage = "reflect"
        return

    if check.corrections:
        check.settled_wall = state.second - check.corrected_at
        check.settled_active = state.active - check.corrected_active

    state.listened.add(check.listener)
    state.pace_may_be_asked = True
    _close(state, check, "confirmed")


def _check_set_aside(state: State, moment: Moment, facts: Facts) -> None:
    _close(state, state.checks[facts["check"]], "set_aside")


def _close(state: State, check: Check, outcome: str) -> None:
    check.outcome = outcome
    if state.check is check:
        state.check = None


def _pace_asked(state: State, moment: Moment, facts: Facts) -> None:
    state.pace_may_be_asked = False
    state.pace_is_asked = True


def _pace_chosen(state: State, moment: Moment, facts: Facts) -> None:
    state.pace_may_be_asked = False
    state.pace_is_asked = False


# --- content -----------------------------------------------------------------------------------------


def _validation_given(state: State, moment: Moment, facts: Facts) -> None:
    state.validations += 1
    state.newly_voiced += bool(facts.get("newly_voiced"))


def _redirect_offered(state: State, moment: Moment, facts: Facts) -> None:
    state.redirects[facts["id"]] = Redirect(facts["to"])


def _redirect_rephrased(state: State, moment: Moment, facts: Facts) -> None:
    state.redirects[facts["redirect"]].answer = "rephrased"


def _redirect_kept(state: State, moment: Moment, facts: Facts) -> None:
    state.redirects[facts["redirect"]].answer = "kept"


def _redirect_not_now(state: State, moment: Moment, facts: Facts) -> None:
    state.redirects[facts["redirect"]].answer = "not_now"


def _fear_offered(state: State, moment: Moment, facts: Facts) -> None:
    state.fears[facts["id"]] = Fear(facts["to"])


def _fear_answered(state: State, moment: Moment, facts: Facts) -> None:
    state.fears[facts["fear"]].answer = facts["answer"]


def _need_named(state: State, moment: Moment, facts: Facts) -> None:
    state.need_owners[facts["id"]] = {moment.by, *facts.get("shared_by", ())}

    if "statement" in facts:
        # Said in words, it is a statement as well, with an id of its own.
        state.ids[facts["statement"]] = "statement"
        state.authors[facts["statement"]] = moment.by


def _compromise_drafted(state: State, moment: Moment, facts: Facts) -> None:
    state.agreements[facts["id"]] = set()


def _agreement_confirmed(state: State, moment: Moment, facts: Facts) -> None:
    state.agreements[facts["agreement"]].add(moment.by)


def _milestones_kept(state: State, moment: Moment, facts: Facts) -> None:
    for one in facts["milestones"]:
        fresh: tuple[str, set[str]] = (one["milestone"], set())
        _milestone, kept_by = state.milestones.setdefault(one["id"], fresh)
        kept_by.add(moment.by)
        state.ids[one["id"]] = "milestone"


def _retreat_view(state: State, moment: Moment, facts: Facts) -> None:
    state.retreat_views.add(moment.by)


# --- ends --------------------------------------------------------------------------------------------


def _partner_left(state: State, moment: Moment, facts: Facts) -> None:
    state.present.discard(moment.by)
    if state.started_at is None:
        return

    state.left.add(moment.by)
    if state.clock == ACTIVE and state.plan.timed:
        rest(state, moment, "brief", BRIEF_PAUSE_S)


def _carried_over(state: State, moment: Moment, facts: Facts) -> None:
    state.carried = True
    if state.left or not state.everybody_is_here:
        _end(state, "carried_over")
    else:
        end_pause(state, resumed=False)
        state.clock = ACTIVE


def _stopped(state: State, moment: Moment, facts: Facts) -> None:
    if state.started_at is None:
        _end(state, "not_held")
    elif moment.by in PARTNERS:
        _end(state, "early_by_partner")
    else:
        _end(state, "early_by_facilitator")


def _safety_stop(state: State, moment: Moment, facts: Facts) -> None:
    _end(state, "safety")


def _session_ended(state: State, moment: Moment, facts: Facts) -> None:
    _end(state, facts["how"])


def _end(state: State, how: str) -> None:
    state.ended_at = state.second
    state.ended_how = how
    state.clock = STILL
    state.voice = "none"
    if state.check is not None:
        _close(state, state.check, "carried")

    # What has not fallen due by the end never does.
    state.alarms = {}
    state.next_alarm = NEVER


# What the id of a new entry stands for; the fold remembers it, whatever else the step does.
MAKES: Final = {name: kind.makes for name, kind in KINDS.items() if kind.makes}

STEPS: Final[dict[str, Step]] = {
    **PAUSES,
    "arrived": _arrived,
    "session_started": _session_started,
    "ground_rules_confirmed": _ground_rules,
    "phase_started": _phase_started,
    "phase_finished": _phase_finished,
    "phase_set_aside": _phase_set_aside,
    "phase_returned": _phase_returned,
    "minutes_added": _minutes_added,
    "minutes_set": _minutes_set,
    "turn_started": _turn_started,
    "extension_proposed": _extension_proposed,
    "extension_answered": _extension_answered,
    "check_opened": _check_opened,
    "reflection_given": _reflection_given,
    "reflection_corrected": _reflection_corrected,
    "reflection_confirmed": _reflection_confirmed,
    "bridge_given": _bridge_given,
    "check_set_aside": _check_set_aside,
    "pace_asked": _pace_asked,
    "pace_chosen": _pace_chosen,
    "validation_given": _validation_given,
    "redirect_offered": _redirect_offered,
    "redirect_rephrased": _redirect_rephrased,
    "redirect_kept": _redirect_kept,
    "redirect_not_now": _redirect_not_now,
    "fear_offered": _fear_offered,
    "fear_answered": _fear_answered,
    "need_named": _need_named,
    "compromise_drafted": _compromise_drafted,
    "agreement_confirmed": _agreement_confirmed,
    "milestones_kept": _milestones_kept,
    "retreat_view_given": _retreat_view,
    "partner_left": _partner_left,
    "carried_over": _carried_over,
    "stopped": _stopped,
    "safety_stop": _safety_stop,
    "session_ended": _session_ended,
}
