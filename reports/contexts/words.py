"""Codes in words. Partners read the short, plain form; nothing here says who did what."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sessions.engine.clock.state import EPOCH

GOAL_VIEW = {
    "yes": gettext_noop("yes"),
    "a_little": gettext_noop("a little"),
    "not_today": gettext_noop("not today"),
    "no_longer_wanted": gettext_noop("no longer wanted"),
}
GOAL_CATEGORY = {
    "feelings": gettext_noop("feelings"),
    "needs": gettext_noop("needs"),
    "compromises": gettext_noop("compromises"),
    "frame": gettext_noop("frame"),
}
REACTION = {
    "gladly": gettext_noop("gladly"),
    "can_live_with": gettext_noop("can live with it"),
    "not_for_me": gettext_noop("not for me"),
    "need_to_think": gettext_noop("would like to think about it"),
}
RETREAT = {
    "temporary_retreat": gettext_noop("it needs rest"),
    "lasting_rift": gettext_noop("it needs mending"),
    "not_sure": gettext_noop("I am not sure"),
}
FEAR_ANSWER = {
    "fits": gettext_noop("it fits"),
    "partly": gettext_noop("it fits partly"),
    "does_not_fit": gettext_noop("it does not fit"),
    "not_now": gettext_noop("not now"),
}
MILESTONE = {
    "shared_smile": gettext_noop("a shared smile"),
    "calm_talk_after_tension": gettext_noop("a calm talk after tension"),
    "revisited_gently": gettext_noop("gently came back to something"),
    "returned_on_time": gettext_noop("came back when we said"),
    "first_confirmed_check": gettext_noop("the first thing said back and confirmed"),
    "kept_promise": gettext_noop("a promise kept"),
    "apology_received": gettext_noop("an apology that arrived"),
    "asked_for_pause": gettext_noop("asked for a pause in good time"),
    "own_kind": gettext_noop("a good moment of our own"),
}
PROBLEM = {
    "feeling_wrong": gettext_noop("another feeling"),
    "reason_wrong": gettext_noop("another reason"),
    "missing_part": gettext_noop("a part was missing"),
    "too_strong": gettext_noop("too strong"),
    "too_mild": gettext_noop("too mild"),
    "intent_added": gettext_noop("an intention was added"),
    "": gettext_noop("not quite"),
}
CHECK_KIND = {
    "feeling_and_reason": gettext_noop("feeling and reason"),
    "feeling": gettext_noop("feeling"),
    "wish": gettext_noop("wish"),
    "own_part": gettext_noop("own part"),
    "boundary": gettext_noop("boundary"),
    "terms": gettext_noop("terms"),
}
HEARD = {
    "feeling": gettext_noop("feeling heard"),
    "reason": gettext_noop("reason heard"),
    "wish": gettext_noop("wish heard"),
    "why": gettext_noop("what it would give heard"),
    "own_part": gettext_noop("own part heard"),
    "boundary": gettext_noop("boundary heard"),
    "terms": gettext_noop("terms heard"),
}
CHECK_STATE = {
    "confirmed": gettext_noop("confirmed"),
    "set_aside": gettext_noop("set aside"),
    "open": gettext_noop("carried over"),
}
REDIRECT = {
    "rephrased": gettext_noop("said another way"),
    "kept": gettext_noop("said as it was"),
    "not_now": gettext_noop("left for now"),
    "": gettext_noop("offered"),
}
PAUSE = {
    "brief": gettext_noop("brief pause"),
    "settling": gettext_noop("settling here together"),
    "cool_down": gettext_noop("cool-down"),
}
# Safety and both early reasons read the same, on every paper.
ENDED = {
    "completed": gettext_noop("completed"),
    "carried_over": gettext_noop("to be continued another day"),
    "maximum_reached": gettext_noop("ended at the agreed maximum"),
    "not_held": gettext_noop("not held"),
    "connection_lost": gettext_noop("ended when the connection was lost"),
}
TEMPERATURE_AT = {
    "arrival_temperature": gettext_noop("on arriving"),
    "cool_down_called": gettext_noop("at the pause"),
    "ready_again": gettext_noop("when ready again"),
    "closing_temperature": gettext_noop("at the end"),
}
AUTOMATIC = {
    "doors_opened": gettext_noop("doors open"),
    "not_held": gettext_noop("half an hour past the planned time"),
    "phase_overtime": gettext_noop("minutes of the part used"),
    "closing_due": gettext_noop("time for the closing"),
    "maximum_reached": gettext_noop("agreed time reached"),
    "brief_pause_long": gettext_noop("some minutes of pause"),
    "return_due": gettext_noop("time to come back"),
    "return_missed": gettext_noop("ten minutes past the time to come back"),
    "connection_lost_long": gettext_noop("ten minutes without a connection"),
}


def say(table: Mapping[str, str], code: Any) -> str:
    """The word for a code; an own word says itself."""
    text = table.get(code or "")
    return _(text) if text else str(code or "")


def ended(how: str) -> str:
    return _(ENDED[how]) if how in ENDED else _("ended early")


def day(value: date | datetime | None) -> str:
    """Nothing for a session written up without a date: the clock puts it at its epoch."""
    return date_format(value, "j F Y") if value and value.year > EPOCH.year else ""


def day_month(value: date | None) -> str:
    return date_format(value, "j F") if value else ""


def iso_day(value: Any) -> str:
    """A date of a file (text) or of a row (date)."""
    return day(date.fromisoformat(value) if isinstance(value, str) else value)


def hour(value: datetime | None) -> str:
    return date_format(value, "H:i") if value else ""


def minutes(seconds: int) -> str:
    whole = seconds // 60
    if whole == 0:
        return _("less than a minute")
    return ngettext("%(n)d minute", "%(n)d minutes", whole) % {"n": whole}


def clock(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02d}"


def listed(parts: list[str]) -> str:
    """Ana, Ben and Fay."""
    if len(parts) < 2:
        return "".join(parts)
    return _("%(some)s and %(last)s") % {"some": ", ".join(parts[:-1]), "last": parts[-1]}
