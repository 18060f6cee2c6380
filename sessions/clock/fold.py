"""Moments to State, one step at a time, in time linear in their number.

The fold trusts what it is given: the rules have let every Moment pass before it was written.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from sessions.clock.moment import Moment
from sessions.clock.state import (
    ACTIVE,
    BRIEF,
    BRIEF_PAUSE_S,
    CAUCUS,
    CONNECTION_S,
    COOL,
    EPOCH,
    MINUTE,
    NEVER,
    RETURN_GRACE_S,
    SEALED_S,
    STILL,
    TRIES_BEFORE_BRIDGE,
    Check,
    Due,
    Extension,
    Fear,
    Pause,
    PhaseRun,
    Redirect,
    State,
    begin,
    clear_alarm,
    seconds,
    set_alarm,
)
from sessions.kinds import KINDS
from sessions.plan import Plan, other
from sessions.shapes import instant

Facts = Mapping[str, Any]
Step = Callable[[State, Moment, Facts], None]


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


def pass_time(state: State, second: int) -> None:
    """Let the running clock reach `second`, noting what falls due on the way."""
    gone = second - state.second
    clock = state.clock
    if clock == ACTIVE:
        run = state.run or state.phases[0]
        left = run.planned + run.extended - run.active
        if 0 < left <= gone:
            state.due.append(Due("phase_overtime", state.second + left, run.number))
        if not state.maximum_rung:
            _ring_active(state, gone)
        run.active += gone
        run.voice[state.voice] += gone
        state.active += gone
    elif clock == COOL:
        state.cool += gone
    elif clock == BRIEF:
        state.brief += gone
    elif clock == CAUCUS:
        state.caucus += gone
        if state.caucus_with is not None:
            state.caucus_parts[state.caucus_with] += gone
    if second >= state.next_alarm:
        _ring(state, second)
    state.second = second


def _ring_active(state: State, gone: int) -> None:
    if not state.closing_rung and state.closing.status in ("waiting", "set_aside"):
        left = max(0, state.closing_at - state.active)
        if left <= gone:
            state.closing_rung = True
            state.due.append(Due("closing_due", state.second + left))
    left = max(0, state.maximum - state.active)
    if left <= gone:
        state.maximum_rung = True
        state.due.append(Due("maximum_reached", state.second + left))


def _ring(state: State, second: int) -> None:
    for name, at in sorted(state.alarms.items(), key=lambda entry: entry[1]):
        if at > second:
            break
        clear_alarm(state, name)
        if name == "latest_end":
            if not state.maximum_rung:
                state.maximum_rung = True
                state.due.append(Due("maximum_reached", at))
        else:
            state.due.append(Due(name, at))
            state.gathered = state.gathered or name == "doors_opened"


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
            _ring(state, state.second)


def _ground_rules(state: State, moment: Moment, facts: Facts) -> None:
    state.rules_said |= {moment.by} if moment.by in ("A", "B") else state.everybody


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
    state.run = state.open_phase = run
    state.floor = None
    state.voice = _quiet_or_facilitator(state)


def _quiet_or_facilitator(state: State) -> str:
    run = state.open_phase
    quiet = run is not None and state.plan.phases[run.number - 1].turn == "quiet"
    return "none" if quiet else "F"


def _phase_done(status: str) -> Step:
    def step(state: State, moment: Moment, facts: Facts) -> None:
        run = _phase(state, facts)
        if state.open_phase is run:
            state.open_phase = None
        run.status = status

    return step


def _minutes_added(state: State, moment: Moment, facts: Facts) -> None:
    _phase(state, facts).extended += facts["minutes"] * MINUTE


def _minutes_set(state: State, moment: Moment, facts: Facts) -> None:
    for number, minutes in facts["minutes"].items():
        state.phases[int(number) - 1].planned = minutes * MINUTE


def _turn_started(state: State, moment: Moment, facts: Facts) -> None:
    state.floor = state.voice = facts["floor"]
    if state.open_phase is not None:
        state.open_phase.last_floor = facts["floor"]
        state.open_phase.floors.add(facts["floor"])


def _extension_proposed(state: State, moment: Moment, facts: Facts) -> None:
    state.extension = Extension(facts["phase"], facts["minutes"], moment.by, state.second)
    state.extensions.append(state.extension)
    set_alarm(state, "extension_unsealed", state.second + SEALED_S)


def _extension_answered(state: State, moment: Moment, facts: Facts) -> None:
    extension = state.extension
    if extension is None:
        return
    extension.answers[moment.by] = facts["answer"]
    if state.everybody <= extension.answers.keys():
        clear_alarm(state, "extension_unsealed")
        agreed = all(answer == "yes" for answer in extension.answers.values())
        extension.outcome = "agreed" if agreed else "not_now"
        if agreed:
            run = state.phases[extension.phase - 1]
            needed = state.needed_for(run, extension.minutes * MINUTE)
            run.extended += extension.minutes * MINUTE
            if needed > state.maximum:
                # Both said yes to going past the maximum they had agreed on.
                state.maximum = needed
                state.maximum_rung = state.second >= state.latest_end


# --- understanding checks ----------------------------------------------------------------------------


def _made(state: State, moment: Moment, facts: Facts) -> None:
    state.ids[facts["id"]] = KINDS[moment.kind].makes
    state.authors[facts["id"]] = moment.by


def _check_opened(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    run = state.open_phase or state.run or state.phases[0]
    kind = facts.get("check_kind") or state.plan.phases[run.number - 1].check_kind or "feeling_and_reason"
    listener = facts["listener"]
    check = Check(facts["id"], facts["of"], listener, other(listener), kind, run.number)
    state.check = state.checks[check.id] = check
    state.pace_may_be_asked = state.pace_is_asked = False
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
    else:
        check.stage = "bridge" if check.tries >= TRIES_BEFORE_BRIDGE else "reflect"


def _bridge_given(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    check.bridged = True
    check.stage = "bridge_answer"


def _reflection_confirmed(state: State, moment: Moment, facts: Facts) -> None:
    check = state.checks[facts["check"]]
    if check.stage == "bridge_answer":
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
    state.pace_may_be_asked = state.pace_is_asked = False


# --- content -----------------------------------------------------------------------------------------


def _validation_given(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    state.validations += 1
    state.newly_voiced += bool(facts.get("newly_voiced"))


def _redirect_offered(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    state.redirects[facts["id"]] = Redirect(facts["to"])


def _redirect_answered(answer: str) -> Step:
    def step(state: State, moment: Moment, facts: Facts) -> None:
        state.redirects[facts["redirect"]].answer = answer
        if answer == "rephrased":
            _made(state, moment, facts)

    return step


def _fear_offered(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    state.fears[facts["id"]] = Fear(facts["to"])


def _fear_answered(state: State, moment: Moment, facts: Facts) -> None:
    state.fears[facts["fear"]].answer = facts["answer"]


def _need_named(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    state.need_owners[facts["id"]] = {moment.by, *facts.get("shared_by", ())}
    if "statement" in facts:
        state.ids[facts["statement"]] = "statement"
        state.authors[facts["statement"]] = moment.by


def _compromise_drafted(state: State, moment: Moment, facts: Facts) -> None:
    _made(state, moment, facts)
    state.agreements[facts["id"]] = set()


def _agreement_confirmed(state: State, moment: Moment, facts: Facts) -> None:
    state.agreements[facts["agreement"]].add(moment.by)


def _milestones_kept(state: State, moment: Moment, facts: Facts) -> None:
    for one in facts["milestones"]:
        _, kept_by = state.milestones.setdefault(one["id"], (one["milestone"], set()))
        kept_by.add(moment.by)
        state.ids[one["id"]] = "milestone"


def _retreat_view(state: State, moment: Moment, facts: Facts) -> None:
    state.retreat_views.add(moment.by)


# --- pauses ------------------------------------------------------------------------------------------


def _rest(state: State, moment: Moment, kind: str, expected: int) -> None:
    state.clock = BRIEF
    state.voice = "none"
    state.pause = Pause(kind, moment.by, state.second)
    state.pauses.append(state.pause)
    set_alarm(state, "brief_pause_long", state.second + expected)


def _brief_pause(state: State, moment: Moment, facts: Facts) -> None:
    _rest(state, moment, "brief", BRIEF_PAUSE_S)


def _settling(state: State, moment: Moment, facts: Facts) -> None:
    _rest(state, moment, "settling", facts["minutes"] * MINUTE)


def _cool_down(state: State, moment: Moment, facts: Facts) -> None:
    clear_alarm(state, "brief_pause_long")
    state.caucus_with = None
    state.caucus_in_cool_down = False
    asked = seconds(instant(facts["return_at"])) if "return_at" in facts else 0
    if asked <= state.second:
        asked = state.second + state.plan.exit_strategy.minimum_minutes * MINUTE
    pause = Pause("cool_down", moment.by, state.second, asked=asked, proposer=moment.by)
    state.clock = COOL
    state.voice = "none"
    state.pause = pause
    state.pauses.append(pause)
    _return_at(state, pause, asked)
    _agree(state, pause)


def _return_at(state: State, pause: Pause, second: int) -> None:
    pause.return_at = second
    clear_alarm(state, "return_missed")
    if not state.everybody <= pause.ready:
        set_alarm(state, "return_missed", second + RETURN_GRACE_S)
    set_alarm(state, "return_due", second)


def _agree(state: State, pause: Pause) -> None:
    if state.everybody - {pause.proposer} <= pause.accepted:
        pause.agreed = pause.return_at


def _return_accepted(state: State, moment: Moment, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return
    second = seconds(instant(facts["return_at"]))
    if second != pause.return_at:
        _return_at(state, pause, second)
    pause.accepted.add(moment.by)
    _agree(state, pause)


def _return_changed(state: State, moment: Moment, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return
    pause.proposer = moment.by
    pause.accepted = set()
    pause.agreed = None
    _return_at(state, pause, seconds(instant(facts["return_at"])))
    _agree(state, pause)


def _need_longer(state: State, moment: Moment, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return
    pause.longer[moment.by] = pause.longer.get(moment.by, 0) + 1
    pause.ready.discard(moment.by)
    _return_at(state, pause, seconds(instant(facts["return_at"])))
    if pause.agreed is not None:
        # Nobody can be held to the earlier time; a need for longer asks nobody's yes.
        pause.agreed = pause.return_at


def _ready_again(state: State, moment: Moment, facts: Facts) -> None:
    if state.pause is not None:
        state.pause.ready.add(moment.by)
        if state.everybody_is_ready:
            clear_alarm(state, "return_missed")


def _resumed(state: State, moment: Moment, facts: Facts) -> None:
    _end_pause(state)
    state.clock = ACTIVE
    state.voice = _quiet_or_facilitator(state)
    if state.left:
        # Going on is saying that whoever had left is back.
        state.present |= state.left
        state.left = set()


def _end_pause(state: State, resumed: bool = True) -> None:
    if state.pause is not None and resumed:
        state.pause.resumed_at = state.second
    state.pause = None
    state.caucus_with = None
    state.caucus_in_cool_down = False
    clear_alarm(state, "brief_pause_long", "return_due", "return_missed")


def _caucus_started(state: State, moment: Moment, facts: Facts) -> None:
    if state.clock != CAUCUS:
        state.caucus_in_cool_down = state.clock == COOL
    state.clock = CAUCUS
    state.voice = "none"
    state.caucus_with = facts["with"]


def _caucus_ended(state: State, moment: Moment, facts: Facts) -> None:
    state.caucus_with = None
    if state.caucus_in_cool_down:
        state.clock = COOL
        state.caucus_in_cool_down = False


def _connection_lost(state: State, moment: Moment, facts: Facts) -> None:
    state.connection_is_lost = True
    set_alarm(state, "connection_lost_long", state.second + CONNECTION_S)
    if state.clock == ACTIVE:
        _rest(state, moment, "brief", BRIEF_PAUSE_S)


def _connection_back(state: State, moment: Moment, facts: Facts) -> None:
    state.connection_is_lost = False
    clear_alarm(state, "connection_lost_long")


# --- ends --------------------------------------------------------------------------------------------


def _partner_left(state: State, moment: Moment, facts: Facts) -> None:
    state.present.discard(moment.by)
    if state.started_at is None:
        return
    state.left.add(moment.by)
    if state.clock == ACTIVE and state.plan.timed:
        _rest(state, moment, "brief", BRIEF_PAUSE_S)


def _carried_over(state: State, moment: Moment, facts: Facts) -> None:
    state.resting = state.clock in (COOL, CAUCUS) and state.pause is not None and not state.everybody_is_ready
    state.carried = True
    if state.left or not state.everybody_is_here:
        _end(state, "carried_over")
    else:
        _end_pause(state, resumed=False)
        state.clock = ACTIVE


def _stopped(state: State, moment: Moment, facts: Facts) -> None:
    if state.started_at is None:
        _end(state, "not_held")
    else:
        _end(state, "early_by_partner" if moment.by in ("A", "B") else "early_by_facilitator")


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
    state.alarms = {}
    state.next_alarm = NEVER


STEPS: Final[dict[str, Step]] = {
    "arrived": _arrived,
    "session_started": _session_started,
    "ground_rules_confirmed": _ground_rules,
    "phase_started": _phase_started,
    "phase_finished": _phase_done("finished"),
    "phase_set_aside": _phase_done("set_aside"),
    "phase_returned": _phase_done("waiting"),
    "minutes_added": _minutes_added,
    "minutes_set": _minutes_set,
    "turn_started": _turn_started,
    "extension_proposed": _extension_proposed,
    "extension_answered": _extension_answered,
    "statement": _made,
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
    "redirect_rephrased": _redirect_answered("rephrased"),
    "redirect_kept": _redirect_answered("kept"),
    "redirect_not_now": _redirect_answered("not_now"),
    "fear_offered": _fear_offered,
    "fear_answered": _fear_answered,
    "need_named": _need_named,
    "idea_parked": _made,
    "option_added": _made,
    "compromise_drafted": _compromise_drafted,
    "agreement_confirmed": _agreement_confirmed,
    "milestones_kept": _milestones_kept,
    "retreat_view_given": _retreat_view,
    "brief_pause_called": _brief_pause,
    "settling_called": _settling,
    "cool_down_called": _cool_down,
    "return_time_accepted": _return_accepted,
    "return_time_changed": _return_changed,
    "need_longer": _need_longer,
    "ready_again": _ready_again,
    "resumed": _resumed,
    "caucus_started": _caucus_started,
    "caucus_switched": _caucus_started,
    "caucus_ended": _caucus_ended,
    "connection_lost": _connection_lost,
    "connection_back": _connection_back,
    "partner_left": _partner_left,
    "carried_over": _carried_over,
    "stopped": _stopped,
    "safety_stop": _safety_stop,
    "session_ended": _session_ended,
}
