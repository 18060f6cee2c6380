"""Security headers: on every page, error, redirect, file, API body and stream."""

import asyncio

import pytest
from django.conf import settings as live_settings
from django.core.exceptions import DisallowedHost
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from facilitator import headers
from facilitator.urls import urlpatterns as every_door
from sessions import live
from tests.cast import signed_in

pytestmark = pytest.mark.django_db


def breaks(request):
    raise RuntimeError("a door that breaks")


def pdf(request):
    return HttpResponse(b"%PDF-", content_type="application/pdf")


urlpatterns = [path("breaks/", breaks), path("paper.pdf", pdf), *every_door]


def strict(response):
    """The header names that are missing or weaker than promised."""
    return [name for name, value in headers.all_headers().items() if response.headers.get(name) != value]


def test_the_policy_lets_nothing_inline_run_and_nobody_frame_us():
    policy = dict(part.split(" ", 1) for part in headers.CSP.split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers.CSP


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 302),
        ("/sign-in/", 200),
        ("/sign-up/", 200),
        ("/health/", 200),
        ("/couples/new/", 302),
        ("/nowhere/", 404),
        ("/admin/", 302),
        ("/api/v1/me/rituals", 401),
        ("/l/not-a-link/", 404),
        ("/sign-in", 301),
        ("/paper.pdf", 302),
        ("/static/nowhere.css", 404),
    ],
)
@pytest.mark.urls("tests.facilitator.test_headers")
def test_every_answer_has_the_headers_with_nobody_signed_in(address, status):
    response = Client().get(address)

    assert response.status_code == status
    assert strict(response) == []


@pytest.mark.parametrize(
    ("address", "status"), [("/", 200), ("/paper.pdf", 200), ("/nowhere/", 404), ("/sign-in/", 302)]
)
@pytest.mark.urls("tests.facilitator.test_headers")
def test_every_answer_has_the_headers_with_somebody_signed_in(fay, address, status):
    response = fay.client().get(address)

    assert response.status_code == status
    assert strict(response) == []


@pytest.mark.urls("tests.facilitator.test_headers")
def test_a_page_that_breaks_has_the_headers_and_hides_the_error(fay):
    client = signed_in(fay.facilitator)
    client.raise_request_exception = False

    response = client.get("/breaks/")

    assert response.status_code == 500
    assert strict(response) == []
    assert b"a door that breaks" not in response.content
    assert b"RuntimeError" not in response.content


def test_refused_tokens_verbs_and_hosts_have_the_headers(fay):
    client = Client(enforce_csrf_checks=True)
    for response, status in (
        (client.post("/sign-in/", {"login": "x", "password": "y"}), 403),
        (fay.client().delete("/"), 405),
        (Client(headers={"host": "elsewhere.example"}).get("/"), 400),
    ):
        assert response.status_code == status
        assert strict(response) == []


def test_static_files_may_be_kept_and_everything_else_may_not(fay):
    response = Client().get("/static/facilitator/tokens.css")
    assert response.status_code == 200
    assert strict(response) == ["Cache-Control"]
    assert response["Cache-Control"] == "no-cache"
    assert "X-Static-File" not in response.headers
    response.close()
    assert fay.client().get("/")["Cache-Control"] == "no-store"


def test_over_https_browsers_are_told_to_stay_there(settings):
    settings.HTTPS = True
    settings.SECURE_HSTS_SECONDS = 31_536_000

    response = Client().get("/sign-in/")

    assert response["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_the_stream_sends_the_same_headers():
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/stream/x", "headers": []}
    asyncio.run(live.door(scope, None, send))

    assert sent[0]["status"] == 404
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert {name.lower(): value for name, value in headers.all_headers().items()}.items() <= given.items()


def test_cookies_are_for_us_alone(fay):
    client = Client()
    client.get("/sign-in/")
    client.post("/sign-in/", {"login": fay.facilitator.email, "password": "a warm room with three chairs"})

    session = client.cookies[live_settings.SESSION_COOKIE_NAME]
    assert session["httponly"] is True
    assert session["samesite"] == client.cookies[live_settings.CSRF_COOKIE_NAME]["samesite"] == "Lax"


def test_a_forged_host_reaches_no_link():
    request = RequestFactory(headers={"host": "evil.example", "x-forwarded-host": "evil.example"}).get("/")
    with pytest.raises(DisallowedHost):
        request.get_host()
    request = RequestFactory(headers={"x-forwarded-host": "evil.example"}).get("/")
    assert request.get_host() != "evil.example"
