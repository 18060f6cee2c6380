"""Letting time pass: every second goes to one clock, and what falls due on the way is noted."""

from sessions.engine.clock.state import ACTIVE, BRIEF, CAUCUS, COOL, Due, State, clear_alarm


def pass_time(state: State, second: int) -> None:
    """Let the running clock reach `second`, noting what falls due on the way."""
    gone = second - state.second
    clock = state.clock

    if clock == ACTIVE:
        # The seconds belong to the phase started last, and to whoever speaks.
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
        ring(state, second)
    state.second = second


def _ring_active(state: State, gone: int) -> None:
    """Note what falls due by active seconds: that only the closing still fits, and the agreed maximum."""
    if state.active + gone < state.closing_at:
        # The maximum comes no earlier than that.
        return

    if not state.closing_rung and state.closing.status in ("waiting", "set_aside"):
        left = max(0, state.closing_at - state.active)
        if left <= gone:
            state.closing_rung = True
            state.due.append(Due("closing_due", state.second + left))

    left = max(0, state.maximum - state.active)
    if left <= gone:
        state.maximum_rung = True
        state.due.append(Due("maximum_reached", state.second + left))


def ring(state: State, second: int) -> None:
    """Note every alarm that was set for `second` or before, in the order of their instants."""
    in_order = sorted(state.alarms.items(), key=_instant_of)
    for name, at in in_order:
        if at > second:
            break

        clear_alarm(state, name)
        if name == "latest_end":
            _ring_latest_end(state, at)
            continue

        state.due.append(Due(name, at))
        if name == "doors_opened":
            state.gathered = True


def _instant_of(alarm: tuple[str, int]) -> int:
    _name, at = alarm
    return at


def _ring_latest_end(state: State, at: int) -> None:
    """The latest end is an agreed maximum too, and is noted once."""
    if not state.maximum_rung:
        state.maximum_rung = True
        state.due.append(Due("maximum_reached", at))


def look_again(state: State) -> None:
    """Minutes or phases changed: what had fallen due may lie ahead again, and the other way round."""
    if state.active < state.closing_at:
        state.closing_rung = False
    if state.active < state.maximum and state.second < state.latest_end:
        state.maximum_rung = False

    if state.started_at is not None and state.plan.timed and not state.maximum_rung:
        _ring_active(state, 0)
