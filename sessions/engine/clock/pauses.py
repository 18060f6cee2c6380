"""What pauses, talks with each and a lost connection do to the State."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sessions.engine.clock.moment import Moment
from sessions.engine.clock.state import (
    ACTIVE,
    BRIEF,
    BRIEF_PAUSE_S,
    CAUCUS,
    CONNECTION_S,
    COOL,
    MINUTE,
    RETURN_GRACE_S,
    Pause,
    State,
    clear_alarm,
    seconds,
    set_alarm,
)
from sessions.engine.values import instant

Facts = Mapping[str, Any]
Step = Callable[[State, Moment, Facts], None]


# --- brief pauses ------------------------------------------------------------------------------------


def rest(state: State, moment: Moment, kind: str, expected: int) -> None:
    """A pause on the brief clock; after `expected` seconds it is long."""
    pause = Pause(kind, moment.by, state.second)
    state.pause = pause
    state.pauses.append(pause)

    state.clock = BRIEF
    state.voice = "none"
    set_alarm(state, "brief_pause_long", state.second + expected)


def _brief_pause(state: State, moment: Moment, facts: Facts) -> None:
    rest(state, moment, "brief", BRIEF_PAUSE_S)


def _settling(state: State, moment: Moment, facts: Facts) -> None:
    rest(state, moment, "settling", facts["minutes"] * MINUTE)


# --- cool-downs --------------------------------------------------------------------------------------


def _cool_down(state: State, moment: Moment, facts: Facts) -> None:
    clear_alarm(state, "brief_pause_long")
    state.caucus_with = None
    state.caucus_in_cool_down = False

    asked = _asked_return(state, facts)
    pause = Pause("cool_down", moment.by, state.second, asked=asked, proposer=moment.by)
    state.pause = pause
    state.pauses.append(pause)

    state.clock = COOL
    state.voice = "none"
    _return_at(state, pause, asked)
    _agree(state, pause)


def _asked_return(state: State, facts: Facts) -> int:
    """The return time that was asked for; missing or past, the least minutes from now."""
    if "return_at" in facts:
        asked = _return_second(facts)
        if asked > state.second:
            return asked
    return state.second + state.plan.exit_strategy.minimum_minutes * MINUTE


def _return_second(facts: Facts) -> int:
    return seconds(instant(facts["return_at"]))


def _return_at(state: State, pause: Pause, second: int) -> None:
    """Put a return time on the table, and set its alarms."""
    pause.return_at = second

    clear_alarm(state, "return_missed")
    if not state.everybody <= pause.ready:
        set_alarm(state, "return_missed", second + RETURN_GRACE_S)
    set_alarm(state, "return_due", second)


def _agree(state: State, pause: Pause) -> None:
    """The time on the table is agreed once everybody but its proposer accepted it."""
    if state.everybody - {pause.proposer} <= pause.accepted:
        pause.agreed = pause.return_at


def _return_accepted(state: State, moment: Moment, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return

    second = _return_second(facts)
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
    _return_at(state, pause, _return_second(facts))
    _agree(state, pause)


def _need_longer(state: State, moment: Moment, facts: Facts) -> None:
    pause = state.pause
    if pause is None:
        return

    pause.longer[moment.by] = pause.longer.get(moment.by, 0) + 1
    pause.ready.discard(moment.by)
    _return_at(state, pause, _return_second(facts))

    if pause.agreed is not None:
        # Nobody can be held to the earlier time; a need for longer asks nobody's yes.
        pause.agreed = pause.return_at


def _ready_again(state: State, moment: Moment, facts: Facts) -> None:
    if state.pause is None:
        return

    state.pause.ready.add(moment.by)
    if state.everybody_is_ready:
        clear_alarm(state, "return_missed")


# --- going on ----------------------------------------------------------------------------------------


def _resumed(state: State, moment: Moment, facts: Facts) -> None:
    end_pause(state)
    state.clock = ACTIVE
    state.voice = quiet_or_facilitator(state)

    if state.left:
        # Going on is saying that whoever had left is back.
        state.present |= state.left
        state.left = set()


def end_pause(state: State, resumed: bool = True) -> None:
    if state.pause is not None and resumed:
        state.pause.resumed_at = state.second

    state.pause = None
    state.caucus_with = None
    state.caucus_in_cool_down = False
    clear_alarm(state, "brief_pause_long", "return_due", "return_missed")


def quiet_or_facilitator(state: State) -> str:
    """Who speaks when nobody was named: nobody in a quiet phase, else the facilitator."""
    run = state.open_phase
    is_quiet = run is not None and state.plan.phases[run.number - 1].turn == "quiet"
    return "none" if is_quiet else "F"


# --- talks with each, and the connection -------------------------------------------------------------


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
        rest(state, moment, "brief", BRIEF_PAUSE_S)


def _connection_back(state: State, moment: Moment, facts: Facts) -> None:
    state.connection_is_lost = False
    clear_alarm(state, "connection_lost_long")


PAUSES: Final[dict[str, Step]] = {
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
}
