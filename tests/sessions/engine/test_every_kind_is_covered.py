"""Every kind is covered by every table that asks about kinds: with an entry, or with a reason why it needs none.

Whoever adds a kind is led through the tables by these tests; see *Adding a kind* in CONTRIBUTING.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from sessions.desk.other_commands import BY_CARD_ONLY, KNOWN
from sessions.engine.clock.steps import MAKES, STEPS
from sessions.engine.kinds import KINDS
from sessions.engine.rules.available import NEEDS
from sessions.engine.rules.hints import HINTS
from sessions.engine.rules.order import ORDERS
from sessions.engine.rules.soft import SOFT
from sessions.record.moment_rows import SET_ASIDE
from sessions.wording.moments import ENTRY
from tests.services import ROOT


@dataclass(frozen=True)
class Table:
    """One table, and the kinds that need no entry in it, by the reason why."""

    name: str
    has: Collection[str]
    needs_none: Mapping[str, str] = field(default_factory=dict)

    def excused(self) -> list[str]:
        return [kind for kinds in self.needs_none.values() for kind in kinds.split()]


MAKES_AND_NO_MORE = "it makes an id and does no more: the fold does so for every kind that makes one"
NEW_ID_IS_ALL = "that its id is new is asked of every kind that makes one, and nothing else is"
JUDGED_AS_IT_IS = "it requires no field, so the rules judge it as it is"
BEGINS = "it begins something, and every kind that does waits at the agreed maximum"
STOPS = "a pause, a stop or leaving is guarded by nothing but form"
NUMBER = "a high number is mentioned whatever the kind"
OWN_PLACE = "it has a place of its own on the desk"
BY_CARD = "one person answers it alone, on a hand-over card"

TABLES = [
    Table(
        "STEPS in sessions/engine/clock/steps.py",
        STEPS,
        {
            MAKES_AND_NO_MORE: "statement idea_parked option_added",
            "it stands in the log, and moves nothing": """
                arrival_temperature exit_strategy_recalled option_reactions phrase_used closing_word note
                retreat_purpose_acknowledged goal_viewed closing_temperature""",
            "only its voice counts, and the fold takes that from every line": "voice_returned quiet_started",
            "it is applied to the entry it points at, before anything is folded": "undone corrected",
        },
    ),
    Table(
        "ORDERS in sessions/engine/rules/order.py",
        ORDERS,
        {
            NEW_ID_IS_ALL: "statement idea_parked",
            "who may post it, and in which states, says all there is to say": """
                arrival_temperature session_started exit_strategy_recalled voice_returned quiet_started pace_asked
                pace_chosen brief_pause_called settling_called cool_down_called phrase_used closing_word note
                retreat_view_given retreat_purpose_acknowledged closing_temperature stopped safety_stop""",
            "undo_and_correct.py judges it, with everything that was entered since": "undone corrected",
            "that both are ready is a guard, in absolute.py": "resumed",
        },
    ),
    Table(
        "NEEDS in sessions/engine/rules/available.py",
        NEEDS,
        {
            JUDGED_AS_IT_IS: """
                arrived session_started ground_rules_confirmed exit_strategy_recalled voice_returned quiet_started
                pace_asked brief_pause_called cool_down_called ready_again resumed caucus_ended connection_lost
                connection_back carried_over partner_left stopped safety_stop""",
            "its fields point at nothing that has to be there first": """
                arrival_temperature statement pace_chosen redirect_offered fear_offered need_named idea_parked
                option_added compromise_drafted settling_called return_time_changed need_longer phrase_used
                closing_word note retreat_view_given retreat_purpose_acknowledged milestones_kept
                closing_temperature session_ended""",
        },
    ),
    Table(
        "SOFT in sessions/engine/rules/soft.py",
        SOFT,
        {
            BEGINS: "check_opened redirect_offered retreat_view_given retreat_purpose_acknowledged",
            STOPS: """
                brief_pause_called settling_called cool_down_called partner_left stopped safety_stop""",
            "form, order and the absolute guards say all there is to say": """
                arrived arrival_temperature ground_rules_confirmed exit_strategy_recalled phase_returned
                extension_answered undone voice_returned quiet_started reflection_corrected reflection_confirmed
                check_set_aside bridge_given validation_given redirect_rephrased redirect_kept redirect_not_now
                fear_answered idea_parked option_reactions compromise_drafted agreement_confirmed need_longer
                ready_again caucus_started caucus_switched caucus_ended connection_back note corrected
                carried_over""",
        },
    ),
    Table(
        "HINTS in sessions/engine/rules/hints.py",
        HINTS,
        {
            NUMBER: "arrival_temperature cool_down_called ready_again closing_temperature",
            "there is nothing to mention that the desk does not show anyway": """
                ground_rules_confirmed exit_strategy_recalled phase_started phase_set_aside phase_returned
                minutes_added minutes_set extension_proposed extension_answered undone turn_started voice_returned
                quiet_started check_opened reflection_given reflection_confirmed check_set_aside bridge_given
                validation_given pace_asked pace_chosen redirect_offered redirect_rephrased redirect_kept
                redirect_not_now fear_offered fear_answered need_named idea_parked option_added option_reactions
                agreement_confirmed brief_pause_called settling_called return_time_accepted return_time_changed
                resumed caucus_started caucus_switched connection_lost connection_back phrase_used closing_word
                note retreat_view_given retreat_purpose_acknowledged goal_viewed milestones_kept corrected
                carried_over partner_left stopped session_ended""",
        },
    ),
    Table("ENTRY in sessions/wording/moments.py", ENTRY),
    Table(
        "LABELS in sessions/desk/other_commands.py",
        KNOWN,
        {
            OWN_PLACE: """
                arrived session_started ground_rules_confirmed phase_started phase_finished minutes_added undone
                turn_started voice_returned quiet_started statement check_opened reflection_given
                reflection_corrected reflection_confirmed check_set_aside bridge_given need_named idea_parked
                option_added compromise_drafted agreement_confirmed return_time_accepted need_longer ready_again
                resumed caucus_started caucus_switched caucus_ended note corrected session_ended""",
            BY_CARD: "retreat_view_given",
            "the desk does not offer it yet; the API and session files do": "minutes_set",
        },
    ),
]


@pytest.fixture(params=TABLES, ids=[table.name.split()[0] for table in TABLES])
def table(request):
    return request.param


def test_every_kind_has_an_entry_or_a_reason_why_not(table):
    missing = set(KINDS) - set(table.has) - set(table.excused())

    assert missing == set(), f"add them to {table.name}, or say in this file why they need no entry"


def test_no_reason_is_out_of_date(table):
    excused = table.excused()

    assert len(excused) == len(set(excused))
    assert set(excused) - set(KINDS) == set()
    assert set(excused) & set(table.has) == set()


def test_no_table_names_a_kind_that_does_not_exist(table):
    shown_instead = {kind.shown_as for kind in KINDS.values() if kind.shown_as}
    known = {*KINDS, *shown_instead, SET_ASIDE}

    assert set(table.has) - known == set()


# --- the reasons are true ----------------------------------------------------------------------------


def excused_for(reason):
    """The names of the kinds that some table excuses for this reason."""
    kinds = [table.needs_none[reason] for table in TABLES if reason in table.needs_none]
    assert kinds, f"no table gives the reason: {reason}"
    return {name for names in kinds for name in names.split()}


def named(is_so):
    """The names of the kinds of which this is so."""
    return {kind.name for kind in KINDS.values() if is_so(kind)}


def test_kinds_excused_for_making_an_id_make_one():
    assert excused_for(MAKES_AND_NO_MORE) | excused_for(NEW_ID_IS_ALL) <= set(MAKES)


def test_kinds_that_are_judged_as_they_are_require_no_field():
    without_required_field = named(lambda kind: not any(field.required for field in kind.fields))

    assert excused_for(JUDGED_AS_IT_IS) <= without_required_field


def test_kinds_excused_for_beginning_something_do_so():
    assert excused_for(BEGINS) <= named(lambda kind: kind.begins)


def test_kinds_excused_as_pauses_and_stops_are_those_that_wait_for_nothing():
    assert excused_for(STOPS) == named(lambda kind: kind.at_once)


def test_kinds_excused_for_a_number_are_those_with_a_temperature():
    assert excused_for(NUMBER) == named(lambda kind: "temperature" in kind.by_name)


def test_kinds_with_a_place_of_their_own_are_named_on_the_desk():
    templates = (ROOT / "sessions/templates/facilitation/desk").rglob("*.html")
    modules = (ROOT / "sessions/desk").glob("*.py")
    elsewhere = [path for path in (*templates, *modules) if path.name != "other_commands.py"]
    desk = "\n".join(path.read_text() for path in elsewhere)

    unnamed = [name for name in excused_for(OWN_PLACE) if f'"{name}"' not in desk and f"'{name}'" not in desk]

    assert unnamed == []


def test_kinds_answered_by_card_are_those_that_the_desk_leaves_out():
    assert excused_for(BY_CARD) == BY_CARD_ONLY


def test_words_for_the_log_are_words_and_no_names_of_the_code():
    assert [kind for kind, words in ENTRY.items() if "_" in words] == []
