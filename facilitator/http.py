"""What every door needs: a page, and a no that keeps what was typed."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from facilitator.errors import Refusal

DEFAULT_NEUTRAL_NAME = "Notes"


def house(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the practice, its neutral name, and where we are."""
    practice = getattr(getattr(request, "user", None), "practice", None)
    return {
        "practice": practice,
        "neutral_name": practice.neutral_name if practice else DEFAULT_NEUTRAL_NAME,
        "public_url": settings.PUBLIC_URL,
    }


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    return render(request, template, dict(context or {}), status=status)


def said(refusal: Refusal) -> str:
    """A refusal in the reader's language."""
    return refusal.words(gettext)
