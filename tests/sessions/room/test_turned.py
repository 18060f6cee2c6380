"""The turned screen as facts on the server: every door, what the room may read, the cards, and the way back."""

import itertools
import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session as SignIn
from django.urls import reverse

from clients.access import AsFacilitator, AsRoom
from clients.models import Assignment, Consent
from sessions import live
from sessions.engine.formats import FORMATS
from sessions.engine.session_file import read_file
from sessions.record import conduct, planning
from tests import world as built
from tests.canaries import Aviary, plant_columns, sung
from tests.cast import PASSWORD, signed_in
from tests.doors.table import EVERY, VERBS
from tests.services import ROOT
from tests.sessions.room.turned_room import JOINT, PRIVATE, Room, nonce_of
from tests.test_doors import routes, written
from tests.world import BEGUN, NOW, drive, planned

pytestmark = pytest.mark.django_db

OPEN = {"turned", "turned_fragment", "turned_answer", "turned_back", "health"}
SENTENCE = "The screen is turned. Turn it back first."


@pytest.fixture
def at_ten():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def room(fay, at_ten):
    """Fay's session with Ana and Ben, half an hour in, and Fay's browser."""
    return Room(fay, drive(fay, planned(fay), [*BEGUN, *PRIVATE, *JOINT]))


# Every door


def test_every_door_of_a_turned_sign_in_is_the_shared_view_or_one_sentence(at_ten):
    world = built.build()
    client = signed_in(world.fay.facilitator)

    turned = client.post(reverse("turn", args=[world.sessions["running"].pk]))

    assert (turned.status_code, turned["Location"]) == (302, "/turned/")

    paths = [(row.name, reverse(row.name, kwargs=row.at(world)), row.is_api) for row in EVERY]
    paths += [("unknown", "/nowhere/", False), ("unknown", "/turned/nowhere/", False), ("", "/desk", False)]
    paths += [
        ("admin", "/" + re.sub(r"<[^>]+>|\(\?P.*", "x", address), False)
        for _, address in routes()
        if address.startswith("admin/")
    ]

    wrong = []
    cells = 0
    for (name, path, is_api), verb in itertools.product(paths, VERBS):
        if name in OPEN:
            continue
        cells += 1
        with written() as tables:
            response = client.generic(verb, path)

        leads = verb in ("GET", "HEAD") and not is_api
        if leads:
            status, said = 302, b""
        elif is_api:
            status, said = 409, json.dumps({"detail": SENTENCE}).encode()
        else:
            status, said = 409, SENTENCE.encode()
        if verb == "HEAD":
            said = b""

        if (response.status_code, response.content, tables) != (status, said, []):
            wrong.append((verb, path, response.status_code, response.content[:80], tables))
        if leads and response["Location"] != "/turned/":
            wrong.append((verb, path, response["Location"]))
        if response["Cache-Control"] != "no-store":
            wrong.append((verb, path, response["Cache-Control"]))

    assert wrong == []
    assert cells > 400
    assert client.get("/health/").status_code == 200
    # Another sign-in of the same person is not turned.
    assert world.fay.client().get("/").status_code == 200
    print(f"{cells} doors of a turned sign-in, each the shared view or one sentence")


def test_no_word_that_is_not_for_both_is_in_the_shared_view_at_any_time(fay, tmp_path):
    """The worked session, line by line, every text of every row a canary."""
    aviary = Aviary()
    text, _ = sung(aviary, ROOT / "tests/session_files/good/worked_session.jsonl", released=False)
    (tmp_path / "sung.jsonl").write_text(text)
    file = read_file(tmp_path / "sung.jsonl")

    with time_machine.travel(file.plan.planned_start, tick=False):
        session = planning.keep(
            couple=fay.couple,
            facilitator=fay.facilitator,
            header=file.header.raw,
            now=file.plan.planned_start,
        )
        client = fay.client()
        client.post(reverse("turn", args=[session.pk]))

    plant_columns(aviary, fay)
    joint = {word for word, who in aviary.readers.items() if {"ana", "ben"} <= who}

    met = set()
    looks = 0
    for line in file.lines:
        with conduct.entered(session.pk, replaying=True) as room:
            room.post(line, poster="a file", author=fay.facilitator.pk, now=line.at, line=line.number)
            room.keep(now=line.at)
        with time_machine.travel(line.at + timedelta(seconds=5), tick=False):
            for path in ("/turned/", "/turned/fragment/"):
                response = client.get(path)
                assert response.status_code == 200
                body = response.content + repr(dict(response.headers)).encode()
                found = aviary.in_bytes(body)
                assert {aviary.where[word] for word in found - joint} == set()
                met |= found
                looks += 1

    assert {"Session.plan", "compromise_drafted.text"} <= {aviary.where[word] for word in met}
    assert looks > 100
    print(f"{len(aviary.where)} canaries, {looks} looks, {len(met)} joint ones met, 0 others")


def test_the_shared_view_shows_what_both_agreed_and_nothing_anybody_said(room):
    room.turn()

    seen = room.seen()
    assert "joint-agreement" in seen
    assert "<strong>Fay</strong>" in seen
    assert "One speaks, one listens." in seen
    assert "canary" not in seen

    room.post("F", "phase_finished", phase=1)
    room.post("F", "phase_started", phase=2)
    room.post("F", "turn_started", floor="B")

    seen = room.seen()
    assert "<strong>Ben</strong>" in seen
    assert "One speaks, one listens." not in seen


def test_the_shared_view_shows_goals_of_both_in_their_own_words_and_no_goal_of_one(room):
    room.turn()

    assert "To talk and to listen. No problem has to be solved." in room.seen()
    assert FORMATS["first-talk"].use not in room.seen()

    own = [("A", "canary-hers"), ("both", "An evening without screens."), ("B", "canary-his")]
    room.session.plan["goals"] = [
        {"id": f"G{place}", "category": "needs", "owner": owner, "wording": wording}
        for place, (owner, wording) in enumerate(own, 1)
    ]
    room.session.save(update_fields=["plan"])

    assert "An evening without screens." in room.seen()
    assert "canary" not in room.seen()


def test_a_pause_says_when_and_never_who_and_the_end_thanks_both(room):
    room.turn()
    room.post("B", "cool_down_called", temperature=8)

    seen = room.seen()
    assert "We are taking a pause" in seen
    assert "back at 10:20" in seen
    assert "Ben" not in seen

    room.post("A", "ready_again")

    assert room.client.get("/turned/fragment/").content.decode() in seen

    room.post("B", "ready_again")
    room.post("F", "resumed")
    room.post("F", "session_ended")

    assert "Thank you both" in room.seen()


def test_a_private_line_changes_no_byte_of_the_shared_view(room):
    room.turn()
    first = room.client.get("/turned/fragment/")

    room.post("F", "note", text="another")
    room.post("B", "arrival_temperature", temperature=3)
    room.post("F", "extension_proposed", phase=1, minutes=5)

    proposed = room.client.get("/turned/fragment/", headers={"if-none-match": first["ETag"]})
    assert proposed.status_code == 304

    room.post("B", "extension_answered", answer="not_now")

    again = room.client.get("/turned/fragment/", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""

    room.post("F", "brief_pause_called")

    changed = room.client.get("/turned/fragment/", headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_a_talk_with_one_and_a_facilitator_taken_off_the_team_show_a_quiet_screen(fay, at_ten):
    alone = Room(fay, planned(fay, code="one-to-one", with_="A"))
    alone.turn()

    assert "Eyes are on each other" in alone.seen()
    assert "Ana" not in alone.seen()

    both = Room(fay, planned(fay))
    both.turn()

    assert "Ana" in both.seen()

    Assignment.objects.unscoped("a test removes").filter(couple=fay.couple).update(ended_at=NOW)

    assert "Eyes are on each other" in both.seen()
    assert both.client.get("/turned/fragment/").status_code == 404


def test_the_shared_view_asks_at_most_fourteen_queries(room, django_assert_max_num_queries):
    room.turn()
    with django_assert_max_num_queries(14):
        room.client.get("/turned/fragment/")


# Whose card it is


def test_a_press_in_a_tab_that_still_shows_anas_card_is_not_bens_number(room):
    def kept():
        return [m.by for kind in ("arrival_temperature", "closing_temperature") for m in room.moments(kind)]

    room.turn("number", "A")
    anas = room.nonce
    before = kept()
    room.back()
    room.turn("number", "B")

    stale = [{"nonce": anas, "number": "9"}, {"nonce": "", "number": "9"}, {"nonce": anas, "pass": "1"}]
    for said in stale:
        answer = room.answer(**said)
        assert (answer.status_code, answer["Location"], kept()) == (302, "/turned/", before)
        assert "For Ben" in room.seen()
    assert room.client.post("/turned/answer/", {"number": "9"})["Location"] == "/turned/"
    assert kept() == before

    # His own press counts.
    room.answer(number="4")

    assert kept() == [*before, "B"]

    # The same card for him again is another card, with an answer of its own.
    bens = room.nonce
    room.back()
    room.turn("number", "B")

    assert bens != room.nonce
    assert anas != bens


def test_a_yes_in_a_tab_that_still_shows_anas_agreement_is_not_bens(fay, at_ten):
    client = fay.client()
    nonces = []
    card = {"spoken": "today", "outcome": "go", "act": "turn"}
    both = ["facilitation", "stored_notes"]

    def given():
        rows = Consent.objects.unscoped("a test looks").exclude(partner__couple=fay.couple)
        return sorted(rows.values_list("partner__slot", "scope"))

    def laid(address, name):
        client.post(address, {**card, "name": name})
        page = client.get("/turned/").content.decode()
        assert f"For {name}" in page
        nonces.append(nonce_of(page))
        return client.session["turned"]["back"]

    onward = laid(reverse("walk_in"), "Cleo")
    client.post("/turned/back/")
    laid(onward, "Dev")

    for nonce in ({"nonce": nonces[0]}, {"nonce": ""}, {}):
        answer = client.post("/turned/answer/", {**nonce, "scopes": both})
        assert (answer.status_code, answer["Location"], given()) == (302, "/turned/", [])
        assert "For Dev" in client.get("/turned/").content.decode()

    client.post("/turned/answer/", {"nonce": nonces[1], "scopes": both})

    assert given() == [("B", scope) for scope in both]


def test_a_screen_that_was_turned_before_there_were_nonces_takes_no_answer(room):
    room.turn("number", "A")
    before = len(room.moments("arrival_temperature"))
    kept = room.client.session
    del kept["turned"]["nonce"]
    kept.modified = True
    kept.save()

    for said in ({"nonce": ""}, {}):
        room.client.post("/turned/answer/", {"number": "9", **said})

    assert len(room.moments("arrival_temperature")) == before


# The stream


def test_a_stream_opened_before_the_turn_ends_and_the_rooms_own_ends_when_turned_back(room):
    user = room.house.facilitator
    key = room.client.session.session_key
    pk = room.session.pk

    def allowed(viewer):
        return live._still_allowed([live.Stream(pk, viewer, key, user.pk, user.password)]) != set()

    desk = room.house.viewer
    shared = AsRoom(pk)
    another_session = AsRoom(planned(room.house).pk)
    assert isinstance(desk, AsFacilitator)
    assert (allowed(desk), allowed(shared)) == (True, False)

    room.turn()

    assert (allowed(desk), allowed(shared), allowed(another_session)) == (False, True, False)

    room.back()

    assert (allowed(desk), allowed(shared)) == (True, False)


def test_the_room_is_poked_by_joint_moments_only(room):
    stream = live.Stream(room.session.pk, AsRoom(room.session.pk), "", room.house.facilitator.pk, "")

    def newest():
        return stream.newest(live._moved({room.session.pk}, {})[room.session.pk][1])

    before = newest()

    room.post("A", "arrival_temperature", temperature=3)
    room.post("F", "note", text="x")

    assert newest() == before

    room.post("F", "brief_pause_called")

    assert newest() > before


# The way back


def test_the_way_back_goes_through_a_blank(room):
    room.turn()

    assert room.back()["Location"] == "/turned/"

    blank = room.client.get("/turned/")

    desk = reverse("desk", args=[room.session.pk])
    assert blank.status_code == 200
    assert blank["Refresh"] == f"1; url={desk}"
    assert "Ana" not in blank.content.decode()
    assert not room.is_turned()


def test_with_a_short_code_only_the_code_turns_it_back_and_five_wrong_ones_wait_a_minute(room, at_ten):
    fay = room.house.facilitator
    fay.short_code = make_password("4711")
    fay.save()
    room.turn()

    room.back()
    for wrong in ("4712", "0", "4711 ", "47110"):
        room.back(code=wrong)
        assert "That was not the code." in room.seen()

    room.back()
    room.back(code="1234")

    assert "Let us wait a minute" in room.seen()

    # Within the minute even the right code is not taken.
    room.back(code="4711")
    assert room.is_turned()
    at_ten.shift(timedelta(seconds=59))
    room.back(code="4711")
    assert room.is_turned()

    at_ten.shift(timedelta(seconds=2))
    room.back(code="4711")

    assert not room.is_turned()
    sign_in = SignIn.objects.get(pk=room.client.session.session_key)
    assert "wrong" not in sign_in.get_decoded().get("turned_tries", {})


def test_the_short_code_is_set_and_cleared_with_the_password_given_again(fay):
    client = fay.client()

    asked = client.get("/settings/sign-in/short-code/")

    assert asked.status_code == 302
    assert asked["Location"].startswith("/sign-in/again/")

    client.post("/sign-in/again/", {"password": PASSWORD})

    for wrong in ("123", "123456789", "12a4", ""):
        assert client.post("/settings/sign-in/short-code/", {"code": wrong}).status_code == 422
    assert client.post("/settings/sign-in/short-code/", {"code": "0815"}).status_code == 302

    fay.facilitator.refresh_from_db()
    assert fay.facilitator.check_password(PASSWORD)
    assert check_password("0815", fay.facilitator.short_code)
    assert "0815" not in fay.facilitator.short_code

    client.post("/settings/sign-in/short-code/", {"clear": "1"})

    fay.facilitator.refresh_from_db()
    assert fay.facilitator.short_code == ""


def test_a_partner_and_a_stranger_turn_nothing(room, oli):
    partner = room.house.partner_client("A")
    for client in (partner, oli.client()):
        assert client.post(reverse("turn", args=[room.session.pk])).status_code == 404
    assert partner.get("/turned/").status_code == 404


def test_without_the_middleware_a_turned_sign_in_still_sees_no_page(room, settings):
    """The middleware is the first lock. Without it a turned sign-in still is nobody who may look."""
    doors = [
        reverse("desk", args=[room.session.pk]),
        reverse("session", args=[room.session.pk]),
        reverse("couple", args=[room.house.couple.pk]),
        reverse("api_reading", args=[room.session.pk]),
    ]
    lock = "sessions.room.middleware.TurnedMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != lock]
    browser = room.house.client()

    before = [browser.get(door).status_code for door in doors]
    browser.post(reverse("turn", args=[room.session.pk]))
    turned = [browser.get(door).status_code for door in doors]

    assert before == [200, 302, 200, 200]
    assert turned == [404, 404, 404, 404]
