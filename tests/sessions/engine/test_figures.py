"""The figures: what the room took, and what came of it."""

import pytest

from tests.sessions.engine.table import ALONE, PLAN, UNTIMED, Table, text

START = PLAN.planned_start


def test_before_anything_everything_is_nothing():
    figures = Table().figures
    assert (figures["wall_s"], figures["ended_how"], figures["checks"]["opened"]) == (0, None, 0)
    assert figures["phases"]["3"]["planned_s"] == 600


def test_overtime_is_beyond_planned_and_extended():
    table = Table().in_phase(3)
    table.post("F", "minutes_added", phase=3, minutes=2)
    table.wait(minutes=13).post("F", "phase_finished", phase=3)

    assert table.figures["phases"]["3"] == {
        "planned_s": 600,
        "extended_s": 120,
        "active_s": 782,
        "overtime_s": 62,
        "voice_s": {"A": 0, "B": 0, "F": 782, "none": 0},
    }


def test_first_try_counts_by_listener_and_a_check_set_aside_unanswered_is_left_out():
    table = Table().in_phase(3).listened("A", "B", "1")
    table.said("A", "S2").asked("S2", "C2", "B").reflected("C2", "B")
    table.post("A", "reflection_corrected", check="C2", problem="too_mild")
    table.post("B", "check_set_aside", check="C2")
    table.said("A", "S3").asked("S3", "C3", "B")
    table.post("A", "check_set_aside", check="C3")

    assert table.figures["checks"] == {
        "opened": 3,
        "answered": 2,
        "confirmed": 1,
        "set_aside": 2,
        "carried": 0,
        "first_try": 1,
        "corrections": 1,
        "by_listener": {"A": {"answered": 0, "first_try": 0}, "B": {"answered": 2, "first_try": 1}},
    }


def test_a_bridge_not_accepted_carries_the_check():
    table = Table().corrected_times(3)
    table.post("F", "bridge_given", check="C1", feelings=["sad"], reason="you were all alone")
    table.post("A", "reflection_corrected", check="C1", problem="intent_added")
    assert (table.figures["checks"]["carried"], table.reading.check) == (1, None)


def test_attempt_four_corrected_carries_the_check():
    table = Table().corrected_times(3)
    table.post("F", "bridge_given", check="C1", feelings=["sad"], reason="you were all alone")
    table.post("A", "reflection_confirmed", check="C1")
    table.reflected().post("A", "reflection_corrected", check="C1")

    figures = table.figures
    assert (figures["checks"]["carried"], figures["checks"]["corrections"]) == (1, 4)
    assert figures["misinterpretations"][0]["tries"] == 4


def test_the_problem_is_that_of_the_first_correction():
    table = Table().in_phase(3).said().asked().reflected()
    table.post("A", "reflection_corrected", check="C1", problem="too_strong")
    table.reflected().post("A", "reflection_corrected", check="C1", problem="too_mild")
    table.wait(seconds=8).reflected().post("A", "reflection_confirmed", check="C1")

    assert table.figures["misinterpretations"] == [
        {"check": "C1", "problem": "too_strong", "tries": 3, "settled_active_s": 12, "settled_wall_s": 12}
    ]


LENGTHS = [(20, False), (25, False), (15, True)]


@pytest.mark.parametrize(("minutes", "shorter"), LENGTHS, ids=["as agreed", "longer", "shorter"])
def test_a_return_before_the_least_minutes_is_marked(minutes, shorter):
    table = Table().in_phase(3).cooling("B", minutes=minutes)
    back = text(table.reading.return_at)
    table.post("A", "return_time_accepted", return_at=back)
    table.wait(minutes=30).both_ready().post("F", "resumed")

    assert table.figures["pauses"] == [
        {
            "kind": "cool_down",
            "called_by": "B",
            "asked_return": back,
            "agreed_return": back,
            "resumed_at": text(table.now),
            "shorter_than_suggested": shorter,
        }
    ]


def test_resuming_early_together_is_also_shorter_than_suggested():
    table = Table().in_phase(3).cooling(minutes=20).wait(minutes=10).both_ready()
    table.post("F", "resumed")
    assert table.figures["pauses"][0]["shorter_than_suggested"]


def test_settling_is_a_pause_of_its_own_kind_on_the_brief_clock():
    table = Table().in_phase(3)
    table.post("F", "settling_called", minutes=5)
    table.wait(seconds=299).post("F", "resumed")

    assert (table.figures["brief_pause_s"], table.figures["pauses"][0]["kind"]) == (300, "settling")
    assert table.figures["pauses"][0]["asked_return"] is None


def test_a_shared_need_is_one_need_and_an_idea_is_no_option():
    table = Table().in_phase(5)
    table.post("A", "need_named", id="N1", need="space", shared_by=["A", "B"])
    table.post("B", "idea_parked", id="I1", text="A walk.")
    assert (table.figures["needs"], table.figures["options"]) == (1, 0)


def test_an_agreement_and_a_milestone_count_once_both_said_yes():
    table = Table().drafted()
    table.post("A", "agreement_confirmed", agreement="AG1")
    table.in_phase(7)
    kept = [{"id": "M1", "milestone": "shared_smile"}]

    table.post("A", "milestones_kept", milestones=kept)

    assert table.figures["agreements"] == {"drafted": 1, "confirmed": 0}
    assert table.figures["milestones"] == 0

    table.post("B", "agreement_confirmed", agreement="AG1")
    table.post("B", "milestones_kept", milestones=kept)

    assert table.figures["agreements"] == {"drafted": 1, "confirmed": 1}
    assert table.figures["milestones"] == 1


def test_alone_one_yes_is_everybodys():
    table = Table(ALONE).in_phase(7)
    table.post("A", "milestones_kept", milestones=[{"id": "M1", "milestone": "own_kind"}])
    assert table.figures["milestones"] == 1


def test_extensions_count_asked_and_agreed_apart():
    table = Table().in_phase(3)
    for answer in ("not_now", "yes"):
        table.post("A", "extension_proposed", phase=3, minutes=3)
        table.post("A", "extension_answered", answer="yes")
        table.post("B", "extension_answered", answer=answer)

    assert table.figures["extensions"] == {"proposed": 2, "agreed": 1, "minutes": 3}


def test_fears_and_redirects_count_what_was_taken_up():
    table = Table().in_phase(3)
    for name, answer in (("F1", "fits"), ("F2", "not_now")):
        table.post("F", "fear_offered", id=name, to="A", wording="I wonder if it was fear?")
        table.post("A", "fear_answered", fear=name, answer=answer)

    table.post("F", "redirect_offered", id="R1", to="A", suggestion="What did you see?")
    table.post("A", "redirect_rephrased", redirect="R1", id="S1", text="I saw the door.")
    table.post("F", "redirect_offered", id="R2", to="B", suggestion="What did you feel?")
    table.post("B", "redirect_kept", redirect="R2")

    assert table.figures["fears"] == {"offered": 2, "accepted": 1}
    assert table.figures["redirects"] == {"offered": 2, "rephrased": 1}


def test_untimed_figures_hold_no_seconds_at_any_depth():
    figures = Table(UNTIMED).in_phase(3).listened().figures
    assert figures["phases"] == {str(number): {} for number in range(1, 8)}
    assert not [key for key in figures if key.endswith("_s")]
