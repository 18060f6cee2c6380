"""The library of formats and the word lists."""

import pytest

from sessions.engine.formats import FORMATS, feelings, need_words, needs
from sessions.engine.plan import PHASE_GOALS, PHASE_KINDS, TURNS, UNDERSTANDING_CHECKS, Plan
from sessions.engine.rules import format_guards

CODES = [
    "after-withdrawal",
    "boundaries-pace",
    "commitments",
    "deep-hurt",
    "ending-well",
    "first-meeting",
    "first-talk",
    "incident-repair",
    "needs-compromises",
    "one-to-one",
    "parenting-spill",
    "revisit",
    "shared-language",
    "weekly-us",
]


def test_there_are_fourteen_formats():
    assert sorted(FORMATS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_the_minutes_of_a_format_are_those_of_its_phases_long_and_short(code):
    one = FORMATS[code]
    assert sum(phase.minutes for phase in one.phases) == one.minutes
    assert sum(phase.minutes for phase in one.phases_short) == one.minutes_short
    assert one.minutes_short <= one.minutes


@pytest.mark.parametrize("code", CODES)
def test_a_format_opens_closes_and_speaks_the_words_of_the_house(code):
    one = FORMATS[code]
    assert (one.phases[0].kind, one.phases[-1].kind) == ("opening", "closing")

    for phase in one.phases:
        assert phase.kind in PHASE_KINDS
        assert phase.goal in PHASE_GOALS
        assert phase.turn in TURNS
        assert phase.understanding_check in UNDERSTANDING_CHECKS
        assert phase.prompts
    assert {phase.goal for phase in one.phases} >= set(one.serves)


def test_only_the_uneven_ones_give_way_when_saved():
    codes = {code: format_guards(one.phases, override="ready format") for code, one in FORMATS.items()}
    assert {code: found for code, found in codes.items() if found} == {
        "deep-hurt": ("format_solos",),
        "one-to-one": ("format_length", "format_solos", "closing_short"),
    }


def test_ninety_feelings_and_sixty_needs_in_families_of_six():
    assert [len(words) for words in feelings().values()] == [6] * 15
    assert [len(words) for words in needs().values()] == [6] * 10
    assert {"space", "reassurance"} <= need_words()
    assert len(need_words()) == 60


def test_solo_phases_follow_the_first_speaker():
    plan = Plan(phases=FORMATS["first-talk"].phases, zone="Europe/Lisbon", first_speaker="B")

    assert plan.floor_of("partner_1") == "B"
    assert plan.floor_of("partner_2") == "A"
    assert plan.floor_of("alternate") is None
    assert plan.minutes == 60
