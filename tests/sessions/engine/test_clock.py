"""The clock: where we are, from the Moments and now alone."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sessions.engine.clock import DueReading, fold, read
from sessions.engine.rules import Standing
from sessions.engine.session_file import read_file, rehearse
from tests.services import SESSION_FILES
from tests.sessions.engine.table import ALONE, PLAN, START, UNTIMED, Table, text

WORKED = SESSION_FILES / "good" / "worked_session.jsonl"


def at(clock):
    return datetime.fromisoformat(f"2025-03-13T{clock}Z")


@pytest.fixture(scope="module")
def worked():
    file = read_file(WORKED)
    moments, _ = rehearse(file, Standing.of_throw_away_couple())
    return file.plan, moments


def worked_at(worked, clock):
    plan, moments = worked
    return read(plan, [moment for moment in moments if moment.at <= at(clock)], at(clock))


STATES = [
    ("17:40:00", "ready"),
    ("17:45:00", "gathering"),
    ("18:02:00", "running"),
    ("18:21:40", "cooling_down"),
    ("18:42:40", "running"),
    ("18:53:00", "brief_pause"),
    ("18:55:00", "running"),
    ("19:13:30", "ended"),
    ("19:40:00", "ended"),
]


@pytest.mark.parametrize(("clock", "state"), STATES)
def test_the_worked_session_stands_where_it_should(worked, clock, state):
    assert worked_at(worked, clock).state == state


def test_automatic_events_carry_the_instant_they_fell_due_and_not_when_somebody_looked(worked):
    assert worked_at(worked, "19:13:30").due == (
        DueReading("doors_opened", at("17:45:00"), None),
        DueReading("phase_overtime", at("18:06:00"), 1),
        DueReading("phase_overtime", at("18:18:00"), 3),
        DueReading("return_due", at("18:42:00"), None),
    )


def test_a_check_is_held_while_they_cool_down_and_then_goes_on(worked):
    held = worked_at(worked, "18:30:00")
    assert (held.check.id, held.check.state, held.check.under, held.check.attempt) == (
        "C3",
        "held",
        "awaiting_reflection",
        2,
    )
    assert worked_at(worked, "18:43:00").check.state == "awaiting_reflection"
    assert worked_at(worked, "18:43:50").check.state == "awaiting_answer"


def test_the_listener_speaks_while_the_floor_stays(worked):
    reading = worked_at(worked, "18:12:05")
    assert (reading.floor, reading.voice) == ("B", "B")
    assert worked_at(worked, "18:11:30").voice == "A"


def test_phase_four_spans_the_cool_down_and_does_not_grow_by_it(worked):
    assert worked_at(worked, "18:48:10").phases[3].active_s == 540


def test_a_return_time_and_who_is_ready(worked):
    reading = worked_at(worked, "18:41:45")
    assert (reading.return_at, reading.ready) == (at("18:42:00"), frozenset("A"))
    assert reading.pause.agreed_return == at("18:42:00")


def test_an_extension_is_sealed_until_both_are_in(worked):
    reading = worked_at(worked, "19:04:40")
    assert (reading.extension.state, reading.extension.sealed) == ("asking", True)
    reading = worked_at(worked, "19:04:50")
    assert (reading.extension.state, reading.extension.sealed) == ("agreed", False)
    assert reading.phases[5].extended_s == 180


def test_options_are_unlocked_by_listening_and_stay_so(worked):
    assert not worked_at(worked, "18:40:00").options_unlocked
    assert worked_at(worked, "18:44:00").options_unlocked


def test_it_ends_at_this_pace_when_everything_left_is_done(worked):
    assert worked_at(worked, "18:02:00").ends_at == at("18:52:00")
    # Cooling down, everything left begins at the return time.
    assert worked_at(worked, "18:22:00").ends_at == at("18:42:00") + timedelta(
        seconds=600 - 210 + 600 + 480 + 360
    )


def test_instants_are_cut_to_whole_seconds(worked):
    plan, moments = worked
    shifted = [replace(moment, at=moment.at + timedelta(milliseconds=990)) for moment in moments]
    assert fold(plan, shifted).active == fold(plan, moments).active == 2910


# --- what falls due ----------------------------------------------------------------------------------


def kinds_due(table):
    return [due.kind for due in table.reading.due]


def test_doors_open_by_themselves_a_quarter_of_an_hour_before():
    table = Table()
    table.now = START - timedelta(minutes=15, seconds=1)
    assert (table.reading.state, table.reading.changes_at) == ("ready", START - timedelta(minutes=15))
    assert table.wait(seconds=1).reading.state == "gathering"


def test_half_an_hour_after_the_start_not_held_is_a_suggestion_and_no_end():
    table = Table().gathered()
    table.now = START + timedelta(minutes=30)
    assert kinds_due(table) == ["doors_opened", "not_held"]
    assert (table.reading.state, table.reading.ended_how) == ("gathering", "not_held")

    table.post("F", "session_ended", how="not_held")

    assert table.reading.ended_how == "not_held"


def test_closing_falls_due_while_only_it_still_fits():
    table = Table().in_phase(3)
    begun = table.reading.started_at
    table.now = begun + timedelta(minutes=50) - timedelta(seconds=1)
    assert not table.reading.closing_is_due

    table.wait(seconds=1)

    assert table.reading.closing_is_due
    assert table.reading.due[-1] == DueReading("closing_due", begun + timedelta(minutes=50), None)


def test_at_the_agreed_maximum_the_reading_is_wrapping_up_and_a_person_ends():
    table = Table().in_phase(6)
    begun = table.reading.started_at
    table.now = begun + timedelta(minutes=55)
    assert (table.reading.state, table.reading.ended_how) == ("wrapping_up", "maximum_reached")
    assert table.reading.due[-1] == DueReading("maximum_reached", begun + timedelta(minutes=55), None)

    table.wait(hours=9)

    assert table.reading.state == "wrapping_up"

    table.post("F", "session_ended", how="maximum_reached")

    assert table.reading.state == "ended"


def test_the_latest_end_comes_even_while_active_time_stands_still():
    table = Table().in_phase(3).cooling(minutes=60)
    table.now = PLAN.latest_end
    assert kinds_due(table)[-1] == "maximum_reached"

    table.both_ready()

    assert table.refused("F", "resumed").code == "too_late_to_resume"


def test_a_return_time_falls_due_and_ten_minutes_later_is_missed():
    table = Table().in_phase(3).cooling(minutes=20)
    back = table.reading.return_at

    table.now = back + timedelta(minutes=9, seconds=59)
    assert kinds_due(table)[-1] == "return_due"
    assert table.reading.changes_at == back + timedelta(minutes=10)
    assert kinds_due(table.wait(seconds=1))[-1] == "return_missed"


def test_a_return_is_not_missed_when_both_are_ready():
    table = Table().in_phase(3).cooling(minutes=20).wait(minutes=21).both_ready().wait(minutes=60)
    assert kinds_due(table)[-1] == "maximum_reached"
    assert "return_missed" not in kinds_due(table)


def test_after_five_minutes_a_brief_pause_is_long_and_settling_has_its_own_minutes():
    table = Table().in_phase(3)
    table.post("A", "brief_pause_called")

    assert table.reading.changes_at == table.now + timedelta(minutes=5)

    table.wait(minutes=5)

    assert kinds_due(table)[-1] == "brief_pause_long"

    table.post("F", "resumed")
    table.post("B", "settling_called", minutes=8)

    assert (table.reading.state, table.reading.pause.kind) == ("brief_pause", "settling")
    assert table.reading.changes_at == table.now + timedelta(minutes=8)


def test_an_unanswered_extension_reads_not_now_after_a_minute_and_may_still_be_answered():
    table = Table().in_phase(3)
    table.post("A", "extension_proposed", phase=3, minutes=4)
    table.post("A", "extension_answered", answer="yes")
    table.wait(seconds=59)

    assert (table.reading.extension.state, table.reading.extension.sealed) == ("not_now", False)

    table.post("B", "extension_answered", answer="yes")

    assert table.reading.phases[2].extended_s == 240


def test_both_may_go_past_the_maximum_together():
    table = Table().in_phase(6).wait(minutes=56)
    assert table.reading.state == "wrapping_up"

    table.post("F", "extension_proposed", phase=6, minutes=10)
    table.post("A", "extension_answered", answer="yes")
    table.post("B", "extension_answered", answer="yes")

    assert table.reading.state == "running"
    assert table.reading.maximum_s > 55 * 60


def test_not_now_of_either_keeps_to_the_time():
    table = Table().in_phase(3)
    table.post("F", "extension_proposed", phase=3, minutes=4)
    table.post("A", "extension_answered", answer="not_now")

    assert table.reading.extension.state == "asking"

    table.post("B", "extension_answered", answer="yes")

    assert (table.reading.extension.state, table.reading.phases[2].extended_s) == ("not_now", 0)


# --- phases ------------------------------------------------------------------------------------------


def test_phases_jumped_over_read_as_set_aside_and_may_come_back():
    table = Table().in_phase(3)
    table.post("F", "phase_finished", phase=3)
    table.post("F", "phase_started", phase=6)

    assert [phase.status for phase in table.reading.phases] == [
        "finished",
        "finished",
        "finished",
        "set_aside",
        "set_aside",
        "active",
        "waiting",
    ]

    table.post("F", "phase_returned", phase=4)

    assert table.reading.phases[3].status == "waiting"


def test_seconds_belong_to_the_phase_started_last():
    table = Table().in_phase(3).wait(seconds=99)
    table.post("F", "phase_finished", phase=3)
    table.wait(seconds=50)
    assert (table.reading.phase, table.reading.phases[2].active_s) == (None, 150)


def test_minutes_added_and_set_move_the_end_of_a_phase():
    table = Table().in_phase(3)
    table.post("F", "minutes_added", phase=3, minutes=2)
    table.post("F", "minutes_set", minutes={"4": 7, "5": 8})

    phases = table.reading.phases
    assert (phases[2].extended_s, phases[3].planned_s, phases[4].planned_s) == (120, 420, 480)


# --- voice -------------------------------------------------------------------------------------------


def test_without_a_voice_on_the_line_it_follows_what_happens():
    table = Table().in_phase(2)
    assert table.reading.voice == "none"

    table.in_phase(3)

    assert table.reading.voice == "F"

    table.post("F", "turn_started", floor="A")

    assert (table.reading.floor, table.reading.voice) == ("A", "A")

    table.said().asked()

    assert table.reading.voice == "B"

    table.reflected()

    assert table.reading.voice == "A"

    table.post("B", "brief_pause_called")

    assert table.reading.voice == "none"

    table.post("F", "resumed")

    assert (table.reading.floor, table.reading.voice) == ("A", "F")


def test_a_voice_on_the_line_beats_it():
    table = Table().in_phase(3)
    table.post("F", "turn_started", floor="A", voice="F")
    assert (table.reading.floor, table.reading.voice) == ("A", "F")


# --- pauses, talks with each -------------------------------------------------------------------------


def test_a_return_time_that_is_missing_or_past_is_the_least_minutes_from_now():
    table = Table().in_phase(3)
    table.post("A", "cool_down_called")

    assert table.reading.return_at == table.now + timedelta(minutes=20)

    table = Table().in_phase(3)
    table.post("A", "cool_down_called", return_at=text(START - timedelta(hours=1)))

    assert table.reading.return_at == table.now + timedelta(minutes=20)


def test_longer_asks_nobody_and_takes_back_being_ready():
    table = Table().in_phase(3).cooling(minutes=20)
    back = table.reading.return_at

    table.post("A", "return_time_accepted", return_at=text(back))
    table.post("A", "ready_again")
    table.post("A", "need_longer", return_at=text(back + timedelta(minutes=15)))

    pause = table.reading.pause
    assert (pause.return_at, pause.agreed_return, pause.ready) == (
        back + timedelta(minutes=15),
        back + timedelta(minutes=15),
        frozenset(),
    )


def test_another_time_is_agreed_once_the_other_accepts_it():
    table = Table().in_phase(3).cooling("B", minutes=20)
    later = table.reading.return_at + timedelta(minutes=10)

    table.post("A", "return_time_changed", return_at=text(later))

    assert table.reading.pause.agreed_return is None

    table.post("B", "return_time_accepted", return_at=text(later))

    assert table.reading.pause.agreed_return == later


def test_a_cool_down_out_of_a_brief_pause_goes_over_into_it():
    table = Table().in_phase(3)
    table.post("A", "brief_pause_called")
    table.wait(seconds=59).cooling("B")
    table.wait(seconds=30)

    reading = table.reading
    assert (reading.state, reading.brief_pause_s, reading.cool_down_s) == ("cooling_down", 60, 30)


def test_the_caucus_clock_runs_until_somebody_resumes():
    table = Table().in_phase(3)
    table.post("F", "caucus_started", {"with": "A"})
    table.wait(seconds=99)
    table.post("F", "caucus_switched", {"with": "B"})
    table.wait(seconds=49)
    table.post("F", "caucus_ended", {"with": "B"})
    table.wait(seconds=19)
    table.post("F", "resumed")

    reading = table.reading
    assert (reading.state, reading.caucus_s, reading.caucus_with_s) == ("running", 170, {"A": 100, "B": 50})


def test_a_caucus_begun_in_a_cool_down_returns_to_it():
    table = Table().in_phase(3).cooling()
    table.post("F", "caucus_started", {"with": "A"})

    assert table.reading.state == "caucus"

    table.post("F", "caucus_ended", {"with": "A"})

    assert (table.reading.state, table.reading.pause.kind) == ("cooling_down", "cool_down")


# --- ends --------------------------------------------------------------------------------------------


def test_leaving_rests_the_session_and_the_facilitator_ends_it_gently():
    table = Table().in_phase(3)
    table.post("B", "partner_left")

    assert (table.reading.state, table.reading.gone) == ("brief_pause", frozenset("B"))

    table.post("F", "session_ended", how="early_by_partner")

    assert table.reading.ended_how == "early_by_partner"


def test_carried_over_wraps_up_with_both_and_ends_without():
    table = Table().in_phase(3)
    table.post("F", "carried_over")

    assert (table.reading.state, table.reading.ended_how) == ("wrapping_up", "carried_over")

    table = Table().in_phase(3)
    table.post("B", "partner_left")
    table.post("F", "carried_over")

    assert (table.reading.state, table.reading.ended_how) == ("ended", "carried_over")


ENDINGS = [
    ("A", "stopped", "early_by_partner"),
    ("F", "stopped", "early_by_facilitator"),
    ("F", "safety_stop", "safety"),
]


@pytest.mark.parametrize(("by", "kind", "how"), ENDINGS, ids=[row[2] for row in ENDINGS])
def test_a_stop_ends_at_once(by, kind, how):
    table = Table().in_phase(3)
    table.post(by, kind)
    assert (table.reading.state, table.reading.ended_how) == ("ended", how)


def test_a_lost_connection_pauses_and_ends_as_what_it_was():
    table = Table(replace(PLAN, mode="remote")).in_phase(3)
    table.post("F", "connection_lost")

    assert table.reading.state == "brief_pause"

    table.wait(minutes=10)

    assert "connection_lost_long" in kinds_due(table)
    assert table.reading.ended_how == "connection_lost"

    table.post("F", "connection_back")
    table.post("F", "resumed")

    assert table.reading.state == "running"


def test_closing_finished_is_wrapping_up_and_would_be_complete():
    reading = Table().closed().reading
    assert (reading.state, reading.ended_how) == ("wrapping_up", "completed")


def test_undone_is_as_if_it_had_never_been():
    table = Table().in_phase(3)
    before = table.state.moments[:]

    table.post("A", "arrival_temperature", temperature=3)
    table.post("F", "phase_finished", phase=3)
    table.post("F", "undone", line=table.number)

    same = fold(PLAN, [*before, table.state.moments[len(before)]])
    assert table.reading.phases == read(PLAN, same, table.now).phases
    assert table.reading.phase == 3


def test_written_up_afterwards_nothing_is_timed():
    table = Table(UNTIMED).in_phase(3).wait(hours=3)
    reading = table.reading
    assert (reading.state, reading.wall_s, reading.changes_at, reading.ends_at) == ("running", 0, None, None)


def test_alone_both_means_the_one():
    table = Table(ALONE).in_phase(3).cooling("A").both_ready()
    table.post("F", "resumed")
    assert table.reading.options_unlocked


def test_a_state_is_read_without_being_changed(worked):
    plan, moments = worked
    state = fold(plan, moments[:40])
    before = json.dumps(read(plan, state, at("18:20:30")).voice_s)

    read(plan, state, at("19:59:00"))

    assert json.dumps(read(plan, state, at("18:20:30")).voice_s) == before
    assert state == fold(plan, moments[:40])
