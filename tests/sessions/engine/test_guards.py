"""Each guard refuses what it should, accepts what it should, and gives way to a reason only where it may."""

import pytest

from sessions.engine.rules import TEXTS
from tests.sessions.engine.guards import GUARDS


@pytest.fixture(params=GUARDS, ids=[guard.sentence for guard in GUARDS])
def guard(request):
    return request.param


def test_the_guard_refuses_its_example(guard):
    no = guard.at().refused(guard.no.by, guard.no.kind, guard.no.fields, **guard.no.how)
    assert (no.code, no.kind) == (guard.code, guard.sort)


def test_the_guard_lets_its_other_example_pass(guard):
    table = guard.well()
    verdict = table.post(guard.yes.by, guard.yes.kind, guard.yes.fields, **guard.yes.how)
    assert verdict.set_aside == ()


def test_a_reason_sets_aside_what_is_soft_and_nothing_else(guard):
    table = guard.at()
    no = guard.no
    how = {**no.how, "told_to": no.by in "AB", "override": "said aloud, all agree"}

    if guard.code == "resting":
        # Said to the facilitator, it is the facilitator who reads why.
        assert table.refused(no.by, no.kind, no.fields, **how).code == "withdrawn"
    elif guard.sort == "soft":
        assert guard.code in table.post(no.by, no.kind, no.fields, **how).set_aside
        assert table.state.moments[-1].override
    else:
        refusal = table.refused(no.by, no.kind, no.fields, **how)
        assert (refusal.code, refusal.kind) == (guard.code, guard.sort)


def test_every_code_of_a_guard_is_tried_here():
    order_only = {"time_went_back", "built_upon", "key_reused", "format_total"}
    formats = {"format_length", "format_solos"}
    hint = {
        "stirred_up",
        "no_goal",
        "doors_closed",
        "frame_statement",
        "correction_open",
        "need_of_each",
        "one_does_all",
        "needed_longer_twice",
        "caucus_minutes",
        "check_stays_open",
        "checks_missing",
        "note_within_48_hours",
    }
    tried = {guard.code for guard in GUARDS} - {"not_correctable"}
    assert set(TEXTS) == tried | order_only | formats | hint
