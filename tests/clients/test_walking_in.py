"""A couple walks in: two cards, two consents each, an enquiry until both agreed, and one press that begins."""

import re
import uuid
from datetime import date, timedelta

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction
from django.urls import reverse

from clients import agreement, consents, couples, safety
from clients.models import Channel, Consent, Couple, Partner, Screening
from clients.turned import KEY
from facilitator.errors import Refusal
from facilitator.models import MailSettings, Practice, User
from sessions.models import Moment, Session
from sessions.record import partings, planning
from tests.cast import MORNING, PASSWORD, signed_in
from tests.world import planned

pytestmark = [pytest.mark.django_db, pytest.mark.both]

LISBON = "Europe/Lisbon"
CARD = {"name": "Ana", "spoken": "today", "outcome": "go", "act": "turn"}
BOTH = ["facilitation", "stored_notes"]
GIVEN = {**CARD, "act": "given", "how": "paper", "scopes": BOTH}


@pytest.fixture
def sol(db):
    """A solo practice in Lisbon, nobody in it yet."""
    practice = Practice.objects.create(name="Sol", zone=LISBON)
    return User.objects.create_user(
        "sol@practice.example", PASSWORD, name="Sol", practice=practice, is_facilitator=True
    )


@pytest.fixture
def client(sol):
    with time_machine.travel(MORNING, tick=False):
        yield signed_in(sol)


def rows(model):
    return model.objects.unscoped("a test looks")


def enquired(sol, at, name="Ana"):
    return couples.enquire(facilitator=sol, name=name, now=at)


def partners():
    return {one.slot: one for one in rows(Partner)}


def walked_in(client, a=GIVEN, b=GIVEN):
    client.post(reverse("walk_in"), a)
    second = partners()["B"]
    client.post(reverse("walk_in_card", args=[second.pk]), {**b, "name": "Ben"})
    return rows(Couple).get()


def today(client, couple, **more):
    body = {
        "format": "first-talk",
        "length": "full",
        "first_speaker": "A",
        "meets": "both",
        "key": uuid.uuid4(),
    }
    return client.post(reverse("today", args=[couple.pk]), {**body, **more})


# The cards


def test_looking_at_the_first_card_writes_nothing(client):
    assert client.get(reverse("walk_in")).status_code == 200
    assert rows(Couple).count() == 0


def test_the_first_card_makes_an_enquiry_and_turns_the_screen_to_that_person(client, sol):
    answer = client.post(reverse("walk_in"), {**CARD, "notes": "Calm. Knows why."})
    both = partners()
    assert answer["Location"] == reverse("turned")
    turned = client.session[KEY]
    assert turned["card"] == {"name": "agreement", "partner": str(both["A"].pk), "ref": ""}
    assert turned["back"] == reverse("walk_in_card", args=[both["B"].pk])
    couple, talk = rows(Couple).get(), rows(Screening).get()
    assert (couple.label, couple.zone, both["A"].name, both["B"].name) == ("Ana", LISBON, "Ana", "")
    assert (talk.partner, talk.outcome, talk.notes) == (both["A"], "go", "Calm. Knows why.")
    assert talk.spoken_alone_on == MORNING.date()
    assert rows(Consent).count() == 0


def test_the_same_first_card_sent_twice_is_one_couple_and_one_talk(client):
    card = {**GIVEN, "key": uuid.uuid4()}
    first, again = (client.post(reverse("walk_in"), card) for _ in range(2))
    assert first["Location"] == again["Location"]
    assert (rows(Couple).count(), rows(Partner).count(), rows(Screening).count()) == (1, 2, 1)
    assert rows(Consent).count() == 2


def test_the_second_card_names_the_couple_and_leads_to_today(client):
    client.post(reverse("walk_in"), GIVEN)
    second = partners()["B"]
    answer = client.post(reverse("walk_in_card", args=[second.pk]), {**CARD, "name": "Ben"})
    couple = rows(Couple).get()
    assert (couple.label, answer["Location"]) == ("Ana & Ben", reverse("turned"))
    assert client.session[KEY]["back"] == reverse("today", args=[couple.pk])


def test_a_label_in_own_words_stays_when_a_name_changes(sol):
    ana = enquired(sol, MORNING)
    viewer = couples.AsFacilitator(sol.pk, sol.practice_id)
    couples.call(partner=ana, name="Anna", by=viewer, now=MORNING)
    assert rows(Couple).get().label == "Anna"
    couple = rows(Couple).get()
    couple.label = "Tuesday, ten"
    couple.save()
    couples.call(partner=partners()["B"], name="Ben", by=viewer, now=MORNING)
    assert rows(Couple).get().label == "Tuesday, ten"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"outcome": ""}, "outcome"),
        ({"spoken": "on"}, "spoken_on"),
        ({"spoken": "on", "spoken_on": "2026-03-11"}, "spoken_on"),
        ({"act": "given", "how": ""}, "how"),
        ({"act": "enquiry", "outcome": "", "notes": "a talk with no outcome"}, "outcome"),
    ],
    ids=str,
)
def test_a_card_that_is_not_whole_comes_back_with_what_was_typed_and_keeps_nothing(client, change, field):
    answer = client.post(reverse("walk_in"), {**CARD, "name": "Ana", **change})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert rows(Couple).count() == 0


def test_a_name_alone_may_be_kept_for_now(client):
    answer = client.post(reverse("walk_in"), {"name": "Ana", "spoken": "today", "act": "enquiry"})
    assert answer["Location"] == reverse("couple", args=[rows(Couple).get().pk])
    assert rows(Screening).count() == 0
    for address in ("couple", "today"):
        assert client.get(reverse(address, args=[rows(Couple).get().pk])).status_code == 200
    assert client.get(reverse("home")).status_code == 200


def test_a_talk_on_an_earlier_day_is_recorded_with_its_day_and_once(client):
    client.post(reverse("walk_in"), {**GIVEN, "spoken": "on", "spoken_on": "2026-03-02"})
    first = partners()["A"]
    page = client.get(reverse("walk_in_card", args=[first.pk]))
    assert page.context["form"]["outcome"].value() == "go"
    again = {**GIVEN, "spoken": "on", "spoken_on": "2026-03-02"}
    client.post(reverse("walk_in_card", args=[first.pk]), again)
    assert [talk.spoken_alone_on for talk in rows(Screening)] == [date(2026, 3, 2)]
    client.post(reverse("walk_in_card", args=[first.pk]), {**again, "outcome": "not_together"})
    assert safety.latest_talks(first.couple_id)["A"].outcome == "not_together"


def test_pause_and_consult_is_on_the_card_too(client):
    client.post(reverse("walk_in"), {**CARD, "outcome": "pause_and_consult"})
    assert rows(Screening).get().outcome == "pause_and_consult"


# The agreement


def test_the_agreement_is_about_120_words_and_names_both(sol):
    ana = enquired(sol, MORNING)
    shown = agreement.shown_to(ana)
    words = " ".join(shown["words"])
    assert 100 <= len(words.split()) <= 150
    assert (shown["name"], shown["facilitator"]) == ("Ana", "Sol")
    assert [label for _, label in shown["ticks"]] == [
        "I take part freely and may stop at any time",
        "Sol may keep notes as described",
    ]
    assert "law" not in words


@pytest.mark.parametrize("scopes", [[], BOTH[:1], BOTH[1:], BOTH])
def test_the_answer_on_the_card_is_what_was_ticked_with_version_language_and_how(sol, scopes):
    ana = enquired(sol, MORNING)
    agreement.take(ana, scopes, by="user:x", now=MORNING)
    given = rows(Consent)
    assert {one.scope for one in given} == set(scopes)
    for one in given:
        assert (one.version, one.language, one.how) == (consents.TEXT_VERSION, "en", "own_hand")
        assert one.given_at == MORNING


@pytest.mark.parametrize("again", [[], BOTH[:1], [*BOTH[1:], "messages"], BOTH])
def test_what_is_not_ticked_when_asked_again_takes_nothing_back(sol, again):
    ana = enquired(sol, MORNING)
    agreement.take(ana, BOTH, by="user:x", now=MORNING)
    agreement.take(ana, again, by="user:x", now=MORNING + timedelta(hours=1))
    assert [
        (one.scope, one.given_at) for one in rows(Consent).filter(withdrawn_at=None).order_by("scope")
    ] == [(scope, MORNING) for scope in BOTH]
    assert rows(Consent).count() == 2


@pytest.mark.parametrize("how", ["paper", "said_alone"])
def test_on_paper_or_said_alone_is_ticked_on_the_card_itself(client, how):
    answer = client.post(reverse("walk_in"), {**GIVEN, "how": how})
    assert answer["Location"] == reverse("walk_in_card", args=[partners()["B"].pk])
    assert {(one.scope, one.how) for one in rows(Consent)} == {(scope, how) for scope in BOTH}
    assert KEY not in client.session


def test_own_hand_is_not_a_thing_the_facilitator_can_tick(client):
    answer = client.post(reverse("walk_in"), {**GIVEN, "how": "own_hand"})
    assert (answer.status_code, rows(Couple).count()) == (422, 0)


# An address needs a second step at sign-in


def second_step(user):
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")


def mail_is_set_up(user):
    MailSettings.objects.create(
        practice=user.practice, host="mail.test", from_address="notes@practice.test", tested_at=MORNING
    )


def test_without_a_second_step_no_address_is_kept_and_the_card_comes_back_whole(client, sol):
    mail_is_set_up(sol)
    answer = client.post(reverse("walk_in"), {**GIVEN, "reach": "ana@home.test", "notes": "Calm."})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "ana@home.test" in page
    assert "Calm." in page
    assert reverse("mfa_activate_totp") in page
    assert (rows(Channel).count(), rows(Couple).count()) == (0, 0)
    second_step(sol)
    assert client.post(reverse("walk_in"), {**GIVEN, "reach": "ana@home.test"}).status_code == 302
    assert rows(Channel).get().address == "ana@home.test"


def test_the_same_at_a_partners_own_card(client, sol):
    mail_is_set_up(sol)
    client.post(reverse("walk_in"), GIVEN)
    address = reverse("partner", args=[partners()["A"].pk])
    body = {"act": "address", "address": "ana@home.test"}
    answer = client.post(address, body)
    assert answer.status_code == 422
    assert "ana@home.test" in answer.content.decode()
    assert reverse("mfa_activate_totp") in answer.content.decode()
    assert rows(Channel).count() == 0
    second_step(sol)
    assert client.post(address, body).status_code == 302
    assert rows(Channel).count() == 1


def test_a_demo_practice_may_keep_addresses_that_go_nowhere_and_no_others(sol):
    ana = enquired(sol, MORNING)
    Practice.objects.update(is_demo=True)
    ana.couple.practice.refresh_from_db()
    couples.take_address(partner=ana, address="ana@home.example", facilitator=sol, now=MORNING)
    with pytest.raises(Refusal) as refused:
        couples.take_address(partner=ana, address="ana@home.test", facilitator=sol, now=MORNING)
    assert refused.value.code == "second_factor"


def test_home_offers_the_second_step_until_it_is_set_up(client, sol):
    assert reverse("mfa_activate_totp") in client.get(reverse("home")).content.decode()
    second_step(sol)
    assert reverse("mfa_activate_totp") not in client.get(reverse("home")).content.decode()


# Today


def test_one_press_plans_and_begins_and_the_same_press_again_finds_it(client):
    couple = walked_in(client)
    key = uuid.uuid4()
    first, again = (today(client, couple, key=key) for _ in range(2))
    session = Session.objects.unscoped("a test looks").get()
    assert first["Location"] == again["Location"] == reverse("desk", args=[session.pk])
    assert (session.state, session.phase_number) == ("running", 1)
    kinds = [m.kind for m in Moment.objects.unscoped("a test looks").filter(session=session)]
    assert kinds.count("session_started") == 1
    assert kinds.count("arrived") == 2
    plan = planning.plan_of(session)
    assert plan.latest_end == MORNING + timedelta(minutes=75)
    assert plan.zone == LISBON


def test_the_room_until_is_an_hour_of_this_day_or_just_past_midnight(client):
    couple = walked_in(client)
    answer = today(client, couple, room_until="10:20")
    session = Session.objects.unscoped("a test looks").get()
    assert (answer.status_code, planning.plan_of(session).latest_end.hour) == (302, 10)
    gone_by = today(client, couple, room_until="08:00")
    assert (gone_by.status_code, list(gone_by.context["form"].errors)) == (422, ["room_until"])


def test_who_begins_is_chosen_and_not_taken_for_granted(client):
    couple = walked_in(client)
    answer = today(client, couple, first_speaker="")
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["first_speaker"])
    assert rows(Session).count() == 0


def test_a_sign_they_took_home_comes_into_the_next_plan(client, sol):
    couple = walked_in(client)
    today(client, couple)
    held = rows(Session).get()
    partings.say(held, sign="A hand up", return_sentence="I am back.", by="user:x", now=MORNING)
    today(client, couple)
    newest = rows(Session).exclude(pk=held.pk).get()
    strategy = planning.plan_of(newest).exit_strategy
    assert (strategy.sign, strategy.return_sentence) == ("A hand up", "I am back.")


@pytest.mark.parametrize("outcome", ["not_together", "pause_and_consult"])
@pytest.mark.parametrize("whose", ["A", "B"])
def test_not_together_offers_a_talk_with_each_and_no_joint_button(client, outcome, whose):
    changed = {**GIVEN, "outcome": outcome}
    couple = walked_in(client, **({"a": changed} if whose == "A" else {"b": changed}))
    page = client.get(reverse("today", args=[couple.pk]))
    text = page.content.decode()
    assert "A talk with Ana" in text
    assert "A talk with Ben" in text
    assert 'value="both" tabindex="-1" aria-hidden="true" disabled' in text
    assert text.count('value="both"') == 1
    joint = today(client, couple)
    assert (joint.status_code, rows(Session).count()) == (409, 0)
    with_ben = today(client, couple, meets="B", first_speaker="")
    session = rows(Session).get()
    assert (with_ben.status_code, session.format_code, session.owner.slot) == (302, "one-to-one", "B")


def test_the_page_says_the_same_whoever_of_the_two_said_not_together(client):
    """It may lie open on the table."""
    pages = []
    for changed in ("a", "b"):
        with transaction.atomic():
            couple = walked_in(client, **{changed: {**GIVEN, "outcome": "not_together"}})
            text = client.get(reverse("today", args=[couple.pk])).content.decode()
            pages.append(re.sub(r"[0-9a-f-]{36}|[A-Za-z0-9]{64}", "", text))
            transaction.set_rollback(True)
    assert pages[0] == pages[1]
    assert "Today, a talk with each." in pages[0]


def test_without_a_yes_to_taking_part_there_is_no_joint_button_and_no_session(client):
    couple = walked_in(client, b={**GIVEN, "scopes": BOTH[1:]})
    text = client.get(reverse("today", args=[couple.pk])).content.decode()
    assert "taking part is still open" in text
    assert text.count('value="both"') == 1
    assert today(client, couple).status_code == 409
    assert rows(Session).count() == 0


@pytest.mark.parametrize("whose", ["a", "b"])
def test_without_notes_there_is_just_the_clock_and_no_session_is_written(client, whose):
    couple = walked_in(client, **{whose: {**GIVEN, "scopes": BOTH[:1]}})
    text = client.get(reverse("today", args=[couple.pk])).content.decode()
    assert "Just the clock, nothing kept" in text
    assert reverse("just_the_clock") in text
    answer = today(client, couple)
    assert (answer.status_code, rows(Session).count()) == (409, 0)


@pytest.mark.parametrize("who", ["A", "B"])
def test_a_plan_needs_a_yes_to_notes_of_everybody_who_meets(fay, who):
    consents.withdraw(partner=fay.partner(who), scope="stored_notes", by="user:x", now=MORNING)
    other = "B" if who == "A" else "A"
    for with_ in ("both", who):
        with pytest.raises(Refusal) as refused:
            planned(fay, code="first-talk" if with_ == "both" else "one-to-one", with_=with_)
        assert refused.value.code == "notes_not_kept"
    assert planned(fay, code="one-to-one", with_=other).owner == fay.partner(other)


def test_an_old_talk_is_said_and_gone_past_with_a_reason(client):
    couple = walked_in(client, a={**GIVEN, "spoken": "on", "spoken_on": "2025-11-02"})
    asked = today(client, couple)
    assert (asked.status_code, rows(Session).count()) == (409, 0)
    assert "Go on anyway" in asked.content.decode()
    assert today(client, couple, override="we agreed on it").status_code == 302
    set_aside = [m for m in rows(Moment) if m.kind == "guard_set_aside" or m.part == "set_aside"]
    assert {m.audience for m in set_aside} == {"FAC"}


# The example


def test_the_example_is_one_marked_couple_that_nothing_can_be_sent_to(client, sol):
    first = client.post(reverse("example"))
    couple = rows(Couple).get()
    assert first["Location"] == reverse("couple", args=[couple.pk])
    assert couple.label.startswith("Example: ")
    assert rows(Channel).count() == 0
    assert not rows(Consent).filter(scope="messages").exists()
    assert rows(Session).get().state == "ended"
    assert client.get(reverse("today", args=[couple.pk])).status_code == 200
    client.post(reverse("example"), {"act": "away"})
    assert "Example: " not in client.get(reverse("home")).content.decode()
    assert client.post(reverse("example"))["Location"] == first["Location"]
    assert "Example: " in client.get(reverse("home")).content.decode()
    assert rows(Couple).count() == 1


def test_a_couple_of_ones_own_is_no_example(client):
    couple = walked_in(client)
    assert "Put the example away" not in client.get(reverse("couple", args=[couple.pk])).content.decode()


def test_in_a_demo_practice_its_own_couple_is_the_example(client, sol):
    Practice.objects.update(is_demo=True)
    couple = walked_in(client)
    assert client.post(reverse("example"))["Location"] == reverse("couple", args=[couple.pk])
    assert rows(Couple).count() == 1
