"""The soft guards: each gives way to a recorded reason."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from sessions.engine.clock import State, closing_is_due, instant_at, seconds
from sessions.engine.clock.state import MINUTE, PhaseRun
from sessions.engine.formats import need_words
from sessions.engine.kinds import KINDS, PARTNERS, Command
from sessions.engine.plan import PlannedPhase
from sessions.engine.rules.standing import Standing
from sessions.engine.rules.texts import refusal
from sessions.engine.values import instant

Facts = Mapping[str, Any]
# Each yields the codes of what stands in the way; `TEXTS` has their words.
Soft = Callable[[State, Standing, Command], Iterator[str]]

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


def soft_guards(state: State, standing: Standing, command: Command) -> list[str]:
    """The codes of the soft guards that stand in the way, each once."""
    codes: list[str] = []
    if KINDS[command.kind].begins and state.over:
        # At the agreed maximum nothing is cut, and nothing new begins.
        codes.append("wrapping_up")

    guard = SOFT.get(command.kind)
    if guard is not None:
        codes += guard(state, standing, command)

    if not state.plan.timed:
        codes = [code for code in codes if code not in ORDER_OF_THE_HOUR]
    return list(dict.fromkeys(codes))


# --- the frame ---------------------------------------------------------------------------------------


def _session_started(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if not state.everybody_is_here:
        yield "both_arrived"

    plan = state.plan
    if not plan.timed:
        return

    today = instant_at(state.second).astimezone(ZoneInfo(plan.zone)).date()
    if standing.screening_review_on is not None and today > standing.screening_review_on:
        yield "screening_old"
    if standing.pace_most_minutes is not None and plan.minutes > standing.pace_most_minutes:
        yield "pace_length"
    if standing.pace_not_before is not None and today < standing.pace_not_before:
        yield "pace_gap"


def _phase_started(state: State, standing: Standing, command: Command) -> Iterator[str]:
    run = _run(state, command)
    jumped_over = [early for early in state.phases[: run.number - 1] if early.status == "waiting"]
    if any(_is_usually_kept(state, early) for early in jumped_over):
        yield "opening_or_closing"

    if run is state.closing or state.nothing_new_begins:
        return
    if state.over:
        yield "wrapping_up"
    elif closing_is_due(state):
        yield "closing_due"


def _phase_finished(state: State, standing: Standing, command: Command) -> Iterator[str]:
    # How two speak with each other; a talk with one has no need of it.
    needs_rules = state.plan.timed and len(state.everybody) > 1
    is_first = _run(state, command).number == 1
    if needs_rules and is_first and not state.everybody <= state.rules_said:
        yield "ground_rules"


def _phase_set_aside(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if _is_usually_kept(state, _run(state, command)):
        yield "opening_or_closing"


def _run(state: State, command: Command) -> PhaseRun:
    number = command.fields["phase"]
    assert isinstance(number, int)
    return state.phases[number - 1]


def _is_usually_kept(state: State, run: PhaseRun) -> bool:
    return _planned(state, run).kind in ("opening", "closing")


def _planned(state: State, run: PhaseRun) -> PlannedPhase:
    return state.plan.phases[run.number - 1]


def _minutes_added(state: State, standing: Standing, command: Command) -> Iterator[str]:
    needed = _needed(state, command)
    if needed > state.maximum:
        yield "past_maximum"
    if not _fits_before_latest_end(state, needed):
        yield "past_latest_end"


def _needed(state: State, command: Command) -> int:
    """Active seconds at which everything would be done with the minutes that are asked for."""
    minutes = command.fields["minutes"]
    assert isinstance(minutes, int)
    return state.needed_for(_run(state, command), minutes * MINUTE)


def _fits_before_latest_end(state: State, needed: int) -> bool:
    return state.second + needed - state.active <= state.latest_end


def _minutes_set(state: State, standing: Standing, command: Command) -> Iterator[str]:
    asked = command.fields["minutes"]
    assert isinstance(asked, Mapping)
    minutes = {int(number): int(value) for number, value in asked.items()}

    closing = minutes.get(state.closing.number, 3)
    if closing < 3 and _is_usually_kept(state, state.closing):
        yield "closing_short"

    left = sum(_left_with(run, minutes) for run in state.phases)
    if state.active + left > state.maximum:
        yield "past_maximum"


def _left_with(run: PhaseRun, minutes: Mapping[int, int]) -> int:
    """The seconds a phase would still take with these minutes."""
    if run.number in minutes:
        return minutes[run.number] * MINUTE + run.extended
    if run.status in ("waiting", "active"):
        return run.left
    return 0


def _extension_proposed(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if "extension_unsealed" in state.alarms:
        yield "extension_open"
    if not _fits_before_latest_end(state, _needed(state, command)):
        yield "past_latest_end"


def _turn_started(state: State, standing: Standing, command: Command) -> Iterator[str]:
    run = state.open_phase
    if run is None:
        return

    floor = command.fields["floor"]
    turn = _planned(state, run).turn
    if turn in ("facilitator", "quiet") or state.plan.floor_of(turn) not in (None, floor):
        yield "turn_rule"
    if turn == "alternate" and len(state.everybody) > 1 and run.last_floor == floor:
        yield "alternate_turn"


# --- saying, and saying it back ----------------------------------------------------------------------


def _statement(state: State, standing: Standing, command: Command) -> Iterator[str]:
    run = state.open_phase
    is_together = run is not None and _planned(state, run).turn == "together"
    if not is_together and not _has_the_floor(state, command):
        yield "not_their_turn"

    # From a partner's own page the answer would tell them of the other's private boundary.
    is_at_the_desk = command.told_to or command.by not in PARTNERS
    if is_at_the_desk and _names_firm_topic(standing, command):
        yield "firm_topic"


def _has_the_floor(state: State, command: Command) -> bool:
    return state.floor in (None, command.by)


def _names_firm_topic(standing: Standing, command: Command) -> bool:
    topics = command.fields.get("topics", ())
    if not isinstance(topics, list | tuple):
        return False

    firm = {topic.casefold() for topic in standing.firm_topics}
    return any(str(topic).casefold() in firm for topic in topics)


def _reflection_given(state: State, standing: Standing, command: Command) -> Iterator[str]:
    kind = state.check.kind if state.check else "feeling_and_reason"
    if kind == "feeling_and_reason":
        is_whole = _gives_feeling_and_reason(command.fields)
    else:
        is_whole = _gives_anything(kind, command.fields)

    if not is_whole:
        yield "reflection_incomplete"


def _gives_feeling_and_reason(fields: Facts) -> bool:
    """Each ticked, or said in words; a reason in words has at least three of them."""
    ticked = fields.get("heard", ())
    has_feeling = "feeling" in ticked or bool(fields.get("feelings"))
    if "reason" not in fields:
        return has_feeling and "reason" in ticked

    words = str(fields["reason"]).split()
    return has_feeling and len(words) >= 3


def _gives_anything(kind: str, fields: Facts) -> bool:
    """Some part is ticked or said; where only a feeling is asked for, other words alone are not enough."""
    if fields.get("heard") or fields.get("feelings"):
        return True
    return kind != "feeling" and bool(fields.get("text"))


def _pace_asked(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if not state.pace_may_be_asked:
        yield "pace_after_check"


def _pace_chosen(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if not state.pace_is_asked:
        yield "pace_not_asked"
    if not _has_the_floor(state, command):
        yield "not_their_turn"


# --- content -----------------------------------------------------------------------------------------

TENTATIVE: Final = re.compile(
    r"\b(i wonder|could it|might|maybe|perhaps|may be|is it possible|i (may|could) be wrong|i imagine"
    r"|i am not sure|i'm not sure|does (any of )?that fit)\b",
    re.IGNORECASE,
)


def _fear_offered(state: State, standing: Standing, command: Command) -> Iterator[str]:
    is_english = state.plan.language.split("-")[0] == "en"
    if is_english and not TENTATIVE.search(str(command.fields["wording"])):
        yield "tentative_wording"


def _need_named(state: State, standing: Standing, command: Command) -> Iterator[str]:
    word = str(command.fields["need"]).strip().casefold()
    is_own_word = word not in need_words()
    if is_own_word and not command.fields.get("wish"):
        yield "wish_missing"


def _option_added(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if not state.options_unlocked:
        yield "listening_first"

    run = state.open_phase
    if run is None or _planned(state, run).goal != "compromises":
        yield "not_options_phase"


# --- pauses ------------------------------------------------------------------------------------------


def _return_accepted(state: State, standing: Standing, command: Command) -> Iterator[str]:
    pause = state.pause
    if pause is not None and _asked_return(command) != pause.return_at:
        yield "other_time"


def _return_changed(state: State, standing: Standing, command: Command) -> Iterator[str]:
    pause = state.pause
    if pause is not None and pause.return_at is not None and _asked_return(command) < pause.return_at:
        yield "earlier_return"


def _asked_return(command: Command) -> int:
    return seconds(instant(str(command.fields["return_at"])))


def _resumed(state: State, standing: Standing, command: Command) -> Iterator[str]:
    closing = 0 if state.closing_finished else state.closing.left
    if state.second + closing > state.latest_end:
        yield "too_late_to_resume"
    if state.left:
        yield "somebody_left"


def _connection_lost(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if state.plan.mode != "remote":
        yield "not_remote"


# --- closing -----------------------------------------------------------------------------------------


def _phrase_used(state: State, standing: Standing, command: Command) -> Iterator[str]:
    phrases = state.plan.phrases
    if phrases is not None and command.fields["text"] not in phrases:
        yield "phrase_not_approved"


def _belongs_to_closing(state: State, standing: Standing, command: Command) -> Iterator[str]:
    if state.name == "running" and state.closing.status != "active":
        yield "not_closing_yet"


def _session_ended(state: State, standing: Standing, command: Command) -> Iterator[str]:
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
    "reflection_given": _reflection_given,
    "pace_asked": _pace_asked,
    "pace_chosen": _pace_chosen,
    "fear_offered": _fear_offered,
    "need_named": _need_named,
    "option_added": _option_added,
    "return_time_accepted": _return_accepted,
    "return_time_changed": _return_changed,
    "resumed": _resumed,
    "connection_lost": _connection_lost,
    "phrase_used": _phrase_used,
    "goal_viewed": _belongs_to_closing,
    "milestones_kept": _belongs_to_closing,
    "closing_temperature": _belongs_to_closing,
    "closing_word": _belongs_to_closing,
    "session_ended": _session_ended,
}


# --- saving a format ---------------------------------------------------------------------------------


def format_guards(phases: Sequence[PlannedPhase], override: str | None = None) -> tuple[str, ...]:
    """Saving a format: 10 to 180 minutes always; 45 to 90, equal solos and a closing of three give way.

    No door asks yet; kept for planning with formats of one's own.
    """
    minutes = sum(phase.minutes for phase in phases)
    if not 10 <= minutes <= 180:
        raise refusal("format_total")

    codes = []
    if not 45 <= minutes <= 90:
        codes.append("format_length")
    if _solo_minutes(phases, "partner_1") != _solo_minutes(phases, "partner_2"):
        codes.append("format_solos")
    if not _closes_in_time(phases):
        codes.append("closing_short")

    if codes and not override:
        raise refusal(codes[0], "soft")
    return tuple(codes)


def _solo_minutes(phases: Sequence[PlannedPhase], turn: str) -> int:
    return sum(phase.minutes for phase in phases if phase.turn == turn)


def _closes_in_time(phases: Sequence[PlannedPhase]) -> bool:
    return bool(phases) and phases[-1].kind == "closing" and phases[-1].minutes >= 3
