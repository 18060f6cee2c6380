"""Letting time pass: every second goes to one clock, and what falls due on the way is noted."""

from sessions.engine.clock.state import ACTIVE, BRIEF, CAUCUS, COOL, Due, State, clear_alarm


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
        ring(state, second)
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


def ring(state: State, second: int) -> None:
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


def look_again(state: State) -> None:
    """Minutes or phases changed: what had fallen due may lie ahead again, and the other way round."""
    if state.active < state.closing_at:
        state.closing_rung = False
    if state.active < state.maximum and state.second < state.latest_end:
        state.maximum_rung = False
    if state.started_at is not None and state.plan.timed and not state.maximum_rung:
        _ring_active(state, 0)
