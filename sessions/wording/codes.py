"""Codes in words: one row for each code, with the form that each reader sees side by side.

`desk` is what the facilitator reads on the screen, `paper` what a paper prints (short and plain, and never who
did what), `card` what one partner chooses between on a hand-over card, in the first person. A form that is left
out reads as the desk's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _


@dataclass(frozen=True)
class Word:
    """One code as each reader sees it."""

    desk: str
    paper: str = ""
    card: str = ""


Table = Mapping[str, Word]

# Goals

GOAL_CATEGORY: Final[Table] = {
    "feelings": Word(_("feelings")),
    "needs": Word(_("needs")),
    "compromises": Word(_("compromises")),
    "frame": Word(_("frame")),
}
# What a part is about, in the head of the desk.
PART_GOAL: Final[Table] = {
    "feelings": Word(_("about feelings")),
    "needs": Word(_("about needs")),
    "compromises": Word(_("about ways that suit both")),
}
GOAL_VIEW: Final[Table] = {
    "yes": Word(_("yes"), card=_("Yes")),
    "a_little": Word(_("a little"), card=_("A little")),
    "not_today": Word(_("not today"), card=_("Not today")),
    "no_longer_wanted": Word(_("no longer wanted"), card=_("I no longer want it")),
}

# Saying it back

CHECK_KIND: Final[Table] = {
    "feeling_and_reason": Word(_("feeling and reason")),
    "feeling": Word(_("feeling")),
    "wish": Word(_("wish")),
    "own_part": Word(_("own part")),
    "boundary": Word(_("boundary")),
    "terms": Word(_("terms")),
}
HEARD_PART: Final[Table] = {
    "feeling": Word(_("feeling heard")),
    "reason": Word(_("reason heard")),
    "wish": Word(_("wish heard")),
    "why": Word(_("what it would give"), paper=_("what it would give heard")),
    "own_part": Word(_("own part heard")),
    "boundary": Word(_("boundary heard")),
    "terms": Word(_("terms read back"), paper=_("terms heard")),
}
PROBLEM: Final[Table] = {
    "feeling_wrong": Word(_("another feeling")),
    "reason_wrong": Word(_("another reason")),
    "missing_part": Word(_("a part is missing"), paper=_("a part was missing")),
    "too_strong": Word(_("too strong")),
    "too_mild": Word(_("too mild")),
    "intent_added": Word(_("an intent was added"), paper=_("an intention was added")),
    # Not quite, without a reason why.
    "": Word(_("not quite")),
}
CHECK_OUTCOME: Final[Table] = {
    "confirmed": Word(_("confirmed")),
    "set_aside": Word(_("set aside")),
    "open": Word(_("carried over")),
}

# What is offered, and how it is taken

PACE: Final[Table] = {
    "go_on": Word(_("go on")),
    "slower": Word(_("slower")),
    "another_way": Word(_("another way")),
    "later": Word(_("later")),
}
FAMILY: Final[Table] = {
    "ABS": Word(_("always, never")),
    "FAULT": Word(_("a fault")),
    "MIND": Word(_("mind-reading")),
    "COERCE": Word(_("pressure")),
    "DIAG": Word(_("a diagnosis")),
}
REDIRECT_RESULT: Final[Table] = {
    "rephrased": Word(_("said another way")),
    "kept": Word(_("said as it was")),
    "not_now": Word(_("left for now")),
    "": Word(_("offered")),
}
FEAR_ANSWER: Final[Table] = {
    "fits": Word(_("fits"), paper=_("it fits"), card=_("It fits")),
    "partly": Word(_("fits partly"), paper=_("it fits partly"), card=_("Partly")),
    "does_not_fit": Word(_("does not fit"), paper=_("it does not fit"), card=_("It does not fit")),
    "not_now": Word(_("not now"), card=_("Not now")),
}
REACTION: Final[Table] = {
    "gladly": Word(_("gladly"), card=_("Gladly")),
    "can_live_with": Word(_("I can live with it"), paper=_("can live with it"), card=_("I can live with it")),
    "not_for_me": Word(_("not for me"), card=_("Not for me")),
    "need_to_think": Word(
        _("I need to think"), paper=_("would like to think about it"), card=_("I need to think")
    ),
}
EXTENSION_ANSWER: Final[Table] = {
    "yes": Word(_("yes"), card=_("Yes")),
    "not_now": Word(_("not now"), card=_("Not now")),
}
# No page and no paper carries the word that the log uses for a distance that needs mending.
RETREAT_VIEW: Final[Table] = {
    "temporary_retreat": Word(_("it needs rest"), card=_("It needs rest")),
    "lasting_rift": Word(_("it needs mending"), card=_("It needs mending")),
    "not_sure": Word(_("I am not sure"), card=_("I am not sure")),
}
MILESTONE: Final[Table] = {
    "shared_smile": Word(_("a shared smile")),
    "calm_talk_after_tension": Word(_("a calm talk after tension")),
    "revisited_gently": Word(_("came back to it gently"), paper=_("gently came back to something")),
    "returned_on_time": Word(_("came back at the named time"), paper=_("came back when we said")),
    "first_confirmed_check": Word(
        _("first time it fitted"), paper=_("the first thing said back and confirmed")
    ),
    "kept_promise": Word(_("a kept promise"), paper=_("a promise kept")),
    "apology_received": Word(_("an apology that arrived")),
    "asked_for_pause": Word(_("asked for a pause"), paper=_("asked for a pause in good time")),
    "own_kind": Word(_("of their own kind"), paper=_("a good moment of our own")),
}

# What lies on the table

ON_TABLE: Final[Table] = {
    "statement": Word(_("said")),
    "need": Word(_("need")),
    "option": Word(_("option")),
    "agreement": Word(_("agreement")),
    "draft": Word(_("draft")),
}

# The clock

STATE: Final[Table] = {
    "ready": Word(_("not begun")),
    "gathering": Word(_("not begun")),
    "running": Word(_("going on")),
    "brief_pause": Word(_("pausing")),
    "cooling_down": Word(_("in a cool-down")),
    "caucus": Word(_("in a talk with each")),
    "wrapping_up": Word(_("wrapping up")),
    "ended": Word(_("over")),
}
# The short form in the head of the desk.
STATE_LABEL: Final[Table] = {
    "ready": Word(_("not begun")),
    "gathering": Word(_("doors open")),
    "running": Word(_("running")),
    "brief_pause": Word(_("paused")),
    "settling": Word(_("settling")),
    "cooling_down": Word(_("cool-down")),
    "caucus": Word(_("a talk with each")),
    "wrapping_up": Word(_("wrapping up")),
    "ended": Word(_("ended")),
}
PAUSE: Final[Table] = {
    "brief": Word(_("brief pause")),
    "settling": Word(_("settling here together")),
    "cool_down": Word(_("cool-down")),
}
# Stopping for safety and stopping early for any other reason read the same everywhere.
ENDED_HOW: Final[Table] = {
    "completed": Word(_("completed")),
    "carried_over": Word(_("to be continued another day")),
    "maximum_reached": Word(_("ended at the agreed time"), paper=_("ended at the agreed maximum")),
    "not_held": Word(_("not held")),
    "connection_lost": Word(_("the connection was lost"), paper=_("ended when the connection was lost")),
    "early_by_partner": Word(_("ended early")),
    "early_by_facilitator": Word(_("ended early")),
    "safety": Word(_("ended early")),
}
TEMPERATURE_AT: Final[Table] = {
    "arrival_temperature": Word(_("on arriving")),
    "cool_down_called": Word(_("at the pause")),
    "ready_again": Word(_("when ready again")),
    "closing_temperature": Word(_("at the end")),
}
# What falls due by itself, as the log in the facilitator's record has it.
FELL_DUE: Final[Table] = {
    "doors_opened": Word(_("doors open")),
    "not_held": Word(_("half an hour past the planned time")),
    "phase_overtime": Word(_("minutes of the part used")),
    "closing_due": Word(_("time for the closing")),
    "maximum_reached": Word(_("agreed time reached")),
    "brief_pause_long": Word(_("some minutes of pause")),
    "return_due": Word(_("time to come back")),
    "return_missed": Word(_("ten minutes past the time to come back")),
    "connection_lost_long": Word(_("ten minutes without a connection")),
}

# Which table has the words for a field of a command, where its values are codes.
OF_FIELD: Final[Mapping[tuple[str, str], Table]] = {
    ("check_opened", "check_kind"): CHECK_KIND,
    ("reflection_given", "heard"): HEARD_PART,
    ("reflection_corrected", "problem"): PROBLEM,
    ("pace_chosen", "pace"): PACE,
    ("redirect_offered", "families"): FAMILY,
    ("fear_answered", "answer"): FEAR_ANSWER,
    ("extension_answered", "answer"): EXTENSION_ANSWER,
    ("goal_viewed", "view"): GOAL_VIEW,
    ("retreat_view_given", "view"): RETREAT_VIEW,
    ("session_ended", "how"): ENDED_HOW,
}


def at_the_desk(table: Table, code: str) -> str:
    """What the facilitator reads for a code; a code without a row reads as itself."""
    word = table.get(code)
    return gettext(word.desk) if word else code


def on_paper(table: Table, code: Any) -> str:
    """What a paper prints for a code, or for none; an own word without a row prints as itself."""
    word = table.get(code or "")
    if word is None:
        return str(code or "")
    return gettext(word.paper or word.desk)


def on_card(table: Table, code: str) -> str:
    """What one partner chooses on a hand-over card."""
    word = table[code]
    return gettext(word.card or word.desk)


def choices(table: Table, codes: Iterable[str] | None = None) -> list[tuple[str, Any]]:
    """Pairs for a form at the desk, in the order of `codes`; translated when they are shown."""
    wanted = table if codes is None else codes
    return [(code, gettext_lazy(table[code].desk)) for code in wanted]


def card_choices(table: Table) -> tuple[tuple[str, str], ...]:
    """Pairs for a hand-over card, in the order of the table."""
    return tuple((code, on_card(table, code)) for code in table)
