"""DRF set-up: session sign-in with CSRF, 401 for nobody, refusals as 409 with words fit to show."""

from typing import Any

from rest_framework import views
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response

from facilitator.errors import Refusal
from facilitator.http import said


class SignedIn(SessionAuthentication):
    """Session sign-in. Naming a challenge makes DRF answer 401 instead of 403."""

    def authenticate_header(self, request: Any) -> str:
        return "Session"


def kindly(error: Exception, context: dict[str, Any]) -> Response | None:
    """Refusals are expected: 409 and their words. Nobody signed in: 401."""
    if isinstance(error, Refusal):
        return Response({"detail": said(error), "code": error.code}, status=error.status)
    if isinstance(error, NotAuthenticated):
        return Response({"detail": "Please sign in."}, status=401, headers={"WWW-Authenticate": "Session"})
    return views.exception_handler(error, context)
