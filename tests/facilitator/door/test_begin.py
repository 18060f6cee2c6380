"""The first visit: open from the machine itself, with the printed code from elsewhere, and only once."""

import hashlib
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from facilitator import audit
from facilitator.door import begin
from facilitator.errors import Refusal
from facilitator.models import AuditEntry, Practice, User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

AWAY = "203.0.113.9"
FORM = {"name": "Fay", "email": "fay@practice.example", "password": PASSWORD}


@pytest.fixture
def code(settings, tmp_path):
    """A one-time code as ./run prints it; only its hash is kept."""
    settings.FIRST_RUN_CODE_FILE = tmp_path / "first_run_code"
    settings.FIRST_RUN_CODE_FILE.write_text(hashlib.sha256(b"right").hexdigest())
    return "right"


def test_the_first_visit_makes_one_practice_and_signs_its_facilitator_in(
    code, settings, django_capture_on_commit_callbacks
):
    client = Client()
    assert client.get("/")["Location"] == reverse("first_run")

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("first_run"), FORM)

    user = User.objects.get()
    assert response["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert user.is_facilitator is True
    assert user.practice == Practice.objects.get()
    assert user.check_password(PASSWORD) is True
    assert [entry.action for entry in AuditEntry.objects.all()] == ["practice begun"]
    assert audit.verify(user.practice_id) == []
    assert not settings.FIRST_RUN_CODE_FILE.exists()


def test_a_form_with_a_mistake_keeps_what_was_typed_and_makes_nothing(code):
    response = Client().post(reverse("first_run"), {**FORM, "password": "short"})

    assert response.status_code == 422
    assert FORM["email"] in response.content.decode()
    assert Practice.objects.count() == 0
    assert User.objects.count() == 0


def test_once_there_is_a_practice_the_page_is_gone(fay, code):
    assert Client().get(reverse("first_run"), FORM).status_code == 404
    assert Client().post(reverse("first_run"), FORM).status_code == 404
    assert Client().post(reverse("load_demo"), FORM).status_code == 404
    assert Practice.objects.count() == 1


def test_from_elsewhere_the_first_page_opens_with_the_printed_code_only(code):
    away = Client(REMOTE_ADDR=AWAY)
    assert away.get("/")["Location"].startswith("/sign-in")

    for wrong in ("", "?code=", "?code=wrong", f"?code={hashlib.sha256(b'right').hexdigest()}"):
        assert away.get(reverse("first_run") + wrong).status_code == 404
    assert away.post(reverse("first_run"), FORM).status_code == 404

    assert away.get(reverse("first_run") + f"?code={code}").status_code == 200
    assert away.post(reverse("first_run"), FORM).status_code == 302


def test_without_a_code_file_nothing_opens_from_elsewhere(settings, tmp_path):
    settings.FIRST_RUN_CODE_FILE = tmp_path / "none"
    for query in ("", "?code=", "?code=x"):
        assert Client(REMOTE_ADDR=AWAY).get(reverse("first_run") + query).status_code == 404


@pytest.mark.parametrize("header", ["x-forwarded-for", "x-forwarded-proto", "forwarded", "x-real-ip", "via"])
def test_a_request_through_a_proxy_counts_as_from_elsewhere(code, header):
    assert Client(headers={header: "127.0.0.1"}).get(reverse("first_run")).status_code == 404


def test_two_first_visits_at_once_make_one_practice(code):
    """Both pages were open before either was sent."""
    Client().get(reverse("first_run"))

    first = Client()
    second = Client()
    assert first.post(reverse("first_run"), FORM).status_code == 302
    assert second.post(reverse("first_run"), {**FORM, "email": "mallory@x.example"}).status_code == 404
    assert Practice.objects.count() == 1


def test_a_post_without_its_token_begins_nothing(code):
    assert Client(enforce_csrf_checks=True).post(reverse("first_run"), FORM).status_code == 403
    assert Practice.objects.count() == 0


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_of_four_who_begin_at_once_one_makes_the_practice():
    results = []

    def arrive(number):
        try:
            begin.begin(name=f"Fay {number}", email=f"fay{number}@practice.example", password=PASSWORD)
            results.append("begun")
        except Refusal as refusal:
            results.append(refusal.code)
        finally:
            if connection.vendor == "postgresql":
                connection.close()

    if connection.vendor == "postgresql":
        people = [threading.Thread(target=arrive, args=[number]) for number in range(4)]
        for person in people:
            person.start()
        for person in people:
            person.join()
    else:
        # SQLite has one writer at a time whatever we do; its memory database has one connection, too.
        for number in range(4):
            arrive(number)

    assert sorted(results) == ["begun", "begun_already", "begun_already", "begun_already"]
    assert Practice.objects.count() == 1


@pytest.mark.parametrize(
    ("points_at", "zone"),
    [
        ("usr/share/zoneinfo/Europe/Lisbon", "Europe/Lisbon"),
        ("var/db/timezone/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("usr/share/zoneinfo/posix/Asia/Kolkata", "Asia/Kolkata"),
        ("usr/share/zoneinfo/Not/Here", "UTC"),
        ("somewhere/else", "UTC"),
    ],
)
def test_a_new_practice_takes_the_time_zone_of_its_machine(monkeypatch, tmp_path, points_at, zone):
    link = tmp_path / "localtime"
    link.symlink_to(tmp_path / points_at)
    monkeypatch.setattr(begin, "LOCALTIME", link)

    made = begin.begin(name="Fay", email="fay@practice.example", password=PASSWORD)

    assert made.practice.zone == zone
