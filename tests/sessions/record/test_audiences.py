"""Which rows each kind of command becomes, and for whom: the whole table, and nothing private in a joint row."""

import pytest

from sessions.engine import clock
from sessions.engine.kinds import KINDS, Command
from sessions.engine.values import (
    Day,
    Id,
    Instant,
    ListOf,
    MapOf,
    Object,
    OneOf,
    PhaseKey,
    Text,
    Whole,
    YesNo,
)
from sessions.record import moment_rows
from tests.sessions.hall import START

# Which rows a command becomes: "audience:owner kind by facts *words", "=" for the command's own name.
# Fields are samples of the kind's own table; whatever a partner may post is posted by Ana, through the desk.

NAMED = {"phase": 1, "floor": "A", "with": "A", "to": "A", "listener": "B", "line": 2}
EXPECTED = {
    "arrived": ["JOINT = by=A+told"],
    "arrival_temperature": ["OWN_F:A = by=A+told *temperature"],
    "session_started": ["JOINT = by=F"],
    "ground_rules_confirmed": ["JOINT = by=A+told"],
    "exit_strategy_recalled": ["JOINT = by=F"],
    "phase_started": ["JOINT = by=F phase"],
    "phase_finished": ["JOINT = by=F phase"],
    "phase_set_aside": ["JOINT = by=F phase"],
    "phase_returned": ["JOINT = by=F phase"],
    "minutes_added": ["JOINT = by=F phase minutes"],
    "minutes_set": ["JOINT = by=F minutes"],
    "extension_proposed": ["JOINT = by=A+told phase minutes"],
    "extension_answered": ["JOINT = by=-", "OWN_F:A = by=A+told answer"],
    "undone": ["FAC = by=F line"],
    "turn_started": ["JOINT = by=F floor"],
    "voice_returned": ["FAC = by=F"],
    "quiet_started": ["FAC = by=F"],
    "statement": ["REL:A = by=A+told id *text *feelings *need *topics"],
    "check_opened": ["REL = by=F id of listener check_kind"],
    "reflection_given": ["REL:A = by=A+told check heard *feelings *reason *text"],
    "reflection_corrected": ["REL:A = by=A+told check problem *meant"],
    "reflection_confirmed": ["REL:A = by=A+told check"],
    "check_set_aside": ["REL = by=A+told check"],
    "bridge_given": ["REL = by=F check *feelings *reason *text"],
    "validation_given": ["REL:A = by=A+told id of newly_voiced *text"],
    "pace_asked": ["REL = by=F"],
    "pace_chosen": ["REL:A = by=A+told pace"],
    "redirect_offered": ["FAC = by=F id to families", "OWN_F:A = by=- id *suggestion"],
    "redirect_rephrased": ["REL:A statement by=A+told id *text *feelings *need", "FAC = by=A+told redirect"],
    "redirect_kept": ["FAC = by=A+told redirect"],
    "redirect_not_now": ["FAC = by=A+told redirect"],
    "fear_offered": ["OWN_F:A = by=F id to aloud *wording"],
    "fear_answered": ["OWN_F:A = by=A+told fear answer", "REL:A = by=- fear *own_words"],
    "need_named": ["REL:A = by=A+told id statement shared_by *need *wish *text *feelings"],
    "idea_parked": ["REL:A = by=A+told id *text"],
    "option_added": ["REL:A = by=A+told id serves *text"],
    "option_reactions": ["OWN_F:A = by=A+told reactions"],
    "compromise_drafted": [
        "REL = by=F id from_options from trial_until look_again_on serves *text *who_does_what *if_not_working"
    ],
    "agreement_confirmed": ["REL:A = by=A+told agreement"],
    "brief_pause_called": ["JOINT = by=-", "OWN_F:A = by=A+told *reason"],
    "settling_called": ["JOINT = by=- minutes", "OWN_F:A = by=A+told"],
    "cool_down_called": ["JOINT = by=- return_at", "OWN_F:A = by=A+told *temperature"],
    "return_time_accepted": ["JOINT = by=- return_at", "OWN_F:A = by=A+told"],
    "return_time_changed": ["JOINT = by=- return_at", "OWN_F:A = by=A+told"],
    "need_longer": ["JOINT = by=- return_at", "OWN_F:A = by=A+told"],
    "ready_again": ["JOINT = by=-", "OWN_F:A = by=A+told *temperature"],
    "resumed": ["JOINT = by=F"],
    "caucus_started": ["JOINT = by=F with"],
    "caucus_switched": ["JOINT = by=F with"],
    "caucus_ended": ["JOINT = by=F with"],
    "connection_lost": ["JOINT = by=A+told"],
    "connection_back": ["JOINT = by=A+told"],
    "phrase_used": ["REL:A = by=A+told *text"],
    "closing_word": ["REL:A = by=A+told *text"],
    "note": ["FAC = by=F *text"],
    "retreat_view_given": ["OWN_F:A = by=A+told view"],
    "retreat_purpose_acknowledged": ["REL:A = by=A+told *text"],
    "goal_viewed": ["REL:A = by=A+told goal view"],
    "milestones_kept": ["OWN_F:A = by=A+told milestones"],
    "closing_temperature": ["OWN_F:A = by=A+told *temperature"],
    "carried_over": ["JOINT continued_another_day by=F", "FAC = by=F"],
    "partner_left": ["JOINT = by=-", "OWN_F:A = by=A+told"],
    "stopped": ["JOINT ended_early by=-", "OWN_F:A = by=A+told"],
    "safety_stop": ["JOINT ended_early by=-", "FAC = by=F"],
    "session_ended": ["JOINT = by=F next_session", "FAC = by=- how"],
}


def sample(shape):
    match shape:
        case Text():
            return "words"
        case OneOf(values=values):
            return values[0]
        case Whole(least=least):
            return least
        case YesNo():
            return True
        case Instant():
            return "2026-03-10T18:00:00Z"
        case Day():
            return "2026-03-20"
        case Id():
            return "X0"
        case ListOf(shape=one):
            return [sample(one)]
        case MapOf(key=key, shape=one):
            return {"1" if isinstance(key, PhaseKey) else "X0": sample(one)}
        case Object(parts=parts):
            return {name: sample(part.shape) for name, part in parts.items()}


def sampled(kind, **own):
    by = KINDS[kind].by[0]
    fields = {name: NAMED.get(name, sample(field.type)) for name, field in KINDS[kind].by_name.items()}
    voice = "none" if KINDS[kind].voice_required else None
    return Command(by=by, kind=kind, fields={**fields, **own}, told_to=by == "A", voice=voice)


def written(part, kind):
    who = f"{part.by or '-'}{'+told' if part.told_to else ''}"
    name = "=" if part.kind == kind else part.kind
    owner = f":{part.owner}" if part.owner else ""
    return " ".join(
        [f"{part.audience}{owner}", name, f"by={who}", *part.facts, *(f"*{w}" for w in part.words)]
    )


def test_table_has_a_row_for_every_kind():
    assert {*EXPECTED, "corrected"} == set(KINDS)


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_kind_becomes_one_row_per_audience(kind):
    parts = moment_rows.split(sampled(kind), target=None, set_aside=())
    assert [written(part, kind) for part in parts] == EXPECTED[kind]


@pytest.mark.parametrize("kind", EXPECTED)
def test_in_a_talk_with_one_every_row_is_that_ones_or_the_teams(kind):
    parts = moment_rows.split(sampled(kind), target=None, set_aside=["a"], alone="A")
    assert {(part.audience, part.owner) for part in parts} <= {("OWN_F", "A"), ("FAC", None)}


@pytest.mark.parametrize("answer", ["does_not_fit", "not_now"])
def test_own_words_on_a_fear_that_was_not_taken_up_stay_their_authors(answer):
    parts = moment_rows.split(sampled("fear_answered", answer=answer), target=None, set_aside=())
    assert [written(part, "") for part in parts] == ["OWN_F:A fear_answered by=A+told fear answer *own_words"]


def test_a_stop_and_a_safety_stop_read_the_same_to_both():
    first = {
        kind: moment_rows.split(sampled(kind), target=None, set_aside=())[0]
        for kind in ("stopped", "safety_stop")
    }
    assert first["stopped"] == first["safety_stop"]


def test_voice_and_the_reason_for_setting_a_guard_aside_are_the_teams_alone():
    command = Command(by="F", kind="phase_started", fields={"phase": 1}, voice="F", override="they are late")
    parts = moment_rows.split(command, target=None, set_aside=["closing_due"])
    assert [written(part, "phase_started") for part in parts] == [
        "JOINT = by=F phase",
        "FAC voice by=- voice",
        "FAC guard_set_aside by=- codes *reason",
    ]


def entry(kind, by, **facts):
    return clock.Moment(number=7, at=START, by=by, kind=kind, facts=facts)


CORRECTED = [
    (entry("statement", "A", id="S1"), {"text": "anew"}, ["REL:A corrected by=F line *text"]),
    (entry("arrival_temperature", "B"), {"temperature": 3}, ["OWN_F:B corrected by=F line *temperature"]),
    (
        entry("fear_offered", "F", id="F1", to="B"),
        {"wording": "perhaps"},
        ["OWN_F:B corrected by=F line *wording"],
    ),
    (
        entry("redirect_offered", "F", id="R1", to="B"),
        {"suggestion": "softer"},
        ["FAC corrected by=F line", "OWN_F:B corrected by=- line *suggestion"],
    ),
    (
        entry("fear_answered", "A", fear="F1", answer="not_now"),
        {"own_words": "mine"},
        ["OWN_F:A corrected by=F line *own_words"],
    ),
    (
        entry("fear_answered", "A", fear="F1", answer="fits"),
        {"own_words": "mine"},
        ["OWN_F:A corrected by=F line", "REL:A corrected by=- line *own_words"],
    ),
    (entry("note", "F"), {"text": "anew"}, ["FAC corrected by=F line *text"]),
]


@pytest.mark.parametrize(("target", "fields", "rows"), CORRECTED, ids=lambda one: getattr(one, "kind", ""))
def test_what_the_team_corrects_stays_with_whoever_said_it(target, fields, rows):
    command = Command(by="F", kind="corrected", fields={"line": 7, **fields})
    assert [written(part, "") for part in moment_rows.split(command, target=target, set_aside=())] == rows
