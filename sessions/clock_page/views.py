"""Doors of *just the clock*: the page, a press, and *Keep this?*. A press is read, folded, shown and forgotten."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse, QueryDict
from django.http.response import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from clients import agreement
from clients.access import as_facilitator
from facilitator.errors import Refusal, gettext_noop
from facilitator.http import page, said
from facilitator.now import now
from sessions.clock_page import held_session, keep_this
from sessions.clock_page.forms import FOR_BOTH, ClockForm, KeptForm
from sessions.clock_page.held_session import Held
from sessions.desk import context as shape
from sessions.desk import posting, refusals

BEGIN, LOOK = "clock_begin", "look"
MOST_OF_A_REASON = 400


@require_safe
def just_the_clock(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    kept = _people(request, _cards(request, None))
    context = {"form": ClockForm(), "formats": FOR_BOTH.values(), "now": now(), "kept": kept}
    return page(request, "facilitation/clock_page/clock.html", {"viewer": viewer, **context})


@require_POST
def press(request: HttpRequest) -> JsonResponse:
    """List and press in, list and desk out. Nothing is written anywhere."""
    as_facilitator(request)
    at = now()
    try:
        text, posted = _body(request)
        if posted.get("kind") == BEGIN:
            return _shown(request, _begun(request, posted, at), at)
        kept = held_session.read(text)
    except Refusal as no:
        return _lost(no)
    try:
        forms = _pressed(kept, posted, at)
    except Refusal as no:
        # The list as it came: what a press had put in halfway is gone with `kept`.
        return _shown(request, held_session.read(text), at, no.status, posted=posted, no=no)
    return _shown(request, kept, at, 422 if forms else 200, forms=forms)


@require_POST
def keep(request: HttpRequest) -> JsonResponse:
    """The list and two cards, once. Says where the session is now, or why nothing was written."""
    viewer, at = as_facilitator(request), now()
    try:
        text, posted = _body(request)
        cards, kept = _cards(request, posted), held_session.read(text)
    except Refusal as no:
        return _lost(no)
    if not all(card.is_valid() for card in cards.values()):
        return _cards_again(request, cards)
    people = {slot: card.person() for slot, card in cards.items()}
    facts: dict[str, Any] = {"facilitator": request.user, "now": at, "override": _reason(posted)}
    try:
        made = keep_this.keep(kept, people, viewer=viewer, **facts)
    except Refusal as no:
        words = refusals.spoken(no, posted, held_session.room(kept, at))
        return _cards_again(request, cards, refusal=words) if words["soft"] else _lost(no, words["words"])
    return JsonResponse({"to": reverse("desk" if kept.state.ended_at is None else "session", args=[made])})


def _reason(posted: QueryDict) -> str:
    """Why the facilitator goes on all the same: in own words, or one of the sentences to choose from."""
    own_words = posted.get("own_reason", "").strip()
    chosen = posted.get("override", "").strip()
    return (own_words or chosen)[:MOST_OF_A_REASON]


def _body(request: HttpRequest) -> tuple[str, QueryDict]:
    """The list, and the press as the desk would have posted it. JSON only: it is never spooled to disk."""
    if request.content_type != "application/json":
        raise Refusal(gettext_noop("This door is for the page of just the clock."), "not_ours", "form")
    try:
        sent = json.loads(request.body)
        text, fields = sent["list"], sent["fields"]
        posted = QueryDict(mutable=True)
        for name, value in fields:
            posted.appendlist(str(name), str(value))
    except RequestDataTooBig:
        raise Refusal(
            gettext_noop(
                "This hour has become too long for the page to carry. Nothing is lost: end it here, or copy what "
                "you need."
            ),
            "too_long",
            "form",
        ) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal(
            gettext_noop("This door is for the page of just the clock."), "not_ours", "form"
        ) from None
    return str(text), posted


def _begun(request: HttpRequest, posted: QueryDict, at: datetime) -> Held:
    """The header, and everything *begin* brings with it."""
    form = ClockForm(posted)
    if not form.is_valid():
        raise Refusal(gettext_noop("Please choose a format and a length."), "no_format", "form")
    practice = request.user.practice  # type: ignore[union-attr]
    made = held_session.begin(
        chosen=form.chosen,
        short=form.cleaned_data["length"] == "short",
        first_speaker="A",
        zone=practice.zone,
        language=get_language() or practice.language,
        facilitator=request.user.name,  # type: ignore[union-attr]
        now=at,
    )
    start = QueryDict(mutable=True)
    start.update({"kind": "session_started", "key": made.code})
    _pressed(made, start, at)
    return made


def _pressed(kept: Held, posted: QueryDict, at: datetime) -> dict[str, Any]:
    """Cards that were not well formed, or nothing; otherwise the list has what was pressed."""
    if posted.get("kind") == LOOK:
        return {}
    pressed = posting.press(posted, held_session.room(kept, at))
    if not pressed.forms and not (pressed.own and kept.is_answered(pressed.own)):
        held_session.press(kept, pressed.commands, seen=posting.whole(posted.get("seen", "")), now=at)
        if kept.state.ended_at is not None and posted.get("sign", "").strip():
            kept.sign(posted["sign"])
    return pressed.forms


def _shown(
    request: HttpRequest,
    kept: Held,
    at: datetime,
    status: int = 200,
    *,
    forms: dict[str, Any] | None = None,
    posted: QueryDict | None = None,
    no: Refusal | None = None,
) -> JsonResponse:
    room = held_session.room(kept, at)
    more: dict[str, Any] = {"forms": forms}
    if no is not None and posted is not None:
        more = {
            "forms": posting.card(posted, room),
            "refusal": refusals.spoken(no, posted, room),
            "typed": posting.typed(posted),
        }
    with timezone.override(ZoneInfo(kept.file.header.zone)):
        context = {
            **shape.context(room, **more),
            "command_url": reverse("clock_press"),
            "held": True,
            "now": at,
        }
        html = render_to_string("facilitation/clock_page/desk.html", context, request)
    answer = JsonResponse(
        {"html": html, "list": kept.text, "ended": kept.state.ended_at is not None}, status=status
    )
    answer["X-Now"] = at.isoformat()
    return answer


def _lost(no: Refusal, words: str = "") -> JsonResponse:
    return JsonResponse({"words": words or said(no)}, status=no.status)


def _cards_again(
    request: HttpRequest, cards: dict[str, KeptForm], *, refusal: dict[str, Any] | None = None
) -> JsonResponse:
    """The cards with all that was typed, and what they need: a word that is missing, or a reason."""
    shown = {"kept": _people(request, cards), "refusal": refusal}
    html = render_to_string("facilitation/clock_page/keep_cards.html", shown, request)
    return JsonResponse({"cards": html}, status=409 if refusal else 422)


def _cards(request: HttpRequest, posted: QueryDict | None) -> dict[str, KeptForm]:
    name = request.user.name  # type: ignore[union-attr]
    return {
        slot: KeptForm(posted, prefix=slot, today=now().date(), ticks=agreement.ticks(name))
        for slot in ("A", "B")
    }


def _people(request: HttpRequest, cards: dict[str, KeptForm]) -> list[dict[str, Any]]:
    """Each card, with what that person reads before they tick. Open is at most one, where something is missing."""
    name = request.user.name  # type: ignore[union-attr]
    wrong = [slot for slot, card in cards.items() if card.errors]
    return [
        {
            "slot": slot,
            "name": called,
            "form": cards[slot],
            "words": agreement.paragraphs(name, called),
            "missing": slot in wrong,
            "open": slot in wrong[:1],
        }
        for slot, called in held_session.names().items()
    ]
