"""What every door needs: a page, and a no that keeps what was typed."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import parse_etags
from django.utils.translation import gettext

from facilitator.errors import Refusal

DEFAULT_NEUTRAL_NAME = "Notes"


def house(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the practice, its neutral name, and where we are."""
    practice = getattr(getattr(request, "user", None), "practice", None)
    neutral_name = DEFAULT_NEUTRAL_NAME
    if practice:
        neutral_name = practice.neutral_name

    return {
        "practice": practice,
        "neutral_name": neutral_name,
        "public_url": settings.PUBLIC_URL,
        # Put back from a copy: nothing goes out until somebody says so.
        "is_mute": settings.MUTE_FILE.exists(),
    }


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    return render(request, template, dict(context or {}), status=status)


class KindlyMiddleware:
    """A rule's no that a page had no better place for: its sentence, 409, never a broken page.

    And an address that only takes a press, typed or reloaded: a sentence instead of a blank 405.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            response.content = render_to_string("405.html", {}, request).encode()
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal):
            return None
        return page(request, "409.html", {"words": said(error)}, status=error.status)


def has_already(request: HttpRequest, tag: str) -> bool:
    """Whether the browser holds the answer with this ETag. Compression makes a tag weak (W/"…"), so that is ignored."""
    held = parse_etags(request.headers.get("If-None-Match", ""))
    return tag in [one.removeprefix("W/") for one in held]


def said(refusal: Refusal) -> str:
    """A refusal in the reader's language."""
    return refusal.words(gettext)
