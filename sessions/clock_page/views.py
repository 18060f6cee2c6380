"""Doors of *just the clock*: the page, a press, and *Keep this?*. A press is read, folded, shown and forgotten."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID
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
from sessions.clock_page.held_session import HeldSession
from sessions.desk import posting
from sessions.desk.context import Place, Typed, desk_context, for_template
from sessions.desk.refusals import NotYet, not_yet

BEGIN, LOOK, MORE = "clock_begin", "look", "more"
LONGEST_REASON = 400
NOT_OURS = gettext_noop("This door is for the page of just the clock.")
TOO_LONG = gettext_noop(
    "This hour has become too long for the page to carry. Nothing is lost: end it here, or copy what you need."
)


@require_safe
def just_the_clock(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    cards = _cards(request, None)

    context = {
        "viewer": viewer,
        "form": ClockForm(),
        "formats": list(FOR_BOTH.values()),
        "now": now(),
        "kept": _people(request, cards),
    }
    return page(request, "facilitation/clock_page/clock.html", context)


@require_POST
def press(request: HttpRequest) -> JsonResponse:
    """List and press in, desk and what is new in the list out. Nothing is written anywhere."""
    as_facilitator(request)
    at = now()
    try:
        text, posted = _body(request)
        if posted.get("kind") == BEGIN:
            return _shown(request, _begun(request, posted, at), at, sent="")
        held = held_session.read(text)
    except Refusal as no:
        return _lost(no)

    try:
        forms = _take(held, posted, at)
    except Refusal as no:
        return _refused(request, text, posted, no, at)

    status = 422 if forms else 200
    return _shown(
        request,
        held,
        at,
        sent=text,
        status=status,
        typed=Typed(cards=forms),
        with_more=_wants_more(posted),
    )


@require_POST
def keep(request: HttpRequest) -> JsonResponse:
    """The list and two cards, once. Says where the session is now, or why nothing was written."""
    viewer = as_facilitator(request)
    at = now()
    try:
        text, posted = _body(request)
        held = held_session.read(text)
    except Refusal as no:
        return _lost(no)

    cards = _cards(request, posted)
    if not all(card.is_valid() for card in cards.values()):
        return _cards_again(request, cards)

    people = {slot: card.person() for slot, card in cards.items()}
    try:
        kept = keep_this.keep(
            held,
            people,
            viewer=viewer,
            facilitator=request.user,  # type: ignore[arg-type]
            now=at,
            override=_reason(posted),
        )
    except Refusal as no:
        return _not_kept(request, cards, no, not_yet(no, posted, held_session.snapshot(held, at)))

    return JsonResponse({"to": _goes_on_at(held, kept)})


def _not_kept(request: HttpRequest, cards: dict[str, KeptForm], no: Refusal, refusal: NotYet) -> JsonResponse:
    """Where a reason helps, the cards again with the question for it; else what the rule says."""
    if refusal.soft:
        return _cards_again(request, cards, refusal=refusal)
    return _lost(no, refusal.words)


def _goes_on_at(held: HeldSession, session_id: UUID) -> str:
    """The address of what was kept: its desk while it runs, its own page once it is over."""
    has_ended = held.state.ended_at is not None
    return reverse("session" if has_ended else "desk", args=[session_id])


def _reason(posted: QueryDict) -> str:
    """Why the facilitator goes on all the same: in own words, or one of the sentences to choose from."""
    own_words = posted.get("own_reason", "").strip()
    chosen = posted.get("override", "").strip()
    return (own_words or chosen)[:LONGEST_REASON]


# What comes in


def _body(request: HttpRequest) -> tuple[str, QueryDict]:
    """The list, and the press as the desk would have posted it. JSON only: it is never spooled to disk."""
    if request.content_type != "application/json":
        raise Refusal(NOT_OURS, "not_ours", "form")

    posted = QueryDict(mutable=True)
    try:
        sent = json.loads(request.body)
        text = sent["list"]
        for name, value in sent["fields"]:
            posted.appendlist(str(name), str(value))
    except RequestDataTooBig:
        raise Refusal(TOO_LONG, "too_long", "form") from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refusal(NOT_OURS, "not_ours", "form") from None

    return str(text), posted


def _wants_more(posted: QueryDict) -> bool:
    """The list behind *More* is asked for, and nothing else."""
    return posted.get("kind") == MORE


def _begun(request: HttpRequest, posted: QueryDict, at: datetime) -> HeldSession:
    """The header, and everything *begin* brings with it."""
    form = ClockForm(posted)
    if not form.is_valid():
        raise Refusal(gettext_noop("Please choose a format and a length."), "no_format", "form")

    practice = request.user.practice  # type: ignore[union-attr]
    held = held_session.begin(
        chosen=form.chosen,
        short=form.cleaned_data["length"] == "short",
        first_speaker="A",
        zone=practice.zone,
        language=get_language() or practice.language,
        facilitator=request.user.name,  # type: ignore[union-attr]
        now=at,
    )

    start = QueryDict(mutable=True)
    start.update({"kind": "session_started", "key": held.code})
    _take(held, start, at)
    return held


def _take(held: HeldSession, posted: QueryDict, at: datetime) -> dict[str, Any]:
    """Append what was pressed to the list. A card that was not well formed, by kind; then nothing is appended."""
    if posted.get("kind") in (LOOK, MORE):
        return {}

    read = posting.read_press(posted, held_session.snapshot(held, at))
    if read.forms or read.own is None or held.is_answered(read.own):
        return dict(read.forms)

    held_session.press(held, read.commands, seen=posting.whole(posted.get("seen", "")), now=at)
    if held.state.ended_at is not None and posted.get("sign", "").strip():
        held.sign(posted["sign"])
    return {}


# What goes out


def _refused(request: HttpRequest, text: str, posted: QueryDict, no: Refusal, at: datetime) -> JsonResponse:
    """The list as it came, which a press may have changed halfway, with the no and what was typed."""
    held = held_session.read(text)
    snapshot = held_session.snapshot(held, at)

    return _shown(
        request,
        held,
        at,
        sent=text,
        status=no.status,
        typed=posting.typed_on(posted, snapshot),
        refusal=not_yet(no, posted, snapshot),
    )


def _shown(
    request: HttpRequest, held: HeldSession, at: datetime, *, sent: str, status: int = 200, **more: Any
) -> JsonResponse:
    """The desk, and what the list has beyond what was `sent`."""
    place = Place(command_url=reverse("clock_press"), more_url=MORE, held=True)
    with timezone.override(ZoneInfo(held.file.header.zone)):
        context = desk_context(held_session.snapshot(held, at), **more)
        values = {**for_template(context, place), "now": at}
        html = render_to_string("facilitation/clock_page/desk.html", values, request)

    body: dict[str, Any] = {"html": html, "ended": held.state.ended_at is not None}
    body.update(_new_in_list(held.text, sent))

    answer = JsonResponse(body, status=status)
    answer["X-Now"] = at.isoformat()
    return answer


def _new_in_list(text: str, sent: str) -> dict[str, str]:
    """Only the lines that the page does not have; all of it at the beginning, or when the header has changed."""
    if sent and text.startswith(sent):
        return {"added": text[len(sent) :]}
    return {"list": text}


def _lost(no: Refusal, words: str = "") -> JsonResponse:
    return JsonResponse({"words": words or said(no)}, status=no.status)


def _cards_again(
    request: HttpRequest, cards: dict[str, KeptForm], *, refusal: NotYet | None = None
) -> JsonResponse:
    """The cards with all that was typed, and what they need: a word that is missing, or a reason."""
    shown = {"kept": _people(request, cards), "refusal": refusal}
    html = render_to_string("facilitation/clock_page/keep_cards.html", shown, request)
    return JsonResponse({"cards": html}, status=409 if refusal else 422)


def _cards(request: HttpRequest, posted: QueryDict | None) -> dict[str, KeptForm]:
    """A card for each of the two."""
    name = request.user.name  # type: ignore[union-attr]
    ticks = agreement.ticks(name)
    return {slot: KeptForm(posted, prefix=slot, today=now().date(), ticks=ticks) for slot in ("A", "B")}


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
