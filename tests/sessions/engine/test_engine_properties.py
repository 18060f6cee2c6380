"""Random sessions, posted as people might: whatever happens, the clocks add up and there is a way out."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facilitator.errors import Refusal
from sessions.engine.clock import fold, read, seconds
from sessions.engine.kinds import KINDS
from sessions.engine.plan import other
from sessions.engine.rules import allowed
from tests.sessions.engine.table import ALONE, PLAN, UNTIMED, Table, text
from tests.thorough import TIMES

GAPS = (0, 0, 1, 3, 7, 20, 61, 130, 400, 1500)
REMOTE = replace(PLAN, mode="remote", co_facilitator=True, heard_before=frozenset("AB"))
PLANS = (PLAN, PLAN, PLAN, REMOTE, ALONE, UNTIMED)

steps = st.lists(
    st.tuples(st.integers(0, 1 << 30), st.sampled_from(GAPS), st.integers(0, 5)), min_size=20, max_size=50
)
relaxed = settings(max_examples=10 * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Chooser:
    """Turns one number into choices, so that a sequence shrinks well."""

    def __init__(self, number):
        self.number = number

    def of(self, options):
        options = sorted(options) if isinstance(options, set | frozenset) else list(options)
        self.number, place = divmod(self.number, len(options))
        return options[place]


def made(state, *sorts):
    return [name for name, sort in state.ids.items() if sort in sorts] or ["nothing"]


ENDS = {"stopped", "safety_stop", "session_ended", "carried_over", "partner_left", "connection_lost"}
# What people do once it is possible, so that random sessions get anywhere.
NEXT = {
    "session_started",
    "phase_started",
    "phase_finished",
    "turn_started",
    "statement",
    "check_opened",
    "reflection_given",
    "reflection_corrected",
    "reflection_confirmed",
    "bridge_given",
    "extension_proposed",
    "extension_answered",
    "ready_again",
    "resumed",
    "undone",
}


def likely(kinds, choose):
    """Ends are rare, and in two of three cases somebody does what comes next."""
    kinds = set(kinds) or {"corrected"}
    if choose.of(range(12)):
        kinds = kinds - ENDS or kinds
    return kinds & NEXT or kinds if choose.of(range(3)) else kinds


def command(table, choose):
    """A kind that has a place now, with fields that mostly fit."""
    state = table.state
    kind = choose.of(likely(table.kinds, choose))
    by = choose.of(KINDS[kind].by)

    check = state.check
    if check is not None and kind == "reflection_given":
        by = check.listener
    if check is not None and kind in ("reflection_confirmed", "reflection_corrected"):
        by = check.speaker
    check_id = check.id if check else "nothing"

    who = choose.of("AB")
    name = f"x{table.number}"
    later = text(table.now + timedelta(minutes=choose.of((1, 15, 25))))
    waiting = [run.number for run in state.phases if run.status == "waiting"]
    phase = choose.of((*waiting[:1], *waiting[:1], *range(1, 8)))
    checked = choose.of(made(state, "statement", "need", "option", "agreement"))
    its_author = state.authors.get(checked)
    listener = other(its_author) if its_author in ("A", "B") else who

    fields = {
        "phase_started": {"phase": phase},
        "phase_finished": {"phase": state.open_phase.number if state.open_phase else phase},
        "phase_set_aside": {"phase": phase},
        "phase_returned": {"phase": phase},
        "minutes_added": {"phase": phase, "minutes": choose.of((1, 5, 20))},
        "minutes_set": {"minutes": {str(phase): choose.of((2, 6, 12))}},
        "extension_proposed": {"phase": phase, "minutes": choose.of((1, 4, 10))},
        "extension_answered": {"answer": choose.of(("yes", "yes", "not_now"))},
        "undone": {"line": max((m.number for m in state.moments if m.by == "F"), default=2)},
        "corrected": {"line": choose.of(range(2, table.number + 2)), "text": "Otherwise."},
        "turn_started": {"floor": who},
        "statement": {"id": name, "text": "I waited."},
        "check_opened": {"id": name, "of": checked, "listener": listener},
        "reflection_given": {"check": check_id, "text": "You waited."},
        "reflection_corrected": {"check": check_id},
        "reflection_confirmed": {"check": check_id},
        "check_set_aside": {"check": check_id},
        "bridge_given": {"check": check_id, "feelings": ["sad"], "reason": "you waited for long"},
        "validation_given": {"id": name, "of": choose.of(made(state, "statement", "fear")), "text": "I see."},
        "pace_chosen": {"pace": "slower"},
        "redirect_offered": {"id": name, "to": who, "suggestion": "What did you see?"},
        "redirect_rephrased": {
            "redirect": choose.of(made(state, "redirect")),
            "id": name,
            "text": "I saw the door.",
        },
        "redirect_kept": {"redirect": choose.of(made(state, "redirect"))},
        "redirect_not_now": {"redirect": choose.of(made(state, "redirect"))},
        "fear_offered": {"id": name, "to": who, "wording": "I wonder if it was fear?"},
        "fear_answered": {"fear": choose.of(made(state, "fear")), "answer": choose.of(("fits", "not_now"))},
        "need_named": {"id": name, "need": "space"},
        "idea_parked": {"id": name, "text": "A walk."},
        "option_added": {"id": name, "text": "A walk."},
        "option_reactions": {"reactions": {choose.of(made(state, "option")): "gladly"}},
        "compromise_drafted": {
            "id": name,
            "text": "A walk.",
            "who_does_what": [{"who": "both", "what": "Walk."}],
            "look_again_on": "2026-03-16",
        },
        "agreement_confirmed": {"agreement": choose.of(made(state, "agreement"))},
        "settling_called": {"minutes": 5},
        "cool_down_called": {"return_at": later},
        "return_time_accepted": {"return_at": later},
        "return_time_changed": {"return_at": later},
        "need_longer": {"return_at": later},
        "caucus_started": {"with": who},
        "caucus_switched": {"with": who},
        "goal_viewed": {"goal": "G1", "view": "yes"},
        "milestones_kept": {"milestones": [{"id": choose.of(("M1", "M2")), "milestone": "own_kind"}]},
        "retreat_view_given": {"view": "not_sure"},
        "arrival_temperature": {"temperature": 4},
        "closing_temperature": {"temperature": 4},
        "session_ended": {"how": state.derived_how()},
    }.get(kind, {})
    if kind in ("phrase_used", "closing_word", "note", "retreat_purpose_acknowledged"):
        fields = {"text": "I am on your side."}
    return by, kind, fields


def follow(plan, decisions):
    """Post what the rules let pass; yields the table after every step, posted or not."""
    table = Table(plan)
    if decisions[0][0] % 4:
        table.begun()

    for number, gap, mood in decisions:
        by, kind, fields = command(table, Chooser(number))
        voice = None if mood or not plan.timed else Chooser(number).of(("A", "F", "none"))
        if kind in ("voice_returned", "quiet_started"):
            voice = "none"
        told_to = by in "AB"
        override = "said aloud" if mood > 2 else None

        try:
            table.post(by, kind, fields, after=gap, voice=voice, told_to=told_to, override=override)
        except Refusal:
            table.wait(seconds=gap)
        yield table


def both_identities_hold(table, now):
    reading = read(table.plan, table.state, now)
    ran = 0
    if reading.started_at is not None:
        ran = seconds(reading.ended_at or now) - seconds(reading.started_at)

    assert reading.wall_s == ran
    assert reading.wall_s == (
        reading.active_s + reading.brief_pause_s + reading.cool_down_s + reading.caucus_s
    )
    assert reading.active_s == sum(phase.active_s for phase in reading.phases)
    assert reading.active_s == sum(reading.voice_s.values())
    for phase in reading.phases:
        assert phase.active_s == sum(phase.voice_s.values())
    return reading


@relaxed
@given(st.sampled_from(PLANS), steps, st.integers(0, 5000))
def test_both_time_identities_hold_at_every_prefix_and_any_later_instant(plan, decisions, later):
    for table in follow(plan, decisions):
        both_identities_hold(table, table.now)
        both_identities_hold(table, table.now + timedelta(seconds=later, milliseconds=700))


@relaxed
@given(st.sampled_from(PLANS), steps)
def test_what_was_advanced_step_by_step_equals_the_fold(plan, decisions):
    for place, table in enumerate(follow(plan, decisions)):
        if place % 9 == 0 or place == len(decisions) - 1:
            assert table.state == fold(plan, table.state.moments)
            assert table.reading == read(plan, table.state.moments, table.now)


@relaxed
@given(st.sampled_from(PLANS), steps)
def test_from_everywhere_the_facilitator_reaches_the_end_in_three_commands_without_a_reason(plan, decisions):
    for table in follow(plan, decisions):
        if table.state.ended_at is not None:
            continue

        assert "stopped" in table.kinds
        stopping = Table.__new__(Table)
        stopping.__dict__.update(table.__dict__)
        stopping.state = fold(plan, table.state.moments)
        stopping.post("F", "stopped")
        assert stopping.state.ended_at is not None

        if table.state.started_at is not None:
            # And kindly: carried over, then ended as what it was.
            stopping.state = fold(plan, table.state.moments)
            if not stopping.state.carried:
                stopping.post("F", "carried_over")
            if stopping.state.ended_at is None:
                stopping.post("F", "session_ended", how=stopping.reading.ended_how)
            assert stopping.state.ended_how == "carried_over"


@relaxed
@given(st.sampled_from(PLANS), steps)
def test_between_now_and_when_it_changes_by_itself_a_reading_tells_the_same(plan, decisions):
    for table in follow(plan, decisions):
        now = table.reading
        if now.changes_at is None:
            continue

        assert now.changes_at > table.now - timedelta(seconds=1)
        before = read(plan, table.state, now.changes_at - timedelta(seconds=1))
        assert before.state == now.state
        assert before.due == now.due
        assert before.extension == now.extension
        assert before.closing_is_due == now.closing_is_due


@relaxed
@given(st.sampled_from(PLANS), steps)
def test_what_a_screen_offers_depends_on_nothing_but_what_is_known(plan, decisions):
    for table in follow(plan, decisions):
        assert table.kinds == allowed(plan, list(table.state.moments), table.standing, table.now)
        assert {"stopped", "cool_down_called"} & table.kinds or table.reading.state in (
            "ended",
            "cooling_down",
        )
