"""The one table of kinds: what may be carried, by whom, and for whose eyes."""

import pytest

from facilitator.errors import Refusal
from sessions.engine.kinds import (
    COMMON,
    EVERYBODY,
    HEARD,
    KINDS,
    PARTNERS,
    TEAM,
    Command,
    check_common,
    check_correction,
    check_form,
    facts_of,
)
from sessions.engine.values import instant, written

# The command table of the session file, row by row.
ROWS = [
    "arrived",
    "ground_rules_confirmed",
    "exit_strategy_recalled",
    "session_started",
    "pace_asked",
    "resumed",
    "arrival_temperature",
    "closing_temperature",
    "phase_started",
    "phase_finished",
    "phase_set_aside",
    "phase_returned",
    "minutes_added",
    "minutes_set",
    "undone",
    "turn_started",
    "voice_returned",
    "quiet_started",
    "statement",
    "check_opened",
    "reflection_given",
    "reflection_corrected",
    "reflection_confirmed",
    "check_set_aside",
    "bridge_given",
    "validation_given",
    "pace_chosen",
    "redirect_offered",
    "redirect_rephrased",
    "redirect_kept",
    "redirect_not_now",
    "fear_offered",
    "fear_answered",
    "need_named",
    "idea_parked",
    "option_added",
    "option_reactions",
    "compromise_drafted",
    "agreement_confirmed",
    "extension_proposed",
    "extension_answered",
    "brief_pause_called",
    "settling_called",
    "cool_down_called",
    "return_time_accepted",
    "return_time_changed",
    "need_longer",
    "ready_again",
    "caucus_started",
    "caucus_switched",
    "caucus_ended",
    "connection_lost",
    "connection_back",
    "phrase_used",
    "closing_word",
    "note",
    "retreat_view_given",
    "retreat_purpose_acknowledged",
    "goal_viewed",
    "milestones_kept",
    "corrected",
    "carried_over",
    "partner_left",
    "stopped",
    "safety_stop",
    "session_ended",
]


def test_every_row_of_the_session_file_is_in_the_table_and_nothing_else():
    assert sorted(KINDS) == sorted(ROWS)


# What is whose: (kind, field, audience, owner, where it is kept).
AUDIENCES = [
    ("arrival_temperature", "temperature", "OWN_F", "actor", "words"),
    ("closing_temperature", "temperature", "OWN_F", "actor", "words"),
    ("cool_down_called", "temperature", "OWN_F", "actor", "words"),
    ("cool_down_called", "return_at", "JOINT", "joint", "fact"),
    ("ready_again", "temperature", "OWN_F", "actor", "words"),
    ("brief_pause_called", "reason", "OWN_F", "actor", "words"),
    ("extension_answered", "answer", "OWN_F", "actor", "fact"),
    ("option_reactions", "reactions", "OWN_F", "actor", "fact"),
    ("retreat_view_given", "view", "OWN_F", "actor", "fact"),
    ("fear_offered", "wording", "OWN_F", "to", "words"),
    ("fear_answered", "answer", "OWN_F", "actor", "fact"),
    ("redirect_offered", "families", "FAC", "team", "fact"),
    ("redirect_offered", "suggestion", "OWN_F", "to", "words"),
    ("redirect_rephrased", "redirect", "FAC", "team", "fact"),
    ("redirect_rephrased", "text", "REL", "actor", "words"),
    ("statement", "text", "REL", "actor", "words"),
    ("statement", "feelings", "REL", "actor", "words"),
    ("reflection_given", "reason", "REL", "actor", "words"),
    ("validation_given", "text", "REL", "actor", "words"),
    ("need_named", "need", "REL", "actor", "words"),
    ("compromise_drafted", "who_does_what", "REL", "joint", "words"),
    ("note", "text", "FAC", "team", "words"),
    ("turn_started", "floor", "JOINT", "joint", "fact"),
    ("phase_started", "phase", "JOINT", "joint", "fact"),
    ("session_ended", "how", "FAC", "team", "fact"),
    ("session_ended", "next_session", "JOINT", "joint", "fact"),
]


@pytest.mark.parametrize(("kind", "name", "audience", "owner", "holds"), AUDIENCES)
def test_each_field_has_one_audience_one_owner_one_place(kind, name, audience, owner, holds):
    known = KINDS[kind]
    assert (known.audience_of(name), known.owner_of(name), known.by_name[name].holds) == (
        audience,
        owner,
        holds,
    )


def test_voice_key_and_reason_are_the_teams():
    assert {one.name: one.audience for one in COMMON} == {
        "key": "FAC",
        "told_to": "JOINT",
        "voice": "FAC",
        "override": "FAC",
    }


def test_who_paused_stopped_or_left_is_for_that_partner_and_the_team():
    hidden = {name for name, kind in KINDS.items() if kind.actor_audience == "OWN_F"}
    assert hidden == {
        "brief_pause_called",
        "settling_called",
        "cool_down_called",
        "return_time_accepted",
        "return_time_changed",
        "need_longer",
        "ready_again",
        "extension_answered",
        "partner_left",
        "stopped",
    }


def test_a_safety_stop_reads_as_any_early_end():
    assert KINDS["safety_stop"].shown_as == KINDS["stopped"].shown_as == "ended_early"
    assert KINDS["safety_stop"].audience == KINDS["stopped"].audience


def test_own_words_on_a_fear_are_the_sessions_only_once_it_is_accepted():
    answered = KINDS["fear_answered"]
    audiences = {
        answer: answered.audience_of("own_words", {"fear": "F1", "answer": answer})
        for answer in ("fits", "partly", "does_not_fit", "not_now")
    }

    assert audiences == {"fits": "REL", "partly": "REL", "does_not_fit": "OWN_F", "not_now": "OWN_F"}
    # Read without an answer, the table says the narrower of the two.
    assert answered.audience_of("own_words") == "OWN_F"


def test_nothing_of_the_clock_can_be_corrected():
    for name, kind in KINDS.items():
        if kind.audience == "JOINT":
            assert not kind.correctable, name


def test_only_the_two_or_the_team_post():
    assert {kind.by for kind in KINDS.values()} == {PARTNERS, TEAM, EVERYBODY, ("F",)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_key_that_is_unknown_is_refused_for_every_kind_but_a_correction(kind):
    if kind == "corrected":
        with pytest.raises(Refusal, match="mood"):
            check_correction(KINDS["statement"], {"line": 2, "mood": "calm"})
    else:
        with pytest.raises(Refusal, match="mood is not something"):
            check_form(kind, {"mood": "calm"})


MISSING = [(name, one.name) for name, kind in sorted(KINDS.items()) for one in kind.fields if one.required]


@pytest.mark.parametrize(("kind", "name"), MISSING)
def test_a_required_field_that_is_missing_is_named(kind, name):
    given = {
        one.name: example(one.name, kind) for one in KINDS[kind].fields if one.required and one.name != name
    }
    with pytest.raises(Refusal, match=f"^{name} is missing$"):
        check_form(kind, given)

    if kind != "corrected":
        check_form(kind, {**given, name: example(name, kind), **also(kind)})


def example(name, kind):
    if name == "minutes":
        return {"2": 5} if kind == "minutes_set" else 5
    return {
        "answer": "yes" if kind == "extension_answered" else "fits",
        "view": "not_sure" if kind == "retreat_view_given" else "yes",
        "phase": 2,
        "line": 2,
        "temperature": 3,
        "floor": "A",
        "listener": "B",
        "to": "A",
        "with": "A",
        "text": "Words.",
        "wording": "Words.",
        "suggestion": "Words.",
        "pace": "slower",
        "need": "space",
        "reactions": {"O1": "gladly"},
        "return_at": "2026-03-02T18:00:00Z",
        "look_again_on": "2026-03-16",
        "who_does_what": [{"who": "A", "what": "Walk."}],
        "how": "completed",
        "milestones": [{"id": "M1", "milestone": "own_kind"}],
    }.get(name, "X1")


def also(kind):
    return {"text": "Words."} if kind == "statement" else {}


WRONG = [
    ("statement", {"id": "S1", "text": "x" * 4001}, "text is longer than 4000"),
    ("statement", {"id": "S1", "text": " \n "}, "text is empty"),
    ("statement", {"id": "S1", "text": 7}, "text is not a text"),
    ("statement", {"id": "S1", "text": "a\ud800"}, "control character"),
    ("statement", {"id": "S1", "text": "a\x07"}, "control character"),
    ("statement", {"id": "", "text": "a"}, "id is not an id"),
    ("statement", {"id": "a b", "text": "a"}, "id is not an id"),
    ("statement", {"id": "S1", "feelings": "sad"}, "feelings is not a list"),
    ("statement", {"id": "S1", "feelings": ["sad", 3]}, r"feelings\[1\] is not a text"),
    ("phase_started", {"phase": 0}, "phase is not a whole number"),
    ("phase_started", {"phase": 1.0}, "phase is not a whole number"),
    ("extension_proposed", {"phase": 1, "minutes": 11}, "minutes is not a whole number from 1 to 10"),
    ("settling_called", {"minutes": 4}, "minutes is not a whole number from 5 to 10"),
    ("minutes_set", {"minutes": {}}, "minutes is not an object"),
    ("minutes_set", {"minutes": {"x": 3}}, "not a phase number"),
    ("turn_started", {"floor": "F"}, "floor is not one of: A B"),
    ("turn_started", {"floor": ["A"]}, "floor is not one of: A B"),
    ("validation_given", {"id": "V1", "of": "S1", "text": "a", "newly_voiced": 1}, "neither true nor false"),
    ("cool_down_called", {"return_at": "2026-02-30T18:00:00Z"}, "return_at is not an instant"),
    ("need_named", {"id": "N1", "need": "space", "text": "I need."}, "statement is missing"),
    ("need_named", {"id": "N1", "need": "space", "statement": "S1"}, "text is missing"),
    ("need_named", {"id": "N1", "need": "space", "shared_by": ["A", "A"]}, "names something twice"),
    ("option_reactions", {"reactions": {"O1": "meh"}}, r"reactions\.O1 is not one of"),
    ("corrected", {"line": 2}, "nothing is corrected"),
    ("corrected", {"text": "a"}, "line is missing"),
    ("session_ended", {"how": "slammed"}, "how is not one of"),
]


@pytest.mark.parametrize(("kind", "fields", "reason"), WRONG)
def test_what_is_not_well_formed_is_refused_by_name(kind, fields, reason):
    with pytest.raises(Refusal, match=reason) as caught:
        check_form(kind, fields)
    assert caught.value.kind == "form"


def test_a_date_that_is_none_is_refused():
    draft = {
        "id": "A1",
        "text": "a",
        "who_does_what": [{"who": "A", "what": "b"}],
        "look_again_on": "2026-02-30",
    }
    with pytest.raises(Refusal, match="look_again_on is not a date"):
        check_form("compromise_drafted", draft)


def test_line_breaks_are_words_too():
    check_form("note", {"text": "One.\n\tTwo."})


COMMON_WRONG = [
    (Command("X", "arrived"), "by is not one of"),
    (Command("A", "arrived", key="k" * 81), "key is longer"),
    (Command("A", "arrived", voice="C"), "voice is not one of"),
    (Command("A", "arrived", override="why"), "override belongs to the facilitator"),
    (Command("F", "note", {"text": "a"}, told_to=True), "told_to belongs to what a partner said"),
    (Command("F", "voice_returned"), "voice is missing"),
    (Command("F", "quiet_started", voice="A"), "voice is none while it is quiet"),
    (Command("F", "levitated"), "levitated is no kind"),
]


@pytest.mark.parametrize(("command", "reason"), COMMON_WRONG)
def test_the_common_keys_have_their_form(command, reason):
    with pytest.raises(Refusal, match=reason):
        check_common(command)


def test_a_reason_may_stand_on_what_a_partner_said_aloud():
    check_common(Command("A", "arrived", told_to=True, override="said at the door"))


def test_only_structure_stays_on_a_moment():
    fields = {"id": "S1", "text": "a", "feelings": ["sad"], "topics": ["money"], "need": "space"}

    assert facts_of("statement", fields) == {"id": "S1"}


def test_every_field_is_either_structure_or_words():
    assert {field.holds for kind in KINDS.values() for field in kind.fields} == {"fact", "words"}


def test_a_correction_is_split_as_the_line_it_corrects():
    corrected = {"line": 7, "answer": "fits", "own_words": "Yes."}

    assert facts_of("corrected", corrected, KINDS["fear_answered"]) == {"line": 7, "answer": "fits"}
    assert facts_of("corrected", {"line": 7, "text": "a"}) == {"line": 7}


def test_every_kind_of_check_has_parts_to_tick():
    kinds = KINDS["check_opened"].by_name["check_kind"].type.values
    assert set(HEARD) == set(kinds)


def test_instants_are_read_to_the_microsecond_and_written_to_the_second():
    assert instant("2026-03-02T18:00:00.1234567Z").microsecond == 123456
    assert written(instant("2026-03-02T18:00:00.999Z")) == "2026-03-02T18:00:00Z"


def test_a_refusal_speaks_in_the_language_of_its_reader():
    no = Refusal("%(field)s is missing", "missing", "form", field="text")
    assert no.words({"%(field)s is missing": "%(field)s fehlt"}.get) == "text fehlt"
    assert (str(no), no.code, no.kind, no.params) == ("text is missing", "missing", "form", {"field": "text"})
