"""A couple walks in: two cards, two consents each, and an enquiry until both agreed."""

import uuid
from datetime import date, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from clients import agreement, consents, couples, safety
from clients.access import AsFacilitator
from clients.models import Channel, Consent, Couple, Partner, Screening
from clients.turned import KEY
from facilitator.errors import Refusal
from facilitator.models import MailSettings, Practice
from tests.cast import MORNING
from tests.clients.walk_in import BOTH, CARD, GIVEN, LISBON, card_of, enquired, partners, rows
from tests.clients.walk_in import client as client
from tests.clients.walk_in import sol as sol

pytestmark = [pytest.mark.django_db, pytest.mark.both]


# The cards


def test_looking_at_the_first_card_writes_nothing(client):
    assert client.get(reverse("walk_in")).status_code == 200
    assert rows(Couple).count() == 0


def test_the_first_card_makes_an_enquiry(client, sol):
    client.post(reverse("walk_in"), {**CARD, "notes": "Calm. Knows why."})

    couple = rows(Couple).get()
    assert couple.label == "Ana"
    assert couple.zone == LISBON

    both = partners()
    assert both["A"].name == "Ana"
    assert both["B"].name == ""

    talk = rows(Screening).get()
    assert talk.partner == both["A"]
    assert talk.outcome == "go"
    assert talk.notes == "Calm. Knows why."
    assert talk.spoken_alone_on == MORNING.date()
    assert rows(Consent).count() == 0


def test_after_the_first_card_the_screen_is_turned_to_that_person(client):
    answer = client.post(reverse("walk_in"), CARD)

    both = partners()
    turned = client.session[KEY]
    assert answer["Location"] == reverse("turned")
    assert turned["card"] == {"name": "agreement", "partner": str(both["A"].pk), "ref": ""}
    assert turned["back"] == card_of(both["B"])


def test_the_same_first_card_sent_twice_is_one_couple_and_one_talk(client):
    card = {**GIVEN, "key": uuid.uuid4()}

    first = client.post(reverse("walk_in"), card)
    again = client.post(reverse("walk_in"), card)

    assert first["Location"] == again["Location"]
    assert rows(Couple).count() == 1
    assert rows(Partner).count() == 2
    assert rows(Screening).count() == 1
    assert rows(Consent).count() == 2


def test_the_second_card_names_the_couple_and_leads_to_today(client):
    client.post(reverse("walk_in"), GIVEN)

    answer = client.post(card_of(partners()["B"]), {**CARD, "name": "Ben"})

    couple = rows(Couple).get()
    assert couple.label == "Ana & Ben"
    assert answer["Location"] == reverse("turned")
    assert client.session[KEY]["back"] == reverse("today", args=[couple.pk])


def test_a_label_made_of_the_names_follows_when_a_name_changes(sol):
    ana = enquired(sol, MORNING)

    couples.call(partner=ana, name="Anna", by=AsFacilitator.of(sol), now=MORNING)

    assert rows(Couple).get().label == "Anna"


def test_a_label_in_own_words_stays_when_a_name_changes(sol):
    enquired(sol, MORNING)
    couple = rows(Couple).get()
    couple.label = "Tuesday, ten"
    couple.save()

    couples.call(partner=partners()["B"], name="Ben", by=AsFacilitator.of(sol), now=MORNING)

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

    couple = rows(Couple).get()
    assert answer["Location"] == reverse("couple", args=[couple.pk])
    assert rows(Screening).count() == 0
    for place in (answer["Location"], reverse("today", args=[couple.pk]), reverse("home")):
        assert client.get(place).status_code == 200


def test_a_talk_on_an_earlier_day_is_recorded_with_its_day_and_once(client):
    on_monday = {**GIVEN, "spoken": "on", "spoken_on": "2026-03-02"}
    client.post(reverse("walk_in"), on_monday)
    ana = partners()["A"]

    page = client.get(card_of(ana))
    client.post(card_of(ana), on_monday)

    assert page.context["form"]["outcome"].value() == "go"
    assert [talk.spoken_alone_on for talk in rows(Screening)] == [date(2026, 3, 2)]


def test_a_talk_with_another_outcome_is_another_talk(client):
    on_monday = {**GIVEN, "spoken": "on", "spoken_on": "2026-03-02"}
    client.post(reverse("walk_in"), on_monday)
    ana = partners()["A"]

    client.post(card_of(ana), {**on_monday, "outcome": "not_together"})

    assert rows(Screening).count() == 2
    assert safety.latest_talks(ana.couple_id)["A"].outcome == "not_together"


def test_pause_and_consult_is_on_the_card_too(client):
    client.post(reverse("walk_in"), {**CARD, "outcome": "pause_and_consult"})

    assert rows(Screening).get().outcome == "pause_and_consult"


# The agreement


def test_the_agreement_is_about_120_words_and_names_both(sol):
    ana = enquired(sol, MORNING)

    shown = agreement.shown_to(ana)

    words = " ".join(shown["words"])
    assert 100 <= len(words.split()) <= 150
    assert "law" not in words
    assert shown["name"] == "Ana"
    assert shown["facilitator"] == "Sol"
    assert [label for _, label in shown["ticks"]] == [
        "I take part freely and may stop at any time",
        "Sol may keep notes as described",
    ]


@pytest.mark.parametrize("scopes", [[], BOTH[:1], BOTH[1:], BOTH])
def test_the_answer_on_the_card_is_what_was_ticked_with_version_language_and_how(sol, scopes):
    ana = enquired(sol, MORNING)

    agreement.take(ana, scopes, by="user:x", now=MORNING)

    given = rows(Consent)
    assert {consent.scope for consent in given} == set(scopes)
    for consent in given:
        assert consent.version == consents.TEXT_VERSION
        assert consent.language == "en"
        assert consent.how == "own_hand"
        assert consent.given_at == MORNING


@pytest.mark.parametrize("again", [[], BOTH[:1], [*BOTH[1:], "messages"], BOTH])
def test_what_is_not_ticked_when_asked_again_takes_nothing_back(sol, again):
    ana = enquired(sol, MORNING)

    agreement.take(ana, BOTH, by="user:x", now=MORNING)
    agreement.take(ana, again, by="user:x", now=MORNING + timedelta(hours=1))

    standing = rows(Consent).filter(withdrawn_at=None).order_by("scope")
    assert rows(Consent).count() == 2
    assert [consent.scope for consent in standing] == BOTH
    assert {consent.given_at for consent in standing} == {MORNING}


@pytest.mark.parametrize("how", ["paper", "said_alone"])
def test_on_paper_or_said_alone_is_ticked_on_the_card_itself(client, how):
    answer = client.post(reverse("walk_in"), {**GIVEN, "how": how})

    assert answer["Location"] == card_of(partners()["B"])
    assert {(consent.scope, consent.how) for consent in rows(Consent)} == {(scope, how) for scope in BOTH}
    assert KEY not in client.session


def test_own_hand_is_not_a_thing_the_facilitator_can_tick(client):
    answer = client.post(reverse("walk_in"), {**GIVEN, "how": "own_hand"})

    assert answer.status_code == 422
    assert rows(Couple).count() == 0


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
    assert rows(Channel).count() == 0
    assert rows(Couple).count() == 0


def test_with_a_second_step_the_address_is_kept(client, sol):
    mail_is_set_up(sol)
    second_step(sol)

    answer = client.post(reverse("walk_in"), {**GIVEN, "reach": "ana@home.test"})

    assert answer.status_code == 302
    assert rows(Channel).get().address == "ana@home.test"


def test_the_same_at_a_partners_own_page(client, sol):
    mail_is_set_up(sol)
    client.post(reverse("walk_in"), GIVEN)
    place = reverse("partner", args=[partners()["A"].pk])
    address = {"act": "address", "address": "ana@home.test"}

    without = client.post(place, address)
    page = without.content.decode()
    assert without.status_code == 422
    assert "ana@home.test" in page
    assert reverse("mfa_activate_totp") in page
    assert rows(Channel).count() == 0

    second_step(sol)
    assert client.post(place, address).status_code == 302
    assert rows(Channel).count() == 1


def test_a_demo_practice_may_keep_addresses_that_go_nowhere_and_no_others(sol):
    ana = enquired(sol, MORNING)
    Practice.objects.update(is_demo=True)
    ana.couple.practice.refresh_from_db()

    couples.take_address(partner=ana, address="ana@home.example", facilitator=sol, now=MORNING)
    with pytest.raises(Refusal) as refused:
        couples.take_address(partner=ana, address="ana@home.test", facilitator=sol, now=MORNING)

    assert refused.value.code == "second_factor"
    assert rows(Channel).get().address == "ana@home.example"


def test_home_offers_the_second_step_until_it_is_set_up(client, sol):
    assert reverse("mfa_activate_totp") in client.get(reverse("home")).content.decode()

    second_step(sol)

    assert reverse("mfa_activate_totp") not in client.get(reverse("home")).content.decode()
