"""Pages and API of the rituals: the partner's page, the facilitator's pages, the link in a mail, mail settings."""

import json

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clients import consents
from clients.models import Channel
from clients.rituals import deliveries, links, rituals
from clients.rituals.library import library
from clients.rituals.models import Delivery, Response, Ritual, RitualConsent, SignInLink
from facilitator.models import LocalMail, MailSettings, User
from tests.rituals.evenings import (
    DAY,
    HOUR,
    MINUTE,
    SEVEN_PM,
    TUESDAY,
    agreed,
    consent_of,
    every,
    proposed,
    reachable,
    state_of,
    sweep,
)


@pytest.fixture(autouse=True)
def _evening():
    with time_machine.travel(SEVEN_PM + MINUTE, tick=False):
        yield


def post(client, address, **body):
    return client.post(address, json.dumps(body), content_type="application/json")


# The API


def test_a_partner_fetches_what_is_theirs_between_times(fay):
    ritual = agreed(reachable(fay))
    deliveries.lay_out_due(SEVEN_PM)

    reply = fay.partner_client("A").get("/api/v1/me/rituals")

    assert reply.status_code == 200
    (mine,) = reply.json()["rituals"]
    steps = mine.pop("steps")
    assert steps == list(library()["ten-minute-checkin"].steps)
    assert mine == {
        "id": str(ritual.pk),
        "title": "Ten-minute check-in",
        "purpose": "A small, sure moment at the same time each day.",
        "minutes": 10,
        "is_shared": True,
        "state": "active",
        "when": "every day at 19:00",
        "hour": "19:00",
        "due_on": "2026-03-10",
        "due_at": "2026-03-10T19:00:00Z",
        "answer": None,
        "invitation": library()["ten-minute-checkin"].invitation,
        "gentler": ["One-word weather", "Tea without talk"],
        "told": None,
        "may_tell": True,
    }

    today = fay.partner_client("A").get("/api/v1/me/today").json()
    assert [each["title"] for each in today["due"]] == ["Ten-minute check-in"]
    assert today["resting"] is None
    assert today["line"] == "Only if it suits you today. No answer is an answer too."


def test_an_answer_is_kept_and_shown_to_its_giver(fay):
    ritual = agreed(fay)
    deliveries.lay_out_due(SEVEN_PM)
    address = f"/api/v1/me/rituals/{ritual.pk}/answer"

    reply = post(fay.partner_client("A"), address, answer="done", note="good")

    assert reply.status_code == 200
    assert reply.json()["answer"] == "done"
    assert b"good" not in reply.content
    assert fay.partner_client("B").get("/api/v1/me/rituals").json()["rituals"][0]["answer"] is None


@pytest.mark.parametrize("answer", Response.Answer.values)
def test_every_answer_is_as_good_as_another(fay, answer):
    ritual = agreed(fay)
    deliveries.lay_out_due(SEVEN_PM)

    reply = post(fay.partner_client("B"), f"/api/v1/me/rituals/{ritual.pk}/answer", answer=answer)

    assert reply.status_code == 200
    assert reply.json()["answer"] == answer


def test_saying_yes_resting_and_resuming_through_the_api(fay):
    ritual = proposed(fay)
    address = f"/api/v1/me/rituals/{ritual.pk}"
    ana = fay.partner_client("A")
    ben = fay.partner_client("B")

    assert post(ana, f"{address}/consent", answer="yes", hour="19:30").json()["state"] == "waiting"
    assert post(ben, f"{address}/consent", answer="yes").json()["state"] == "active"
    assert consent_of(ritual, fay.a).hour.isoformat() == "19:30:00"

    assert post(ana, f"{address}/rest", until="2026-04-01").json()["state"] == "set_aside"
    assert post(ana, f"{address}/resume").json()["state"] == "active"


@pytest.mark.parametrize(("verb", "body"), [
    ("answer", {}), ("answer", {"answer": "overdue"}), ("answer", {"answer": "done", "before": 11}),
    ("answer", {"answer": "done", "note": "x" * 2001}), ("consent", {"answer": "asked"}), ("consent", {}),
    ("rest", {"until": "soon"}),
])  # fmt: skip
def test_what_is_not_well_formed_changes_nothing(fay, verb, body):
    ritual = proposed(fay)

    reply = post(fay.partner_client("A"), f"/api/v1/me/rituals/{ritual.pk}/{verb}", **body)

    assert reply.status_code == 400
    assert every(Response).count() == 0
    assert consent_of(ritual, fay.a).answer == "asked"


VERBS = {"answer": {"answer": "done"}, "consent": {"answer": "yes"}, "rest": {}, "resume": {}}


@pytest.mark.parametrize("verb", VERBS)
def test_for_everybody_else_the_ritual_is_not_found(fay, oli, verb):
    ritual = agreed(fay, code="three-lines", slot="A")
    before = list(every(RitualConsent).values())

    for address in (f"/api/v1/me/rituals/{ritual.pk}/{verb}", f"/me/rituals/{ritual.pk}/{verb}/"):
        for client in (fay.partner_client("B"), oli.partner_client("A"), oli.client(), fay.client()):
            assert post(client, address, **VERBS[verb]).status_code == 404

    assert list(every(RitualConsent).values()) == before
    assert every(Response).count() == 0


@pytest.mark.parametrize("path", ["rituals", "today"])
def test_nobody_signed_in_gets_401_and_a_facilitator_404(fay, path):
    assert Client().get(f"/api/v1/me/{path}").status_code == 401
    assert fay.client().get(f"/api/v1/me/{path}").status_code == 404
    assert fay.partner_client("A").post(f"/api/v1/me/{path}").status_code == 405


def test_the_api_wants_json_and_a_token_of_its_own_site(fay):
    ritual = agreed(fay)
    address = f"/api/v1/me/rituals/{ritual.pk}/answer"

    assert fay.partner_client("A").post(address, {"answer": "done"}).status_code == 415

    strict = Client(enforce_csrf_checks=True)
    strict.cookies = fay.partner_client("A").cookies
    assert post(strict, address, answer="done").status_code == 403
    assert every(Response).count() == 0


@pytest.mark.parametrize("address", ["/api/v1/me/rituals", "/api/v1/me/today", "/me/"])
def test_reading_takes_as_many_queries_for_thirty_rituals_as_for_one(fay, address):
    agreed(fay)
    client = fay.partner_client("A")
    deliveries.lay_out_due(SEVEN_PM)
    client.get(address)

    with CaptureQueriesContext(connection) as one:
        client.get(address)

    for _ in range(29):
        agreed(fay, code="one-word-weather", override="a test")
    deliveries.lay_out_due(SEVEN_PM + MINUTE)
    with CaptureQueriesContext(connection) as thirty:
        reply = client.get(address)

    assert reply.status_code == 200
    assert len(thirty) == len(one)
    assert len(one) <= 14


def test_a_ritual_that_is_over_says_so_kindly(fay):
    ritual = agreed(fay)
    rituals.graduate(ritual=ritual, by=fay.facilitator, now=SEVEN_PM)

    reply = post(fay.partner_client("A"), f"/api/v1/me/rituals/{ritual.pk}/answer", answer="done")

    assert reply.status_code == 409
    assert reply.json()["detail"] == "There is nothing to do here just now."


# The partner's page


def test_the_page_offers_the_same_as_the_api(fay):
    ritual = proposed(fay)
    ana = fay.partner_client("A")

    assert b"Would this suit you?" in ana.get("/me/").content
    ana.post(f"/me/rituals/{ritual.pk}/consent/", {"answer": "yes", f"{ritual.pk}-hour": "20:15"})
    assert consent_of(ritual, fay.a).hour.isoformat() == "20:15:00"

    rituals.consent(ritual=ritual, partner=fay.b, answer="yes", now=SEVEN_PM - HOUR)
    deliveries.lay_out_due(SEVEN_PM)

    ben = fay.partner_client("B")
    assert ben.post(f"/me/rituals/{ritual.pk}/answer/", {"answer": "not_today"}).status_code == 302
    assert b"Not today. All is well." in ben.get("/me/").content

    assert ben.post(f"/me/rituals/{ritual.pk}/rest/").status_code == 302
    assert state_of(ritual) == "active"
    assert b"you set this aside" in ben.get("/me/").content

    assert ben.post(f"/me/rituals/{ritual.pk}/resume/").status_code == 302
    assert consent_of(ritual, fay.b).says_yes is True


@pytest.mark.parametrize("word", ["refused", "invalid", "expired", "not available", "homework", "compliance",
                                  "failed", "overdue", "Third Chair", "!"])  # fmt: skip
def test_a_partner_never_reads_certain_words(fay, word):
    for code in ("ten-minute-checkin", "weekly-walk", "quiet-tea"):
        agreed(fay, code=code)
    for code in library():
        owner = {} if library()[code].is_shared else {"slot": "A"}
        proposed(fay, code=code, override="a test", **owner)

    deliveries.lay_out_due(SEVEN_PM)

    body = fay.partner_client("A").get("/me/").content.decode()
    words = body.replace("<!doctype html>", "").replace("<!--", "")

    assert word.lower() not in words.lower()


def test_leaving_leaves_nothing_on_the_device(fay):
    client = fay.partner_client("A")

    reply = client.post("/me/leave/")

    assert reply.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert client.get("/me/").status_code == 302
    assert fay.client().post("/me/leave/").status_code == 404


# The link in a mail


@pytest.fixture
def link(fay):
    agreed(reachable(fay))

    sweep(SEVEN_PM)

    body = LocalMail.objects.get(to="ana@home.example").body
    (address,) = [word for word in body.split() if "://" in word]
    assert address.startswith(settings.PUBLIC_URL)
    return address.removeprefix(settings.PUBLIC_URL)


def test_a_link_signs_its_person_in_once(fay, link):
    phone = Client()

    assert phone.post(link).headers["Location"] == "/me/"
    assert b"Hello Ana" in phone.get("/me/").content

    assert Client().post(link).status_code == 404
    assert Client().get(link).status_code == 404


def test_looking_at_a_link_spends_nothing_and_signs_nobody_in(fay, link):
    for _ in range(5):
        scanner = Client()
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
        assert scanner.get("/me/").status_code == 302

    assert SignInLink.objects.unscoped("a test looks").filter(used_at__isnull=False).count() == 0
    assert Client().post(link).status_code == 302


def test_a_link_takes_over_from_whoever_was_signed_in_here(fay, link):
    laptop = fay.client()
    before = laptop.session.session_key

    laptop.post(link)

    assert laptop.session.session_key != before
    assert laptop.get("/").headers["Location"] == "/me/"
    assert User.objects.get(pk=laptop.session["_auth_user_id"]).email is None


@pytest.mark.parametrize("end", ["two days later", "channel revoked", "partner left"])
def test_a_link_that_has_done_its_work_says_so(fay, link, end):
    at = SEVEN_PM + MINUTE
    if end == "two days later":
        at = SEVEN_PM + 2 * DAY + MINUTE
    elif end == "channel revoked":
        every(Channel, partner=fay.a).update(state="revoked")
    else:
        type(fay.a).objects.unscoped("a test").filter(pk=fay.a.pk).update(left_at=SEVEN_PM)

    with time_machine.travel(at, tick=False):
        phone = Client()
        assert phone.get(link).status_code == 404
        assert phone.post(link).status_code == 404
        assert b"done its work" in phone.get(link).content
        assert phone.get("/me/").status_code == 302


def test_a_link_needs_a_token_of_its_own_page(fay, link):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link).status_code == 403

    page = strict.get(link).content.decode()
    token = page.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]

    assert strict.post(link, {"csrfmiddlewaretoken": token}).status_code == 302


def test_the_token_itself_is_kept_nowhere(fay, link):
    token = link.split("/")[2]

    kept = str(list(SignInLink.objects.unscoped("a test looks").values()))

    assert token not in kept
    assert len(token) == 43
    assert links.is_open(token, now=SEVEN_PM + MINUTE) is True
    assert links.is_open(token + "x", now=SEVEN_PM + MINUTE) is False


# The facilitator's pages


def test_the_facilitator_proposes_from_the_library(fay):
    client = fay.client()
    address = f"/couples/{fay.couple.pk}/rituals/"

    assert b"Small things to propose" in client.get(address).content

    form = client.get(f"{address}new/?template=weekly-walk")
    assert b"Weekly walk" in form.content

    facts = {"whom": "both", "rhythm": "days", "days": ["5"], "usual_time": "10:00", "start_on": "2026-03-10"}
    assert client.post(f"{address}new/?template=weekly-walk", facts).status_code == 302
    (ritual,) = every(Ritual)
    assert ritual.code == "weekly-walk"
    assert ritual.weekdays == "5"
    assert ritual.state == "waiting"

    page = client.get(address).content.decode()
    assert "Saturday at 10:00" in page
    assert page.count("not answered yet") == 2


def test_words_from_an_agreement_come_along_and_stay_out_of_addresses(fay):
    client = fay.client()
    address = f"/couples/{fay.couple.pk}/rituals/new/"

    form = client.post(address, {"words": "Phones in the hall at eight"})
    assert form.status_code == 200
    assert b"Phones in the hall at eight" in form.content
    assert every(Ritual).count() == 0

    facts = {"words": "Phones in the hall at eight", "whom": "both", "rhythm": "14", "usual_time": "20:00"}
    assert client.post(address, {**facts, "start_on": "2026-03-10"}).status_code == 302
    (ritual,) = every(Ritual)
    assert ritual.title == "Phones in the hall at eight"
    assert ritual.every_n_days == 14


@pytest.mark.parametrize("facts", [
    {"days": []}, {"usual_time": ""}, {"whom": "C"}, {"rhythm": "sometimes"}, {"start_on": "soon"}, {"words": ""},
])  # fmt: skip
def test_a_proposal_that_is_not_whole_keeps_what_was_typed(fay, facts):
    whole = {"words": "Phones in the hall", "whom": "both", "rhythm": "days", "days": ["1"],
             "usual_time": "20:00", "start_on": "2026-03-10"}  # fmt: skip
    given = whole | facts

    reply = fay.client().post(f"/couples/{fay.couple.pk}/rituals/new/", given)

    assert reply.status_code == 422
    assert given["words"].encode() in reply.content
    assert every(Ritual).count() == 0


def test_a_soft_no_gives_way_to_a_reason(fay):
    for code in ("one-word-weather", "weekly-walk", "quiet-tea"):
        proposed(fay, code=code)
    client = fay.client()
    address = f"/couples/{fay.couple.pk}/rituals/new/?template=six-breaths"
    facts = {"whom": "both", "rhythm": "wished", "start_on": "2026-03-10"}

    reply = client.post(address, facts)
    assert reply.status_code == 422
    assert b"gentle pace" in reply.content
    assert b"Go on anyway" in reply.content

    assert client.post(address, {**facts, "override": "both asked"}).status_code == 302


@pytest.mark.parametrize(
    ("act", "state"), [("rest", "active"), ("graduate", "graduated"), ("burn", "active")]
)
def test_the_facilitator_lets_rest_and_lets_go(fay, act, state):
    ritual = agreed(fay)

    assert fay.client().post(f"/rituals/{ritual.pk}/", {"act": act}).status_code == 302

    assert state_of(ritual) == state


def test_another_facilitator_finds_nothing(fay, oli):
    ritual = agreed(fay)
    client = oli.client()
    rituals_page = f"/couples/{fay.couple.pk}/rituals/"

    assert client.get(rituals_page).status_code == 404
    assert client.get(f"{rituals_page}new/").status_code == 404
    assert client.post(f"/rituals/{ritual.pk}/", {"act": "graduate"}).status_code == 404
    assert client.post(f"/partners/{fay.a.pk}/link/").status_code == 404
    assert fay.partner_client("A").get(rituals_page).status_code == 404
    assert state_of(ritual) == "active"


def test_a_link_is_sent_on_the_facilitators_press(fay):
    client = fay.client()

    reply = client.post(f"/partners/{fay.a.pk}/link/")
    assert reply.status_code == 409
    assert b"no way yet" in reply.content

    reachable(fay, "A")
    assert client.post(f"/partners/{fay.a.pk}/link/").status_code == 302
    assert every(Delivery).get().kind == "sign_in"

    consents.withdraw(partner=fay.a, scope="messages", by="test", now=TUESDAY)
    assert client.post(f"/partners/{fay.a.pk}/link/").status_code == 409


def test_the_desk_reads_which_reminders_did_not_go_out(fay):
    agreed(reachable(fay))
    sweep(SEVEN_PM + 5 * HOUR)

    page = fay.client().get(f"/couples/{fay.couple.pk}/rituals/").content.decode()

    assert "2 reminders did not go out" in page


# The pages about mail


def test_mail_settings_are_kept_sealed_and_tested_by_the_next_sweep(fay, smtp):
    client = fay.client()
    facts = {"host": smtp.host, "port": smtp.port, "security": "none", "username": "", "password": "",
             "from_address": "notes@calm.test"}  # fmt: skip
    assert client.get("/settings/mail/").status_code == 200
    assert client.post("/settings/mail/test/").status_code == 404
    assert client.post("/settings/mail/", facts).status_code == 302

    fay.facilitator.email = "fay@calm.test"
    fay.facilitator.save()
    assert client.post("/settings/mail/test/").status_code == 302
    assert smtp.messages == []

    sweep(SEVEN_PM + 2 * MINUTE)
    assert smtp.recipients == [["fay@calm.test"]]
    assert MailSettings.objects.get().tested_at == SEVEN_PM + 2 * MINUTE

    sweep(SEVEN_PM + 3 * MINUTE)
    assert len(smtp.messages) == 1

    # Other settings are untested ones.
    assert client.post("/settings/mail/", {**facts, "port": 26}).status_code == 302
    assert MailSettings.objects.get().tested_at is None


def test_an_empty_password_keeps_the_one_there_is(fay):
    client = fay.client()
    facts = {"host": "mail.calm.test", "port": 587, "security": "starttls", "username": "notes",
             "password": "kept safe", "from_address": "notes@calm.test"}  # fmt: skip

    client.post("/settings/mail/", facts)
    client.post("/settings/mail/", {**facts, "password": "", "port": 465})

    kept = MailSettings.objects.get()
    assert kept.password == "kept safe"
    assert kept.port == 465
    assert b"kept safe" not in client.get("/settings/mail/").content


def test_mail_in_clear_text_may_not_leave_this_machine(fay):
    facts = {"host": "mail.calm.test", "port": 25, "security": "none", "from_address": "notes@calm.test"}

    reply = fay.client().post("/settings/mail/", facts)

    assert reply.status_code == 422
    assert b"only over TLS" in reply.content
    assert MailSettings.objects.count() == 0


def test_the_mailbox_is_the_demo_practices_own(fay, oli):
    agreed(reachable(fay))
    sweep(SEVEN_PM)

    assert b"ana@home.example" in fay.client().get("/mailbox/").content
    assert oli.client().get("/mailbox/").status_code == 404
    assert fay.partner_client("A").get("/mailbox/").status_code == 404
    assert fay.partner_client("A").get("/settings/mail/").status_code == 404
