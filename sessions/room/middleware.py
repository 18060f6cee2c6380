"""A turned sign-in reaches the turned screen and nothing else, whatever address it asks for."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from clients.turned import turned_of


class TurnedMiddleware:
    """A turned sign-in that asks for anything else: pages lead to the shared view, the rest gets one sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        names = ("turned", "turned_fragment", "turned_answer", "turned_back", "health")
        self.open = {reverse(name) for name in names}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in self.open or request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        if not request.user.is_authenticated or turned_of(request) is None:
            return self.get_response(request)

        is_api = request.path.startswith("/api/")
        if request.method in ("GET", "HEAD") and not is_api:
            return redirect("turned")

        words = _("The screen is turned. Turn it back first.")
        if is_api:
            return JsonResponse({"detail": words}, status=409)
        return HttpResponse(words, status=409, content_type="text/plain; charset=utf-8")
