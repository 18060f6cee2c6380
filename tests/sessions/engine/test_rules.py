"""Every guard of domain.md 3.2 to 3.4, as practice.md 2 changes them: one refusing, one accepting test each."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from facilitator.errors import Refusal
from sessions.engine.kinds import KINDS, Command
from sessions.engine.plan import PlannedPhase
from sessions.engine.rules import TEXTS, format_guards, is_repeat
from tests.sessions.engine.table import ALONE, PHASES, PLAN, STANDING, START, UNTIMED, Table, text


class Post:
    def __init__(self, by, kind, fields=None, **how):
        self.by, self.kind, self.fields, self.how = by, kind, fields, how


class Guard:
    """`no` is refused with `code` at the table `at`; `yes` (or `no` itself) is accepted at `well`."""

    def __init__(self, sentence, code, sort, at, no, well=None, yes=None):
        self.sentence, self.code, self.sort = sentence, code, sort
        self.at, self.no, self.well, self.yes = at, no, well or at, yes or no


def new():
    return Table()


def fresh(**changes):
    return lambda: Table(PLAN, replace(STANDING, **changes))


def gathered_with(**changes):
    return lambda: Table(PLAN, replace(STANDING, **changes)).gathered()


def gathered():
    return Table().gathered()


def begun():
    return Table().begun()


def phase(number):
    return lambda: Table().in_phase(number)


def said():
    return Table().in_phase(3).said()


def asked():
    return said().asked()


def reflected():
    return asked().reflected()


def bridging():
    return Table().corrected_times(3)


def listened():
    return Table().in_phase(3).listened()


def wishing():
    return phase(5)().said().asked(check_kind="wish")


def feared(answer=None):
    def at():
        table = phase(3)()
        table.post("F", "fear_offered", id="F1", to="A", wording="I wonder if it was fear?")
        if answer:
            table.post("A", "fear_answered", fear="F1", answer=answer)
        return table

    return at


def redirected():
    table = phase(3)()
    table.post("F", "redirect_offered", id="R1", to="A", families=["ABS"], suggestion="What did you see?")
    return table


def cooling():
    return phase(3)().cooling()


def both_ready():
    return cooling().both_ready()


def one_ready():
    table = cooling()
    table.post("A", "ready_again")
    return table


def paused():
    table = phase(3)()
    table.post("A", "brief_pause_called")
    return table


def with_ana():
    table = phase(3)()
    table.post("F", "caucus_started", {"with": "A"})
    return table


def extending():
    table = phase(3)()
    table.post("A", "extension_proposed", phase=3, minutes=2)
    return table


def past_maximum():
    return phase(6)().wait(minutes=56)


def nearly_closing():
    table = phase(3)().wait(minutes=50)
    table.post("F", "phase_finished", phase=3)
    return table


def late():
    table = paused()
    table.wait(minutes=71)
    return table


def left():
    table = phase(3)()
    table.post("B", "partner_left")
    return table


def remote():
    return Table(replace(PLAN, mode="remote")).in_phase(3)


def options():
    return Table().with_options()


def drafted():
    return Table().drafted()


def ended():
    table = Table().closed()
    table.post("F", "session_ended", how="completed")
    return table


def untimed():
    return Table(UNTIMED).in_phase(3)


def noted():
    table = phase(3)()
    table.post("F", "note", text="Quiet today.")
    return table


def co_facilitated():
    return Table(replace(PLAN, co_facilitator=True)).in_phase(3)


def turn(*floors):
    def at():
        table = phase(5)()
        for floor in floors:
            table.post("F", "turn_started", floor=floor)
        return table

    return at


def in_return(minutes):
    return {"return_at": text(START + timedelta(minutes=minutes))}


SPEAK = {"id": "S9", "text": "I walked home alone.", "feelings": ["sad"]}
OPTION = Post("A", "option_added", id="O9", text="A walk on Sunday.", serves=[])
REFLECT = Post("B", "reflection_given", check="C1", feelings=["sad"], reason="you were all alone")
CONFIRM = Post("A", "reflection_confirmed", check="C1")
DRAFT = {
    "id": "AG9",
    "from_options": [],
    "text": "A walk.",
    "who_does_what": [{"who": "both", "what": "Walk."}],
    "look_again_on": "2026-03-16",
    "serves": [],
}

# The line on which `drafted` puts its draft.
DRAFT_LINE = 28

GUARDS = [
    # --- form and order: never overridable
    Guard(
        "nobody starts a phase before the session",
        "wrong_state",
        "form",
        gathered,
        Post("F", "phase_started", phase=1),
        lambda: _started(),
        None,
    ),
    Guard("a session starts once", "wrong_state", "form", begun, Post("F", "session_started"), gathered),
    Guard(
        "a partner does not start the session",
        "wrong_actor",
        "form",
        gathered,
        Post("A", "session_started"),
        yes=Post("F", "session_started"),
    ),
    Guard(
        "the facilitator does not arrive",
        "wrong_actor",
        "form",
        new,
        Post("F", "arrived"),
        yes=Post("A", "arrived"),
    ),
    Guard(
        "a co-facilitator acts only where there is one",
        "no_co_facilitator",
        "form",
        phase(3),
        Post("G", "note", text="Calm."),
        co_facilitated,
    ),
    Guard(
        "in a talk with one the other has no part",
        "not_in_this_session",
        "form",
        lambda: Table(ALONE),
        Post("B", "arrived"),
        new,
    ),
    Guard(
        "what is written up carries no pause",
        "not_timed",
        "form",
        untimed,
        Post("A", "brief_pause_called"),
        phase(3),
    ),
    Guard(
        "what is written up carries no voice",
        "not_timed",
        "form",
        untimed,
        Post("A", "statement", SPEAK, voice="A"),
        phase(3),
    ),
    Guard("nobody arrives twice", "already", "form", gathered, Post("A", "arrived"), new),
    Guard(
        "nothing but a correction comes after the end",
        "after_the_end",
        "form",
        ended,
        Post("F", "note", text="Later."),
        noted,
    ),
    Guard(
        "an id is used once",
        "id_taken",
        "form",
        said,
        Post("A", "statement", {**SPEAK, "id": "S1"}),
        phase(3),
    ),
    Guard(
        "a goal's id is taken",
        "id_taken",
        "form",
        phase(3),
        Post("A", "statement", {**SPEAK, "id": "G1"}),
        yes=Post("A", "statement", SPEAK),
    ),
    Guard(
        "there is no phase eight",
        "unknown_phase",
        "form",
        begun,
        Post("F", "phase_finished", phase=8),
        phase(3),
        Post("F", "phase_finished", phase=3),
    ),
    Guard(
        "one phase at a time",
        "phase_going_on",
        "form",
        phase(3),
        Post("F", "phase_started", phase=4),
        lambda: _between(3),
        None,
    ),
    Guard(
        "a finished phase does not start again by itself",
        "phase_not_waiting",
        "form",
        lambda: _between(3),
        Post("F", "phase_started", phase=2),
        lambda: _returned(2),
    ),
    Guard(
        "only the active phase is finished",
        "phase_not_active",
        "form",
        phase(3),
        Post("F", "phase_finished", phase=4),
        phase(4),
    ),
    Guard(
        "a finished phase is not set aside",
        "phase_over",
        "form",
        phase(3),
        Post("F", "phase_set_aside", phase=2),
        yes=Post("F", "phase_set_aside", phase=5),
    ),
    Guard(
        "a waiting phase is not returned",
        "phase_not_gone",
        "form",
        phase(3),
        Post("F", "phase_returned", phase=5),
        yes=Post("F", "phase_returned", phase=2),
    ),
    Guard(
        "minutes are set for waiting phases only",
        "phase_not_waiting",
        "form",
        phase(3),
        Post("F", "minutes_set", minutes={"3": 8}),
        yes=Post("F", "minutes_set", minutes={"4": 8}),
    ),
    Guard(
        "a turn needs a phase",
        "no_phase",
        "form",
        lambda: _between(3),
        Post("F", "turn_started", floor="A"),
        phase(3),
    ),
    Guard(
        "a second open check waits",
        "second_check",
        "form",
        asked,
        Post("F", "check_opened", id="C2", of="S1", listener="B"),
        said,
    ),
    Guard(
        "a check is of something said",
        "unknown_id",
        "form",
        phase(3),
        Post("F", "check_opened", id="C2", of="S1", listener="B"),
        said,
    ),
    Guard(
        "the listener is not the speaker",
        "own_listener",
        "form",
        said,
        Post("F", "check_opened", id="C2", of="S1", listener="A"),
        yes=Post("F", "check_opened", id="C2", of="S1", listener="B"),
    ),
    Guard(
        "a check needs two people",
        "needs_two",
        "form",
        lambda: Table(ALONE).in_phase(3).said(),
        Post("F", "check_opened", id="C1", of="S1", listener="A"),
        said,
        Post("F", "check_opened", id="C1", of="S1", listener="B"),
    ),
    Guard(
        "a closed check takes no reflection",
        "check_closed",
        "form",
        listened,
        Post("B", "reflection_given", check="C1", heard=["feeling", "reason"]),
        asked,
    ),
    Guard("a reflection waits for its answer", "check_awaits_answer", "form", reflected, REFLECT, asked),
    Guard("an answer waits for a reflection", "check_awaits_reflection", "form", asked, CONFIRM, reflected),
    Guard(
        "after three tries the bridge comes first", "check_awaits_bridge", "form", bridging, REFLECT, asked
    ),
    Guard(
        "a bridge waits for three tries",
        "no_bridge_yet",
        "form",
        lambda: Table().corrected_times(2),
        Post("F", "bridge_given", check="C1", feelings=["sad"], reason="you were alone"),
        bridging,
    ),
    Guard(
        "a bridge names feeling and reason",
        "bridge_incomplete",
        "form",
        bridging,
        Post("F", "bridge_given", check="C1", feelings=["sad"]),
        yes=Post("F", "bridge_given", check="C1", feelings=["sad"], reason="you were alone"),
    ),
    Guard(
        "a tick belongs to its kind of check",
        "not_a_part",
        "form",
        wishing,
        Post("B", "reflection_given", check="C1", heard=["feeling"]),
        yes=Post("B", "reflection_given", check="C1", heard=["wish", "why"]),
    ),
    Guard(
        "no reason is asked of a wish",
        "not_a_part",
        "form",
        wishing,
        Post("B", "reflection_given", check="C1", reason="you would like that"),
        yes=Post("B", "reflection_given", check="C1", text="A little more quiet."),
    ),
    Guard(
        "a fear that was not accepted cannot be answered by the other",
        "unknown_id",
        "form",
        feared("does_not_fit"),
        Post("B", "validation_given", id="V1", of="F1", text="I see."),
        feared("partly"),
    ),
    Guard(
        "a fear is answered by whom it was offered to",
        "wrong_actor",
        "form",
        feared(),
        Post("B", "fear_answered", fear="F1", answer="fits"),
        yes=Post("A", "fear_answered", fear="F1", answer="fits"),
    ),
    Guard(
        "a redirect is answered by whom it was offered to",
        "wrong_actor",
        "form",
        redirected,
        Post("B", "redirect_kept", redirect="R1"),
        yes=Post("A", "redirect_kept", redirect="R1"),
    ),
    Guard(
        "an option serves a known need",
        "unknown_id",
        "form",
        options,
        Post("A", "option_added", id="O9", text="A walk.", serves=["N9"]),
        yes=Post("A", "option_added", id="O9", text="A walk.", serves=["N1"]),
    ),
    Guard(
        "reactions are to known options",
        "unknown_id",
        "form",
        options,
        Post("A", "option_reactions", reactions={"O9": "gladly"}),
        yes=Post("A", "option_reactions", reactions={"O1": "gladly"}),
    ),
    Guard(
        "an agreement draws on known options",
        "unknown_id",
        "form",
        options,
        Post("F", "compromise_drafted", {**DRAFT, "from_options": ["O9"]}),
        yes=Post("F", "compromise_drafted", {**DRAFT, "from_options": ["O1"]}),
    ),
    Guard(
        "a yes is said once",
        "already",
        "form",
        lambda: _confirmed("A"),
        Post("A", "agreement_confirmed", agreement="AG1"),
        drafted,
    ),
    Guard(
        "a goal is one of the plan's",
        "unknown_id",
        "form",
        phase(7),
        Post("A", "goal_viewed", goal="G9", view="yes"),
        yes=Post("A", "goal_viewed", goal="G1", view="yes"),
    ),
    Guard(
        "an answer needs a question",
        "no_extension",
        "form",
        phase(3),
        Post("A", "extension_answered", answer="yes"),
        extending,
    ),
    Guard(
        "a return time lies ahead",
        "time_is_past",
        "form",
        cooling,
        Post("A", "need_longer", in_return(0)),
        yes=Post("A", "need_longer", in_return(40)),
    ),
    Guard(
        "one does not accept one's own return time",
        "own_proposal",
        "form",
        cooling,
        Post("B", "return_time_accepted", in_return(20)),
        yes=Post("A", "ready_again"),
    ),
    Guard(
        "ready is said while it is quiet", "wrong_state", "form", phase(3), Post("A", "ready_again"), cooling
    ),
    Guard(
        "a private part is closed before the next",
        "part_still_open",
        "form",
        with_ana,
        Post("F", "caucus_started", {"with": "B"}),
        yes=Post("F", "caucus_switched", {"with": "B"}),
    ),
    Guard(
        "a private part is switched while one is open",
        "no_part_open",
        "form",
        lambda: _part_ended(),
        Post("F", "caucus_switched", {"with": "B"}),
        with_ana,
    ),
    Guard(
        "a talk with each needs two",
        "needs_two",
        "form",
        lambda: Table(ALONE).in_phase(3),
        Post("F", "caucus_started", {"with": "A"}),
        phase(3),
    ),
    Guard(
        "the end is what the rules derive",
        "how_differs",
        "form",
        lambda: Table().closed(),
        Post("F", "session_ended", how="carried_over"),
        yes=Post("F", "session_ended", how="completed"),
    ),
    Guard(
        "undo points at something",
        "unknown_line",
        "form",
        noted,
        Post("F", "undone", line=999),
        yes=Post("F", "undone", line=11),
    ),
    Guard(
        "only the last own entry is undone",
        "not_the_last",
        "form",
        noted,
        Post("F", "undone", line=10),
        yes=Post("F", "undone", line=11),
    ),
    Guard(
        "undoing takes ten seconds",
        "too_late_to_undo",
        "form",
        noted,
        Post("F", "undone", line=11, after=11),
        yes=Post("F", "undone", line=11, after=10),
    ),
    Guard(
        "a correction is of own words",
        "not_yours",
        "form",
        lambda: said(),
        Post("B", "corrected", line=11, text="Something else."),
        yes=Post("A", "corrected", line=11, text="I sat in the car."),
    ),
    Guard(
        "the clock is not corrected",
        "not_correctable",
        "form",
        phase(3),
        Post("F", "corrected", line=5, phase=2),
        lambda: said(),
        Post("F", "corrected", line=11, feelings=["lonely"]),
    ),
    Guard(
        "after release an entry stays",
        "released",
        "form",
        lambda: _released(),
        Post("F", "corrected", line=11, text="Other."),
        said,
    ),
    # --- the seven absolute guards
    Guard(
        "a text somebody said yes to is not reworded under them",
        "agreed_text",
        "absolute",
        lambda: _agreed_by_one(),
        Post("F", "corrected", line=DRAFT_LINE, text="Something else."),
        lambda: drafted(),
    ),
    Guard(
        "no joint work without a private talk",
        "no_private_talk",
        "absolute",
        gathered_with(private_talk_a=False),
        Post("F", "session_started"),
        gathered,
    ),
    Guard(
        "no joint work while one pauses and consults",
        "not_together",
        "absolute",
        gathered_with(outcome_b="pause_and_consult"),
        Post("F", "session_started"),
        gathered_with(outcome_b="go_with_adjustments"),
    ),
    Guard(
        "no joint work on not together",
        "not_together",
        "absolute",
        gathered_with(outcome_a="not_together"),
        Post("F", "session_started"),
        gathered,
    ),
    Guard(
        "no joint work once either has withdrawn",
        "withdrawn",
        "absolute",
        gathered_with(facilitation_consent_b=False),
        Post("F", "session_started"),
        gathered,
    ),
    Guard(
        "nothing more is written down once either takes the yes to notes back",
        "withdrawn",
        "absolute",
        gathered_with(notes_consent_a=False),
        Post("F", "session_started"),
        gathered,
    ),
    Guard(
        "joint work rests when somebody withdraws in the middle",
        "withdrawn",
        "absolute",
        lambda: _withdrawn(phase(3)()),
        Post("F", "turn_started", floor="A"),
        phase(3),
    ),
    Guard(
        "a partner reads nothing of why it rests",
        "resting",
        "absolute",
        lambda: _withdrawn(phase(3)()),
        Post("A", "statement", SPEAK),
        phase(3),
    ),
    Guard(
        "only the listener reflects",
        "only_the_listener",
        "absolute",
        asked,
        Post("A", "reflection_given", check="C1", feelings=["sad"], reason="you were all alone"),
        yes=REFLECT,
    ),
    Guard(
        "only the speaker confirms",
        "only_the_speaker",
        "absolute",
        reflected,
        Post("B", "reflection_confirmed", check="C1"),
        yes=CONFIRM,
    ),
    Guard(
        "only the speaker corrects",
        "only_the_speaker",
        "absolute",
        reflected,
        Post("B", "reflection_corrected", check="C1"),
        yes=Post("A", "reflection_corrected", check="C1"),
    ),
    Guard(
        "after a cool-down both say ready",
        "both_ready",
        "absolute",
        one_ready,
        Post("F", "resumed"),
        both_ready,
    ),
    Guard(
        "a talk with each in a cool-down does not replace being ready",
        "both_ready",
        "absolute",
        lambda: _caucus_in_cool_down(),
        Post("F", "resumed"),
        with_ana,
    ),
    # --- soft: they give way to a recorded reason
    Guard("both have arrived", "both_arrived", "soft", new, Post("F", "session_started"), gathered),
    Guard(
        "the screening is fresh",
        "screening_old",
        "soft",
        gathered_with(screening_review_on=date(2026, 3, 1)),
        Post("F", "session_started"),
        gathered_with(screening_review_on=date(2026, 3, 2)),
    ),
    Guard(
        "the meeting is no longer than their pace",
        "pace_length",
        "soft",
        gathered_with(pace_most_minutes=45),
        Post("F", "session_started"),
        gathered_with(pace_most_minutes=50),
    ),
    Guard(
        "the meeting is no sooner than their pace",
        "pace_gap",
        "soft",
        gathered_with(pace_not_before=date(2026, 3, 3)),
        Post("F", "session_started"),
        gathered_with(pace_not_before=date(2026, 3, 2)),
    ),
    Guard(
        "a firm topic needs its owner",
        "firm_topic",
        "soft",
        lambda: Table(PLAN, replace(STANDING, firm_topics=frozenset({"Money"}))).in_phase(3),
        Post("A", "statement", {**SPEAK, "topics": ["money"]}, told_to=True),
        phase(3),
    ),
    Guard(
        "ground rules are agreed before the first phase ends",
        "ground_rules",
        "soft",
        begun,
        Post("F", "phase_finished", phase=1),
        lambda: _rules_said(),
    ),
    Guard(
        "the opening is not jumped over",
        "opening_or_closing",
        "soft",
        lambda: _started(),
        Post("F", "phase_started", phase=2),
        yes=Post("F", "phase_started", phase=1),
    ),
    Guard(
        "the closing is not set aside",
        "opening_or_closing",
        "soft",
        phase(3),
        Post("F", "phase_set_aside", phase=7),
        yes=Post("F", "phase_set_aside", phase=6),
    ),
    Guard(
        "when only the closing fits, nothing else starts",
        "closing_due",
        "soft",
        nearly_closing,
        Post("F", "phase_started", phase=4),
        yes=Post("F", "phase_started", phase=7),
    ),
    Guard(
        "past the maximum no phase but the closing starts",
        "wrapping_up",
        "soft",
        lambda: nearly_closing().wait(minutes=6),
        Post("F", "phase_started", phase=4),
        yes=Post("F", "phase_started", phase=7),
    ),
    Guard(
        "past the maximum no statement begins",
        "wrapping_up",
        "soft",
        past_maximum,
        Post("A", "statement", SPEAK),
        phase(6),
    ),
    Guard(
        "a closing keeps three minutes",
        "closing_short",
        "soft",
        phase(3),
        Post("F", "minutes_set", minutes={"7": 2}),
        yes=Post("F", "minutes_set", minutes={"7": 3}),
    ),
    Guard(
        "minutes set stay inside the maximum",
        "past_maximum",
        "soft",
        phase(3),
        Post("F", "minutes_set", minutes={"4": 30}),
        yes=Post("F", "minutes_set", minutes={"4": 12}),
    ),
    Guard(
        "the facilitator adds minutes inside the maximum",
        "past_maximum",
        "soft",
        phase(3),
        Post("F", "minutes_added", phase=3, minutes=41),
        yes=Post("F", "minutes_added", phase=3, minutes=39),
    ),
    Guard(
        "added minutes leave the closing before the latest end",
        "past_latest_end",
        "soft",
        lambda: _long_paused(),
        Post("F", "minutes_added", phase=3, minutes=20),
        yes=Post("F", "minutes_added", phase=3, minutes=3),
    ),
    Guard(
        "an extension leaves the closing before the latest end",
        "past_latest_end",
        "soft",
        lambda: _long_paused(),
        Post("A", "extension_proposed", phase=3, minutes=10),
        yes=Post("A", "extension_proposed", phase=3, minutes=2),
    ),
    Guard(
        "one extension is asked for at a time",
        "extension_open",
        "soft",
        extending,
        Post("B", "extension_proposed", phase=3, minutes=2),
        phase(3),
    ),
    Guard(
        "a solo part is its owner's",
        "turn_rule",
        "soft",
        phase(3),
        Post("F", "turn_started", floor="B"),
        yes=Post("F", "turn_started", floor="A"),
    ),
    Guard(
        "a quiet part has no turn",
        "turn_rule",
        "soft",
        phase(2),
        Post("F", "turn_started", floor="A"),
        phase(3),
    ),
    Guard(
        "turns alternate",
        "alternate_turn",
        "soft",
        turn("A"),
        Post("F", "turn_started", floor="A"),
        turn("A", "B"),
    ),
    Guard(
        "a statement is the floor holder's",
        "not_their_turn",
        "soft",
        turn("B"),
        Post("A", "statement", SPEAK),
        turn("A"),
    ),
    Guard(
        "a reflection has a feeling",
        "reflection_incomplete",
        "soft",
        asked,
        Post("B", "reflection_given", check="C1", reason="you were all alone"),
        yes=REFLECT,
    ),
    Guard(
        "a reflection has a reason",
        "reflection_incomplete",
        "soft",
        asked,
        Post("B", "reflection_given", check="C1", feelings=["sad"]),
        yes=Post("B", "reflection_given", check="C1", heard=["feeling", "reason"]),
    ),
    Guard(
        "a reason in words has three",
        "reflection_incomplete",
        "soft",
        asked,
        Post("B", "reflection_given", check="C1", feelings=["sad"], reason="because alone"),
        yes=REFLECT,
    ),
    Guard(
        "a wish is given back with a tick or words",
        "reflection_incomplete",
        "soft",
        wishing,
        Post("B", "reflection_given", check="C1"),
        yes=Post("B", "reflection_given", check="C1", heard=["wish"]),
    ),
    Guard(
        "the pace is asked for after a check",
        "pace_after_check",
        "soft",
        phase(3),
        Post("F", "pace_asked"),
        listened,
    ),
    Guard(
        "a pace answers a question",
        "pace_not_asked",
        "soft",
        listened,
        Post("A", "pace_chosen", pace="slower"),
        lambda: _pace_asked(),
    ),
    Guard(
        "a guess is worded tentatively",
        "tentative_wording",
        "soft",
        phase(3),
        Post("F", "fear_offered", id="F1", to="A", wording="You are afraid."),
        yes=Post("F", "fear_offered", id="F1", to="A", wording="Could it be that part of it is fear?"),
    ),
    Guard(
        "an own word for a need has a wish",
        "wish_missing",
        "soft",
        phase(5),
        Post("A", "need_named", id="N1", need="elbow room"),
        yes=Post("A", "need_named", id="N1", need="elbow room", wish="One evening alone."),
    ),
    Guard(
        "an option waits until both have listened",
        "listening_first",
        "soft",
        lambda: _one_listened(),
        OPTION,
        lambda: Table().both_listened().in_phase(6),
    ),
    Guard(
        "options have their phase",
        "not_options_phase",
        "soft",
        lambda: Table().both_listened(),
        OPTION,
        lambda: Table().both_listened().in_phase(6),
    ),
    Guard(
        "what is accepted is what was proposed",
        "other_time",
        "soft",
        cooling,
        Post("A", "return_time_accepted", in_return(30)),
        lambda: _proposed(30),
    ),
    Guard(
        "a return time is not moved earlier",
        "earlier_return",
        "soft",
        cooling,
        Post("A", "return_time_changed", in_return(10)),
        yes=Post("A", "return_time_changed", in_return(40)),
    ),
    Guard(
        "going on leaves time for the closing",
        "too_late_to_resume",
        "soft",
        late,
        Post("F", "resumed"),
        paused,
    ),
    Guard("going on waits for who has left", "somebody_left", "soft", left, Post("F", "resumed"), paused),
    Guard(
        "a connection is lost where there is one",
        "not_remote",
        "soft",
        phase(3),
        Post("F", "connection_lost"),
        remote,
    ),
    Guard(
        "a phrase is one of theirs",
        "phrase_not_approved",
        "soft",
        phase(3),
        Post("A", "phrase_used", text="Whatever."),
        yes=Post("A", "phrase_used", text="I am on your side."),
    ),
    Guard(
        "goals are looked at in the closing",
        "not_closing_yet",
        "soft",
        phase(3),
        Post("A", "goal_viewed", goal="G1", view="yes"),
        phase(7),
    ),
    Guard(
        "the closing temperature waits for the closing",
        "not_closing_yet",
        "soft",
        phase(3),
        Post("A", "closing_temperature", temperature=3),
        phase(7),
    ),
    Guard(
        "an unfinished closing is not an end",
        "closing_open",
        "soft",
        phase(7),
        Post("F", "session_ended", how="early_by_facilitator"),
        lambda: Table().closed(),
        Post("F", "session_ended", how="completed"),
    ),
]


def _started():
    table = Table().gathered().wait(minutes=5)
    table.post("F", "session_started")
    return table


def _between(number):
    table = phase(number)()
    table.post("F", "phase_finished", phase=number)
    return table


def _returned(number):
    table = _between(3)
    table.post("F", "phase_returned", phase=number)
    return table


def _confirmed(who):
    table = drafted()
    table.post(who, "agreement_confirmed", agreement="AG1")
    return table


def _part_ended():
    table = with_ana()
    table.post("F", "caucus_ended", {"with": "A"})
    return table


def _agreed_by_one():
    table = drafted()
    assert table.state.moments[-1].number == DRAFT_LINE
    table.post("A", "agreement_confirmed", agreement="AG1")
    return table


def _released():
    table = said()
    table.standing = replace(STANDING, released=True)
    return table


def _withdrawn(table):
    table.standing = replace(STANDING, facilitation_consent_b=False)
    return table


def _caucus_in_cool_down():
    table = cooling()
    table.post("F", "caucus_started", {"with": "A"})
    return table


def _rules_said():
    table = begun()
    table.post("F", "ground_rules_confirmed")
    return table


def _long_paused():
    table = paused()
    table.wait(minutes=50).post("F", "resumed")
    return table


def _pace_asked():
    table = listened()
    table.post("F", "pace_asked")
    return table


def _one_listened():
    table = Table().in_phase(3).listened()
    return table.in_phase(6)


def _proposed(minutes):
    table = cooling()
    table.post("B", "return_time_changed", in_return(minutes))
    return table


@pytest.fixture(params=GUARDS, ids=[guard.sentence for guard in GUARDS])
def guard(request):
    return request.param


def test_not_like_this(guard):
    no = guard.at().refused(guard.no.by, guard.no.kind, guard.no.fields, **guard.no.how)
    assert (no.code, no.kind) == (guard.code, guard.sort)


def test_but_like_this(guard):
    table = guard.well()
    verdict = table.post(guard.yes.by, guard.yes.kind, guard.yes.fields, **guard.yes.how)
    assert verdict.set_aside == ()


def test_a_reason_sets_aside_what_is_soft_and_nothing_else(guard):
    table, no = guard.at(), guard.no
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


# --- what stands apart -------------------------------------------------------------------------------

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
    assert "statement" not in _withdrawn(phase(3)()).kinds
    assert "cool_down_called" in _withdrawn(phase(3)()).kinds
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
        lambda: _returned(2),
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
