"""How a rule's no reads at the desk: one sentence, what can be done, and a way on where the guard gives way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from facilitator.errors import Refusal, gettext_noop
from facilitator.http import said
from sessions.desk.snapshot import DeskSnapshot
from sessions.desk.table import Table
from sessions.wording import codes

# One tap each; a reason in own words is as good.
REASONS = [
    gettext_lazy("we agreed on it"),
    gettext_lazy("better for them today"),
    gettext_lazy("I take it on me"),
]
# Where a nearer word is at hand, it comes first.
NEARER = {
    "both_arrived": [gettext_lazy("the other one is on the way"), gettext_lazy("we begin with one")],
    "screening_old": [gettext_lazy("I spoke with each this week"), gettext_lazy("nothing has changed")],
    "pace_length": [gettext_lazy("both asked for it")],
    "pace_gap": [gettext_lazy("both asked for it")],
    "firm_topic": [gettext_lazy("its owner agreed, this once")],
    "ground_rules": [gettext_lazy("they know them"), gettext_lazy("said at another time")],
    "opening_or_closing": [gettext_lazy("we have done it already"), gettext_lazy("no time is left for it")],
    "closing_due": [gettext_lazy("the room is free for longer"), gettext_lazy("a short one")],
    "wrapping_up": [gettext_lazy("it belongs to what was begun"), gettext_lazy("a short one")],
    "past_maximum": [gettext_lazy("both said yes"), gettext_lazy("a few minutes to finish")],
    "past_latest_end": [gettext_lazy("the room is free for longer"), gettext_lazy("both have the time")],
    "turn_rule": [gettext_lazy("they asked for it"), gettext_lazy("the order suits them so")],
    "alternate_turn": [gettext_lazy("the other one gave it up"), gettext_lazy("not finished yet")],
    "not_their_turn": [gettext_lazy("a short word in between"), gettext_lazy("the other one agreed")],
    "reflection_incomplete": [
        gettext_lazy("the heart of it was heard"),
        gettext_lazy("few words are enough today"),
    ],
    "wish_missing": [gettext_lazy("the wish comes later"), gettext_lazy("their own word says it")],
    "listening_first": [
        gettext_lazy("both have listened, in other words"),
        gettext_lazy("it eases them to say it now"),
    ],
    "not_options_phase": [gettext_lazy("it is ripe now"), gettext_lazy("both asked for it")],
    "earlier_return": [gettext_lazy("both are ready sooner"), gettext_lazy("both agreed")],
    "too_late_to_resume": [gettext_lazy("the room is free for longer"), gettext_lazy("only to say goodbye")],
    "somebody_left": [gettext_lazy("they are back"), gettext_lazy("we go on with one")],
    "closing_open": [gettext_lazy("time is up"), gettext_lazy("they asked to end here")],
    "not_closing_yet": [gettext_lazy("it was said now"), gettext_lazy("we end early")],
    "phrase_not_approved": [gettext_lazy("a new phrase of theirs")],
}
# What gives way to no reason: what can be done instead.
INSTEAD = {
    "no_private_talk": gettext_lazy(
        "Pause here, and speak with each alone first. A talk with each is open now."
    ),
    "not_together": gettext_lazy("You can talk with each, settle, or end for today in a calm way."),
    "withdrawn": gettext_lazy("You can talk with each, or find another day. Nothing has to be explained."),
    "only_the_listener": gettext_lazy("Ask the one who listened; a word of your own can follow as a bridge."),
    "only_the_speaker": gettext_lazy("Ask the one who spoke whether it fits."),
    "both_ready": gettext_lazy("Ask each quietly. Longer, a talk with each, or another day are all fine."),
    "agreed_text": gettext_lazy("Put a new draft on the table, and ask both again."),
}


# A session file is told ids and numbers; a person at the desk is told what to do.
AT_THE_DESK = {
    "wrong_actor": gettext_noop("Not yet: this is for somebody else to do."),
    "wrong_state": gettext_noop(
        "Not yet: this has its place at another moment. Just now the session is %(state)s."
    ),
    "time_went_back": gettext_noop("Not yet: this would lie before what was entered last."),
    "id_taken": gettext_noop("That is already on the table."),
    "unknown_id": gettext_noop("What this belongs to is not on the table."),
    "unknown_phase": gettext_noop("There is no such part."),
    "phase_going_on": gettext_noop("Not yet: %(phase)s is still going on."),
    "phase_not_waiting": gettext_noop("%(phase)s has been begun or set aside already."),
    "phase_not_active": gettext_noop("%(phase)s is not going on."),
    "phase_over": gettext_noop("%(phase)s is over."),
    "phase_not_gone": gettext_noop("%(phase)s is still to come, or going on."),
    "no_phase": gettext_noop("Not yet: no part is going on."),
    "second_check": gettext_noop("Not yet: one check is still open. Finish it first, or set it aside."),
    "needs_two": gettext_noop("This needs both of them."),
    "own_listener": gettext_noop("Nobody gives back their own words; ask the other one."),
    "check_closed": gettext_noop("That check is closed."),
    "check_awaits_answer": gettext_noop("Not yet: first the speaker says whether it fits."),
    "check_awaits_reflection": gettext_noop("Not yet: first the listener gives back what was heard."),
    "check_awaits_bridge": gettext_noop("Not yet: after three tries you give it back first."),
    "no_bridge_yet": gettext_noop("Not yet: the bridge comes after the third try that did not fit."),
    "not_a_part": gettext_noop("This check does not ask for that part."),
    "how_differs": gettext_noop("Something else happened meanwhile. Please look, and press End again."),
    "unknown_line": gettext_noop("That entry is gone."),
    "not_the_last": gettext_noop("Only your last entry can be undone."),
    "too_late_to_undo": gettext_noop(
        "Undoing is open for ten seconds. A correction is open until the release."
    ),
    "key_reused": gettext_noop("This press was used before with other words. Please look, and press again."),
}

FIELDS: Mapping[str, Any] = {
    "text": gettext_lazy("The text"),
    "feelings": gettext_lazy("A feeling"),
    "reason": gettext_lazy("The reason"),
    "need": gettext_lazy("The need"),
    "wish": gettext_lazy("The wish"),
    "heard": gettext_lazy("What was ticked"),
    "minutes": gettext_lazy("The number of minutes"),
    "phase": gettext_lazy("The part"),
    "temperature": gettext_lazy("The number from 0 to 10"),
    "look_again_on": gettext_lazy("The day to look again"),
    "next_session": gettext_lazy("The next meeting"),
    "return_at": gettext_lazy("The time to come back"),
    "by": gettext_lazy("Whose it is"),
    "to": gettext_lazy("For whom"),
    "suggestion": gettext_lazy("The suggestion"),
    "wording": gettext_lazy("The wording"),
    "own_words": gettext_lazy("The words"),
    "meant": gettext_lazy("What was meant"),
    "override": gettext_lazy("The reason"),
}

# Posted again with a reason, all but these.
NOT_AGAIN = ("csrfmiddlewaretoken", "override")
MOST_REASONS = 3


@dataclass(frozen=True)
class ParkOffer:
    """An idea that came before both were heard: kept in view for later, in one press."""

    text: str
    by: str
    key: str


@dataclass(frozen=True)
class NotYet:
    """A no as the desk shows it."""

    words: str
    # It gives way to a reason: what was posted, to be posted again with one.
    soft: bool
    fields: list[tuple[str, str]]
    reasons: list[Any]
    # What can be done instead, where no reason helps.
    instead: str
    # The idea it is about, pressed on the Later list.
    about: str
    park: ParkOffer | None


def not_yet(refusal: Refusal, posted: QueryDict, desk: DeskSnapshot) -> NotYet:
    """This refusal of what was posted, for the desk."""
    is_soft = refusal.kind == "soft"
    kept = [(name, value) for name in posted for value in posted.getlist(name) if name not in NOT_AGAIN]
    nearer = NEARER.get(refusal.code, [])

    return NotYet(
        words=said(readable(refusal, desk)),
        soft=is_soft,
        fields=kept,
        reasons=[*nearer, *REASONS][:MOST_REASONS] if is_soft else [],
        instead="" if is_soft else INSTEAD.get(refusal.code, ""),
        about=posted.get("text", "") if is_from_later(posted) else "",
        park=_park_offer(refusal, posted, desk),
    )


def readable(refusal: Refusal, desk: DeskSnapshot) -> Refusal:
    """The same no with words a person can read: no codes of states, titles instead of numbers."""
    params: dict[str, object] = dict(refusal.params)

    if "state" in params:
        params["state"] = codes.at_the_desk(codes.STATE, str(params["state"]))

    number = params.get("phase")
    if isinstance(number, int) and 1 <= number <= len(desk.plan.phases):
        params["phase"] = f"“{desk.plan.phases[number - 1].title}”"

    if "field" in params:
        params["field"] = FIELDS.get(str(params["field"]), _("Something"))

    text = AT_THE_DESK.get(refusal.code, refusal.text)
    return Refusal(text, refusal.code, refusal.kind, **params)


def is_from_later(posted: Mapping[str, Any]) -> bool:
    """Pressed on the Later list, not typed in a card."""
    return bool(posted.get("later"))


def _park_offer(refusal: Refusal, posted: QueryDict, desk: DeskSnapshot) -> ParkOffer | None:
    text = posted.get("text", "").strip()
    is_an_option = posted.get("kind") == "option_added" and text
    if not is_an_option or refusal.kind != "soft":
        return None

    is_parked = any(idea.text == text for idea in Table(desk).later)
    if is_parked:
        return None

    return ParkOffer(text, posted.get("by", ""), f"{posted.get('key', '')[:70]}-park")
