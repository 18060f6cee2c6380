"""Security headers on every response: pages, API, PDFs, redirects, static files, errors and the stream."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # Never no-referrer: browsers then post forms with "Origin: null", which the CSRF check turns away.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def all_headers() -> dict[str, str]:
    """Those of every response that holds anything about anybody; the stream's door sends the same."""
    headers = {**ALWAYS, "Cache-Control": "no-store"}
    if settings.HTTPS:
        age = settings.SECURE_HSTS_SECONDS
        headers["Strict-Transport-Security"] = f"max-age={age}; includeSubDomains"
    return headers


class HeadersMiddleware:
    """Outermost, so that nothing leaves without them. How long a static file may be kept is decided in statics."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in all_headers().items():
            if name == "Cache-Control" and response.get("X-Static-File"):
                continue
            response[name] = value
        del response["X-Static-File"]
        return response
