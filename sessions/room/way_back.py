"""The way back from the turned screen: a hold, the short code where one is set, a wait after five wrong ones."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.utils.translation import gettext as _

from facilitator.now import now

# Wrong codes of this sign-in, kept with it.
TRIES = "turned_tries"
MOST_TRIES = 5
WAIT = timedelta(minutes=1)


def may_turn_back(request: HttpRequest) -> bool:
    """Whether no code is set, or the right one was typed. Five wrong codes mean a minute's wait."""
    code = request.user.short_code
    if not code:
        return True

    typed = request.POST.get("code", "")
    if not typed or _must_wait(request):
        return False

    if check_password(typed, code):
        request.session.pop(TRIES, None)
        return True

    _count_wrong_code(request)
    return False


def about_last_code(request: HttpRequest) -> str:
    """What to say about the last code, if it was not the right one."""
    tries = request.session.get(TRIES)
    if not tries:
        return ""

    if _must_wait(request):
        return _("Let us wait a minute, then try again.")
    if tries["until"]:
        return ""
    return _("That was not the code. Please try again.")


def _must_wait(request: HttpRequest) -> bool:
    until = _tries(request)["until"]
    return bool(until) and now() < datetime.fromisoformat(until)


def _count_wrong_code(request: HttpRequest) -> None:
    """One more; after a wait is over the count begins anew."""
    tries = _tries(request)
    has_waited = tries["until"] is not None
    wrong = 1 if has_waited else tries["wrong"] + 1

    until = None
    if wrong >= MOST_TRIES:
        until = (now() + WAIT).isoformat()
    request.session[TRIES] = {"wrong": wrong, "until": until}


def _tries(request: HttpRequest) -> dict[str, Any]:
    tries: dict[str, Any] = request.session.get(TRIES, {"wrong": 0, "until": None})
    return tries
