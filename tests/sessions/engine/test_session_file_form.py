"""The form of a session file: every malformed or forbidden one is named at its first line, in file order."""

import json
from dataclasses import replace

import pytest

from facilitator.errors import Refusal
from sessions.engine.rules import Standing
from sessions.engine.session_file import BadLine, load, read_file, read_header, rehearse, written_line
from tests.services import SESSION_FILES

STANDING = Standing.of_throw_away_couple()

# The file, the line at fault, and how the reason begins or goes on.
BAD = [
    ("01_empty_file.jsonl", 1, "the file is empty"),
    ("02_header_alone.jsonl", 1, "the last line does not end the session"),
    ("03_header_not_json.jsonl", 1, "the line is not JSON"),
    ("04_header_other_version.jsonl", 1, "session_file is not a whole number from 1 to 1"),
    ("05_header_unknown_key.jsonl", 1, "mood is not something that can be given here"),
    ("06_header_unknown_key_at_depth.jsonl", 1, "partners.A.age is not something that can be given here"),
    ("07_header_unknown_format.jsonl", 1, "format is not one of"),
    ("08_header_without_format_or_phases.jsonl", 1, "format is missing"),
    ("09_header_unknown_zone.jsonl", 1, "zone is not a time zone"),
    ("10_header_ends_before_it_begins.jsonl", 1, "latest_end is not after planned_start"),
    ("11_header_untimed_with_a_clock.jsonl", 1, "planned_start has no place"),
    ("12_header_talk_with_one_for_both.jsonl", 1, "with names one partner"),
    ("13_header_goal_twice.jsonl", 1, "goals names something twice"),
    ("14_line_not_json.jsonl", 3, "the line is not JSON"),
    ("15_line_blank.jsonl", 3, "the line is not JSON"),
    ("16_line_a_list.jsonl", 2, "the line is not a JSON object"),
    ("17_line_key_twice.jsonl", 2, "the line gives one key twice"),
    ("18_line_not_utf8.jsonl", 2, "the line is not UTF-8"),
    ("19_unknown_kind.jsonl", 2, "levitated is no kind of entry"),
    ("20_unknown_key.jsonl", 2, "mood is not something that can be given here"),
    ("21_unknown_key_at_depth.jsonl", 11, "who_does_what[0].when is not something"),
    ("22_time_without_z.jsonl", 2, "at is not an instant"),
    ("23_time_goes_back.jsonl", 3, "at is earlier than the line before"),
    ("24_time_missing.jsonl", 2, "at is missing"),
    ("25_by_a_stranger.jsonl", 2, "by is not one of"),
    ("26_by_the_wrong_one.jsonl", 2, "This is for somebody else to do."),
    ("27_co_facilitator_without_one.jsonl", 2, "There is no co-facilitator"),
    ("28_temperature_out_of_range.jsonl", 2, "temperature is not a whole number from 0 to 10"),
    ("29_temperature_is_true.jsonl", 2, "temperature is not a whole number from 0 to 10"),
    ("30_control_character.jsonl", 2, "text holds a control character"),
    ("31_override_by_a_partner.jsonl", 2, "override belongs to the facilitator"),
    ("32_told_to_by_the_facilitator.jsonl", 2, "told_to belongs to what a partner said"),
    ("33_voice_of_nobody_known.jsonl", 11, "voice is not one of"),
    ("34_voice_missing.jsonl", 11, "voice is missing"),
    ("35_statement_without_words.jsonl", 11, "text is missing"),
    ("36_before_both_arrived.jsonl", 3, "not everybody is marked as here"),
    ("37_phase_that_is_not_there.jsonl", 11, "There is no phase 9."),
    ("38_two_phases_at_once.jsonl", 11, "Phase 3 is still going on."),
    ("39_first_phase_without_ground_rules.jsonl", 6, "the ground rules have not been agreed"),
    ("40_second_open_check.jsonl", 13, "The check C1 is still open."),
    ("41_speaker_gives_back_own_words.jsonl", 13, "Only the listener"),
    ("42_listener_confirms.jsonl", 14, "Only the speaker"),
    ("43_reflection_without_a_feeling.jsonl", 13, "part of what was said has not been given back"),
    ("44_option_before_listening.jsonl", 17, "each has first listened"),
    ("45_resumed_before_both_are_ready.jsonl", 13, "both say that they are ready"),
    ("46_absolute_in_spite_of_a_reason.jsonl", 13, "both say that they are ready"),
    ("47_key_with_other_fields.jsonl", 3, "The key was used before with other content."),
    ("48_id_twice.jsonl", 12, "The id S1 is already in use."),
    ("49_pointing_at_nothing.jsonl", 11, "There is nothing with the id S7"),
    ("50_ended_otherwise_than_derived.jsonl", 11, "The session would end as early_by_facilitator."),
    ("51_ended_before_the_closing.jsonl", 11, "the closing is not finished"),
    ("52_something_after_the_end.jsonl", 12, "The session has ended"),
    ("53_no_end.jsonl", 11, "the last line does not end the session"),
    ("54_refused_before_malformed.jsonl", 6, "the ground rules have not been agreed"),
    ("55_malformed_before_refused.jsonl", 6, "the line is not JSON"),
    ("56_undone_too_late.jsonl", 12, "Undoing is possible for ten seconds."),
    ("57_clock_corrected.jsonl", 11, "cannot be corrected"),
    ("58_fear_that_was_not_accepted.jsonl", 13, "There is nothing with the id F1"),
    ("59_untimed_with_an_instant.jsonl", 2, "at is not something that can be given here"),
    ("60_untimed_with_a_pause.jsonl", 11, "carries no clock"),
    ("61_other_partner_in_a_talk_with_one.jsonl", 2, "with one partner only"),
    ("62_agreement_confirmed_by_the_facilitator.jsonl", 12, "This is for somebody else to do."),
]


@pytest.mark.parametrize(("name", "line", "reason"), BAD, ids=[name for name, _, _ in BAD])
def test_the_first_line_at_fault_is_named(name, line, reason):
    with pytest.raises(BadLine) as caught:
        rehearse(load(SESSION_FILES / "bad" / name), STANDING)
    assert caught.value.line_number == line
    assert reason in caught.value.reason
    assert str(caught.value) == f"{line}: {caught.value.reason}"


def test_every_bad_file_is_in_the_table():
    assert sorted(path.name for path in (SESSION_FILES / "bad").iterdir()) == sorted(
        name for name, _, _ in BAD
    )


GOOD = {
    "bridge_at_attempt_four.jsonl": "completed",
    "carried_check.jsonl": "completed",
    "caucus_in_cool_down.jsonl": "completed",
    "one_to_one.jsonl": "completed",
    "set_aside_for_a_reason.jsonl": "carried_over",
    "worked_session.jsonl": "completed",
    "written_up_afterwards.jsonl": "completed",
}


def heard(name):
    return rehearse(read_file(SESSION_FILES / "good" / name), STANDING)


@pytest.mark.parametrize(("name", "ended_how"), GOOD.items())
def test_a_good_file_runs_to_its_end_and_always_to_the_same_figures(name, ended_how):
    _, figures = heard(name)
    assert figures["ended_how"] == ended_how
    assert heard(name)[1] == figures


def test_the_worked_session_comes_to_exactly_its_figures():
    _, figures = heard("worked_session.jsonl")
    assert figures == json.loads((SESSION_FILES / "good" / "worked_session_figures.json").read_text())


@pytest.mark.parametrize("name", GOOD)
def test_a_file_written_again_line_by_line_is_the_same_file(name):
    read = read_file(SESSION_FILES / "good" / name)
    lines = [json.loads(line) for line in (SESSION_FILES / "good" / name).read_text().splitlines()]
    assert [dict(read.header.raw)] + [written_line(line, line.at) for line in read.lines] == lines


def test_a_written_up_session_has_no_seconds_anywhere():
    _, figures = heard("written_up_afterwards.jsonl")
    assert '_s"' not in json.dumps(figures)
    assert figures["checks"]["by_listener"]["A"] == {"answered": 1, "first_try": 0}
    assert figures["misinterpretations"] == [{"check": "C2", "problem": None, "tries": 2}]


def test_a_check_that_is_open_at_the_end_is_carried():
    _, figures = heard("carried_check.jsonl")
    assert figures["checks"]["carried"] == 1
    assert figures["misinterpretations"] == [
        {
            "check": "C1",
            "problem": "too_mild",
            "tries": 1,
            "settled_active_s": None,
            "settled_wall_s": None,
        }
    ]


def test_a_bridge_is_confirmed_at_attempt_four():
    _, figures = heard("bridge_at_attempt_four.jsonl")
    assert figures["checks"] == {
        "opened": 1,
        "answered": 1,
        "confirmed": 1,
        "set_aside": 0,
        "carried": 0,
        "first_try": 0,
        "corrections": 3,
        "by_listener": {"A": {"answered": 0, "first_try": 0}, "B": {"answered": 1, "first_try": 0}},
    }
    assert figures["misinterpretations"][0]["tries"] == 4


def test_talks_with_each_inside_a_cool_down_keep_their_own_clock():
    _, figures = heard("caucus_in_cool_down.jsonl")
    assert figures["caucus_s"] == 600
    assert figures["cool_down_s"] == 60 + 10 + 700 + 20 + 120
    assert figures["pauses"][0]["called_by"] == "B"


def test_only_what_was_really_set_aside_is_marked_so():
    moments, _ = heard("set_aside_for_a_reason.jsonl")
    assert [(m.kind, m.number) for m in moments if m.override] == [("session_started", 3), ("statement", 13)]


def test_a_key_sent_again_leaves_one_entry():
    moments, _ = heard("one_to_one.jsonl")
    assert [m.kind for m in moments].count("closing_word") == 1


def test_no_moment_carries_a_word_or_a_private_number():
    for name in GOOD:
        for moment in heard(name)[0]:
            assert (
                not {"text", "feelings", "reason", "temperature", "wording", "meant", "need"}
                & moment.facts.keys()
            )


def test_whatever_the_standing_says_is_named_at_its_line():
    withdrawn = replace(STANDING, facilitation_consent_a=False)
    with pytest.raises(BadLine, match="6: A consent was taken back"):
        rehearse(load(SESSION_FILES / "good" / "worked_session.jsonl"), withdrawn)


def test_phases_in_a_header_beat_those_of_its_format():
    raw = json.loads((SESSION_FILES / "good" / "worked_session.jsonl").read_text().splitlines()[0])
    phase = {
        "title": "All of it",
        "kind": "closing",
        "goal": "frame",
        "minutes": 20,
        "turn": "together",
        "understanding_check": "none",
        "prompts": [],
    }

    _, plan = read_header({**raw, "phases": [phase]})

    assert plan.format == "after-withdrawal"
    assert [one.title for one in plan.phases] == ["All of it"]
    assert plan.phases[0].check_kind is None

    with pytest.raises(Refusal, match=r"phases\[0\]\.mood"):
        read_header({**raw, "phases": [{**phase, "mood": "calm"}]})


def test_the_names_of_two_people_are_in_the_header():
    header = read_file(SESSION_FILES / "good" / "worked_session.jsonl").header
    assert (header.couple_code, header.facilitator, header.names["B"]) == ("R-014", "Ines", "Teo")
