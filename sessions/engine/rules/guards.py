"""The absolute guards, and the soft ones that give way to a recorded reason."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sessions.engine.clock import State, closing_is_due, seconds
from sessions.engine.clock.state import MINUTE, PhaseRun
from sessions.engine.formats import need_words
from sessions.engine.kinds import PARTNERS, Command
from sessions.engine.plan import PlannedPhase
from sessions.engine.rules.order import must_say_ready
from sessions.engine.rules.standing import TOGETHER, Standing
from sessions.engine.rules.texts import refusal
from sessions.engine.values import instant

Facts = Mapping[str, Any]
Soft = Callable[[State, Standing, Command, datetime], Iterator[str]]

# What is no joint work: coming in, stopping and resting, talks with each, and looking after the record.
NO_JOINT_WORK: Final = frozenset(
    {
        "arrived",
        "arrival_temperature",
        "brief_pause_called",
        "carried_over",
        "caucus_ended",
        "caucus_started",
        "caucus_switched",
        "closing_temperature",
        "connection_back",
        "connection_lost",
        "cool_down_called",
        "corrected",
        "need_longer",
        "note",
        "partner_left",
        "phase_finished",
        "quiet_started",
        "ready_again",
        "return_time_accepted",
        "return_time_changed",
        "safety_stop",
        "session_ended",
        "settling_called",
        "stopped",
        "undone",
        "voice_returned",
    }
)


def absolute(state: State, standing: Standing, command: Command) -> None:
    """The guards that no reason sets aside."""
    if command.kind not in NO_JOINT_WORK:
        code = joint_work_rests(state, standing)
        if code and command.by in PARTNERS and not command.told_to:
            # A partner must not read here what the other said alone.
            raise refusal("resting", "absolute")
        if code:
            raise refusal(code, "absolute")
    personal(state, command.by, command.kind)


def joint_work_rests(state: State, standing: Standing) -> str:
    """Why no joint work may happen now, or nothing. A talk with one needs that one's consent alone."""
    plan = state.plan
    if not all(standing.consents(partner) for partner in plan.partners):
        return "withdrawn"
    if len(plan.partners) > 1:
        outcomes = [standing.outcome(partner) for partner in plan.partners]
        if any(outcome is not None and outcome not in TOGETHER for outcome in outcomes):
            return "not_together"
        if None in outcomes or not all(standing.talked_alone(partner) for partner in plan.partners):
            return "no_private_talk"
    return ""


def personal(state: State, by: str, kind: str) -> None:
    """What is one person's alone to say: what was heard, whether it fits, being ready."""
    check = state.check
    if kind == "reflection_given" and check is not None and by != check.listener:
        raise refusal("only_the_listener", "absolute")
    if kind in ("reflection_confirmed", "reflection_corrected") and check is not None and by != check.speaker:
        raise refusal("only_the_speaker", "absolute")
    if kind == "resumed" and must_say_ready(state) and not state.everybody_is_ready:
        raise refusal("both_ready", "absolute")


# What keeps an hour in order while it is held. Whoever writes one up afterwards puts things down as they come to
# mind, and nothing can be done in another order any more (docs/decisions/0016-written-up-in-any-order.md).
ORDER_OF_THE_HOUR: Final = frozenset(
    {
        "alternate_turn",
        "both_arrived",
        "closing_open",
        "ground_rules",
        "listening_first",
        "not_closing_yet",
        "not_options_phase",
        "not_remote",
        "not_their_turn",
        "opening_or_closing",
        "pace_after_check",
        "pace_not_asked",
        "reflection_incomplete",
        "turn_rule",
    }
)


def soft(state: State, standing: Standing, command: Command, now: datetime) -> list[str]:
    """The codes of the soft guards that stand in the way."""
    guard = SOFT.get(command.kind)
    codes = dict.fromkeys(guard(state, standing, command, now)) if guard else {}
    return [code for code in codes if state.plan.timed or code not in ORDER_OF_THE_HOUR]


# --- the frame ---------------------------------------------------------------------------------------


def _session_started(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if not state.everybody_is_here:
        yield "both_arrived"
    plan = state.plan
    if not plan.timed:
        return
    today = now.astimezone(ZoneInfo(plan.zone)).date()
    if standing.screening_review_on is not None and today > standing.screening_review_on:
        yield "screening_old"
    if standing.pace_most_minutes is not None and plan.minutes > standing.pace_most_minutes:
        yield "pace_length"
    if standing.pace_not_before is not None and today < standing.pace_not_before:
        yield "pace_gap"


def _run(state: State, command: Command) -> PhaseRun:
    number = command.fields["phase"]
    assert isinstance(number, int)
    return state.phases[number - 1]


def _kept(state: State, run: PhaseRun) -> bool:
    return state.plan.phases[run.number - 1].kind in ("opening", "closing")


def _phase_started(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    run = _run(state, command)
    if any(_kept(state, early) for early in state.phases[: run.number - 1] if early.status == "waiting"):
        yield "opening_or_closing"
    if run is not state.closing and not (state.closing_finished or state.carried):
        if state.over:
            yield "wrapping_up"
        elif closing_is_due(state):
            yield "closing_due"


def _phase_finished(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    # How two speak with each other; a talk with one has no need of it.
    for_two = state.plan.timed and len(state.everybody) > 1
    if _run(state, command).number == 1 and for_two and not state.everybody <= state.rules_said:
        yield "ground_rules"


def _phase_set_aside(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if _kept(state, _run(state, command)):
        yield "opening_or_closing"


def _fits_before_latest_end(state: State, needed: int) -> bool:
    return state.second + needed - state.active <= state.latest_end


def _minutes_added(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    needed = state.needed_for(_run(state, command), _minutes(command) * MINUTE)
    if needed > state.maximum:
        yield "past_maximum"
    if not _fits_before_latest_end(state, needed):
        yield "past_latest_end"


def _minutes(command: Command) -> int:
    minutes = command.fields["minutes"]
    assert isinstance(minutes, int)
    return minutes


def _minutes_set(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    asked = command.fields["minutes"]
    assert isinstance(asked, Mapping)
    minutes = {int(number): int(value) for number, value in asked.items()}
    if minutes.get(state.closing.number, 3) < 3 and _kept(state, state.closing):
        yield "closing_short"
    left = 0
    for run in state.phases:
        if run.number in minutes:
            left += minutes[run.number] * MINUTE + run.extended
        elif run.status in ("waiting", "active"):
            left += run.left
    if state.active + left > state.maximum:
        yield "past_maximum"


def _extension_proposed(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if "extension_unsealed" in state.alarms:
        yield "extension_open"
    if not _fits_before_latest_end(state, state.needed_for(_run(state, command), _minutes(command) * MINUTE)):
        yield "past_latest_end"


def _turn_started(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    run = state.open_phase
    if run is None:
        return
    floor, turn = command.fields["floor"], state.plan.phases[run.number - 1].turn
    if turn in ("facilitator", "quiet") or state.plan.floor_of(turn) not in (None, floor):
        yield "turn_rule"
    if turn == "alternate" and len(state.everybody) > 1 and run.last_floor == floor:
        yield "alternate_turn"


# --- saying, and saying it back ----------------------------------------------------------------------


def _begins(state: State) -> Iterator[str]:
    """At the agreed maximum nothing is cut, and nothing new begins."""
    if state.over:
        yield "wrapping_up"


def _beginning(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)


def _statement(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)
    run = state.open_phase
    together = run is not None and state.plan.phases[run.number - 1].turn == "together"
    if not together and state.floor not in (None, command.by):
        yield "not_their_turn"
    # From a partner's own page the answer would tell them of the other's private boundary.
    if (command.told_to or command.by not in PARTNERS) and names_firm_topic(standing, command):
        yield "firm_topic"


def names_firm_topic(standing: Standing, command: Command) -> bool:
    topics = command.fields.get("topics", ())
    firm = {topic.casefold() for topic in standing.firm_topics}
    return isinstance(topics, list | tuple) and any(str(topic).casefold() in firm for topic in topics)


def heard_parts(kind: str, fields: Facts) -> set[str]:
    """The parts of what was said that a reflection gives back, ticked or in words."""
    heard = set(fields.get("heard", ()))
    if fields.get("feelings"):
        heard.add("feeling")
    if len(str(fields.get("reason", "")).split()) >= 3:
        heard.add("reason")
    if kind not in ("feeling_and_reason", "feeling") and fields.get("text"):
        heard.add("words")
    return heard


def _reflection_given(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    kind = state.check.kind if state.check else "feeling_and_reason"
    heard = heard_parts(kind, command.fields)
    reason = command.fields.get("reason")
    if kind == "feeling_and_reason":
        whole = {"feeling", "reason"} <= heard
        whole = whole and (reason is None or len(str(reason).split()) >= 3)
    else:
        whole = bool(heard)
    if not whole:
        yield "reflection_incomplete"


def _pace_asked(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)
    if not state.pace_may_be_asked:
        yield "pace_after_check"


def _pace_chosen(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if not state.pace_is_asked:
        yield "pace_not_asked"
    if state.floor not in (None, command.by):
        yield "not_their_turn"


# --- content -----------------------------------------------------------------------------------------

TENTATIVE: Final = re.compile(
    r"\b(i wonder|could it|might|maybe|perhaps|may be|is it possible|i (may|could) be wrong|i imagine"
    r"|i am not sure|i'm not sure|does (any of )?that fit)\b",
    re.IGNORECASE,
)


def _fear_offered(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)
    english = state.plan.language.split("-")[0] == "en"
    if english and not TENTATIVE.search(str(command.fields["wording"])):
        yield "tentative_wording"


def _need_named(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)
    own_word = str(command.fields["need"]).strip().casefold() not in need_words()
    if own_word and not command.fields.get("wish"):
        yield "wish_missing"


def _option_added(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    yield from _begins(state)
    if not state.options_unlocked:
        yield "listening_first"
    run = state.open_phase
    if run is None or state.plan.phases[run.number - 1].goal != "compromises":
        yield "not_options_phase"


# --- pauses ------------------------------------------------------------------------------------------


def _asked_return(command: Command) -> int:
    return seconds(instant(str(command.fields["return_at"])))


def _return_accepted(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if state.pause is not None and _asked_return(command) != state.pause.return_at:
        yield "other_time"


def _return_changed(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    pause = state.pause
    if pause is not None and pause.return_at is not None and _asked_return(command) < pause.return_at:
        yield "earlier_return"


def _resumed(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    closing = 0 if state.closing_finished else state.closing.left
    if state.second + closing > state.latest_end:
        yield "too_late_to_resume"
    if state.left:
        yield "somebody_left"


def _connection_lost(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if state.plan.mode != "remote":
        yield "not_remote"


# --- closing -----------------------------------------------------------------------------------------


def _phrase_used(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if state.plan.phrases is not None and command.fields["text"] not in state.plan.phrases:
        yield "phrase_not_approved"


def _closing(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if state.name == "running" and state.closing.status != "active":
        yield "not_closing_yet"


def _session_ended(state: State, standing: Standing, command: Command, now: datetime) -> Iterator[str]:
    if state.derived_how() == "early_by_facilitator":
        yield "closing_open"


SOFT: Final[dict[str, Soft]] = {
    "session_started": _session_started,
    "phase_started": _phase_started,
    "phase_finished": _phase_finished,
    "phase_set_aside": _phase_set_aside,
    "minutes_added": _minutes_added,
    "minutes_set": _minutes_set,
    "extension_proposed": _extension_proposed,
    "turn_started": _turn_started,
    "statement": _statement,
    "check_opened": _beginning,
    "reflection_given": _reflection_given,
    "pace_asked": _pace_asked,
    "pace_chosen": _pace_chosen,
    "redirect_offered": _beginning,
    "fear_offered": _fear_offered,
    "need_named": _need_named,
    "option_added": _option_added,
    "retreat_view_given": _beginning,
    "retreat_purpose_acknowledged": _beginning,
    "return_time_accepted": _return_accepted,
    "return_time_changed": _return_changed,
    "resumed": _resumed,
    "connection_lost": _connection_lost,
    "phrase_used": _phrase_used,
    "goal_viewed": _closing,
    "milestones_kept": _closing,
    "closing_temperature": _closing,
    "closing_word": _closing,
    "session_ended": _session_ended,
}


def format_guards(phases: Sequence[PlannedPhase], override: str | None = None) -> tuple[str, ...]:
    """Saving a format: 10 to 180 minutes always; 45 to 90, equal solos and a closing of three give way."""
    minutes = sum(phase.minutes for phase in phases)
    if not 10 <= minutes <= 180:
        raise refusal("format_total")
    codes = []
    if not 45 <= minutes <= 90:
        codes.append("format_length")
    solos = {turn: sum(p.minutes for p in phases if p.turn == turn) for turn in ("partner_1", "partner_2")}
    if solos["partner_1"] != solos["partner_2"]:
        codes.append("format_solos")
    if not phases or phases[-1].kind != "closing" or phases[-1].minutes < 3:
        codes.append("closing_short")
    if codes and not override:
        raise refusal(codes[0], "soft")
    return tuple(codes)
