"""The rules beside the single guards: stopping, order of refusal, corrections, repeats, hints, write-ups."""

import re
from dataclasses import replace
from datetime import date

import pytest

from facilitator.errors import Refusal
from sessions.engine.kinds import KINDS, Command
from sessions.engine.plan import PlannedPhase
from sessions.engine.rules import format_guards, is_repeat
from tests.sessions.engine.guards.stage import (
    DRAFT,
    OPTION,
    SPEAK,
    Post,
    asked,
    begun,
    both_ready,
    bridging,
    cooling,
    drafted,
    ended,
    extending,
    feared,
    gathered,
    in_return,
    listened,
    new,
    options,
    past_maximum,
    paused,
    phase,
    redirected,
    reflected,
    remote,
    returned,
    said,
    untimed,
    with_ana,
    withdrawn,
)
from tests.sessions.engine.table import PHASES, PLAN, STANDING, UNTIMED, Table

STOPS = [
    Post("A", "brief_pause_called"),
    Post("B", "cool_down_called", temperature=9),
    Post("F", "settling_called", minutes=5),
    Post("B", "stopped"),
    Post("A", "partner_left"),
    Post("F", "safety_stop"),
]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.kind)
def test_a_pause_or_stop_works_alone_even_when_everything_else_rests(stop):
    table = past_maximum()
    table.standing = replace(
        STANDING,
        facilitation_consent_a=False,
        outcome_b="not_together",
        private_talk_a=False,
        firm_topics=frozenset({"money"}),
        screening_review_on=date(2020, 1, 1),
    )

    assert table.post(stop.by, stop.kind, stop.fields, **stop.how).set_aside == ()


def test_form_is_judged_before_the_absolute_and_the_absolute_before_the_soft():
    table = Table(PLAN, replace(STANDING, outcome_a="not_together"))
    assert table.refused("A", "session_started").code == "wrong_actor"
    assert table.refused("F", "session_started").code == "not_together"

    table.standing = STANDING
    assert table.refused("F", "session_started").code == "both_arrived"


def test_a_reason_that_sets_nothing_aside_is_ignored():
    table = gathered()
    assert table.post("F", "session_started", override="they asked").set_aside == ()
    assert not table.state.moments[-1].override


def test_time_does_not_go_back():
    assert phase(3)().refused("F", "note", text="Earlier.", after=-1).code == "time_went_back"


def test_a_firm_topic_is_no_answer_to_a_partner_at_their_own_page():
    table = Table(PLAN, replace(STANDING, firm_topics=frozenset({"money"}))).in_phase(3)
    assert table.post("A", "statement", {**SPEAK, "topics": ["money"]}).set_aside == ()


def test_what_a_partner_built_upon_is_not_undone():
    table = asked()
    table.reflected()
    assert table.refused("F", "undone", line=12).code == "built_upon"


def test_a_partner_between_does_not_hinder_undoing_what_nothing_rests_on():
    table = phase(3)()
    table.post("F", "turn_started", floor="A")
    table.post("A", "arrival_temperature", temperature=4)
    table.post("F", "undone", line=11)

    assert (table.reading.floor, table.reading.voice) == (None, "F")


def test_a_correction_that_would_break_what_came_after_is_not_made():
    table = asked()
    table.reflected()
    assert table.refused("F", "corrected", line=12, listener="A").code == "built_upon"


def test_a_correction_is_read_from_then_on():
    table = said()
    table.post("B", "validation_given", id="V1", of="S1", text="Yes.")
    table.post("B", "corrected", line=12, newly_voiced=True)
    assert table.figures["validations"] == {"given": 1, "newly_voiced": 1}


def test_after_the_end_a_correction_is_still_possible():
    table = said().in_phase(7)
    table.post("F", "phase_finished", phase=7)
    table.post("F", "session_ended", how="completed")

    assert table.post("A", "corrected", line=11, text="I sat there.").set_aside == ()
    assert table.reading.state == "ended"


def test_once_carried_over_nothing_new_begins_even_for_a_reason():
    table = cooling()
    table.post("F", "carried_over")
    assert table.reading.state == "wrapping_up"
    assert table.refused("A", "statement", SPEAK, told_to=True, override="one more").code == "wrong_state"


def test_a_key_again_with_the_same_fields_is_a_repeat_and_with_others_is_refused():
    first = Command("A", "closing_word", {"text": "Thank you."}, key="k1")
    seen = {("A", "k1"): first}
    assert is_repeat(seen, Command("A", "closing_word", {"text": "Thank you."}, key="k1"))
    assert not is_repeat(seen, Command("B", "closing_word", {"text": "Thank you."}, key="k1"))
    assert not is_repeat(seen, Command("A", "closing_word", {"text": "Thank you."}))

    with pytest.raises(Refusal, match="used before"):
        is_repeat(seen, Command("A", "closing_word", {"text": "Thanks."}, key="k1"))


HINTS = [
    ("eight or more is mentioned", new, Post("A", "arrival_temperature", temperature=8), "stirred_up"),
    (
        "a session without a goal is mentioned",
        lambda: Table(replace(PLAN, goals=())).gathered(),
        Post("F", "session_started"),
        "no_goal",
    ),
    ("coming early is mentioned", lambda: Table().wait(minutes=-30), Post("A", "arrived"), "doors_closed"),
    ("a story in the frame is mentioned", begun, Post("A", "statement", SPEAK), "frame_statement"),
    (
        "not quite in one press may be filled in later",
        reflected,
        Post("A", "reflection_corrected", check="C1"),
        "correction_open",
    ),
    (
        "an agreement without a need of each is mentioned",
        options,
        Post("F", "compromise_drafted", {**DRAFT, "serves": ["N1"]}),
        "need_of_each",
    ),
    (
        "only one has something to do",
        options,
        Post(
            "F",
            "compromise_drafted",
            {**DRAFT, "serves": ["N1", "N2"], "who_does_what": [{"who": "A", "what": "Walk."}]},
        ),
        "one_does_all",
    ),
    ("a check that stays open is mentioned", asked, Post("F", "phase_finished", phase=3), "check_stays_open"),
    ("a safety stop asks for a note", phase(3), Post("F", "safety_stop"), "note_within_48_hours"),
]


@pytest.mark.parametrize(
    ("at", "post", "code"), [case[1:] for case in HINTS], ids=[case[0] for case in HINTS]
)
def test_hints_stand_in_nobodys_way(at, post, code):
    verdict = at().post(post.by, post.kind, post.fields, **post.how)
    assert code in verdict.hints
    assert verdict.set_aside == ()


def test_phases_without_a_check_of_each_are_mentioned():
    assert "checks_missing" in phase(5)().post("F", "phase_finished", phase=5).hints
    assert phase(6)().post("F", "phase_finished", phase=6).hints == ()


def test_longer_a_third_time_is_mentioned():
    table = cooling()
    table.post("A", "need_longer", in_return(30))
    table.post("A", "need_longer", in_return(40))
    assert table.post("A", "need_longer", in_return(50)).hints == ("needed_longer_twice",)


def test_unequal_talks_with_each_are_mentioned_to_the_facilitator():
    table = with_ana().wait(minutes=5)
    table.post("F", "caucus_switched", {"with": "B"})
    assert table.post("F", "caucus_ended", {"with": "B"}).hints == ("caucus_minutes",)


def test_a_format_outside_its_minutes_is_refused_and_an_uneven_one_gives_way():
    short = (PlannedPhase("All", "closing", "frame", 9, "together", "none"),)
    with pytest.raises(Refusal, match="between 10 and 180"):
        format_guards(short, override="it is short")

    uneven = (*PHASES[:3], PHASES[6])
    with pytest.raises(Refusal, match="45 and 90"):
        format_guards(uneven)
    assert format_guards(uneven, override="unequal on purpose") == ("format_length", "format_solos")
    assert format_guards(PHASES) == ()
    assert format_guards((*PHASES[:6], replace(PHASES[6], minutes=2)), override="tired") == ("closing_short",)


def test_what_is_allowed_is_what_a_screen_may_offer():
    table = new()
    assert {"arrived", "session_started", "stopped"} <= table.kinds
    assert not {"statement", "resumed", "phase_finished"} & table.kinds

    table = cooling()
    assert "resumed" not in table.kinds
    assert "resumed" in table.both_ready().kinds

    assert ended().kinds == {"corrected"}
    assert "statement" not in withdrawn(phase(3)()).kinds
    assert "cool_down_called" in withdrawn(phase(3)()).kinds
    assert not {"brief_pause_called", "minutes_added"} & untimed().kinds


def test_every_kind_of_the_table_is_judged_somewhere_as_allowed():
    offered = set()
    for make in (
        new,
        gathered,
        begun,
        phase(7),
        asked,
        reflected,
        bridging,
        listened,
        feared(),
        feared("fits"),
        redirected,
        cooling,
        both_ready,
        paused,
        with_ana,
        extending,
        remote,
        drafted,
        ended,
        lambda: returned(2),
        lambda: _lost(),
    ):
        offered |= make().kinds

    assert offered == set(KINDS)


def _lost():
    table = remote()
    table.post("F", "connection_lost")
    return table


AFTERWARDS = [
    ("listening_first", OPTION),
    ("not_their_turn", Post("B", "statement", SPEAK)),
    ("not_closing_yet", Post("A", "closing_word", text="Thank you.")),
    ("turn_rule", Post("F", "turn_started", floor="B")),
    ("opening_or_closing", Post("F", "phase_set_aside", phase=7)),
    ("closing_open", Post("F", "session_ended", how="early_by_facilitator")),
]


def _ana_has_the_floor(plan):
    table = Table(plan).in_phase(3)
    table.post("F", "turn_started", floor="A")
    return table


@pytest.mark.parametrize(("code", "post"), AFTERWARDS, ids=[code for code, _ in AFTERWARDS])
def test_the_order_of_the_hour_holds_while_it_is_held_and_not_in_a_write_up(code, post):
    assert _ana_has_the_floor(PLAN).refused(post.by, post.kind, post.fields, **post.how).code == code
    assert _ana_has_the_floor(UNTIMED).post(post.by, post.kind, post.fields, **post.how).set_aside == ()


def test_a_write_up_needs_no_phases_and_still_begins_with_nothing_but_a_session():
    table = Table(UNTIMED)
    table.post("F", "session_started")
    table.post("A", "option_added", id="O1", text="A walk.", serves=[])
    table.post("A", "statement", SPEAK)
    table.post("F", "phase_started", phase=7)
    table.post("F", "phase_finished", phase=7)
    table.post("F", "session_ended", how="completed")

    assert table.reading.state == "ended"
    keys = re.findall(r"'(\w+)':", str(table.figures))
    assert keys
    assert not [key for key in keys if key.endswith("_s")]


def test_the_absolute_guards_hold_in_a_write_up_too():
    for changes, code in (
        ({"outcome_b": "not_together"}, "not_together"),
        ({"private_talk_a": False}, "no_private_talk"),
        ({"facilitation_consent_b": False}, "withdrawn"),
    ):
        table = Table(UNTIMED, replace(STANDING, **changes))
        assert table.refused("F", "session_started", override="it was so").code == code

    table = Table(UNTIMED).in_phase(3).said().asked()
    assert table.refused("A", "reflection_given", check="C1", heard=["feeling"]).code == "only_the_listener"

    table = Table(UNTIMED, replace(STANDING, firm_topics=frozenset({"money"}))).in_phase(3)
    spoken = {**SPEAK, "topics": ["money"]}
    assert table.refused("A", "statement", spoken, told_to=True).code == "firm_topic"
