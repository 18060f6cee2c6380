"""Facilitators sign in by address and password, then by their second factor; everybody must before anything opens."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from clients import couples
from facilitator import admin
from facilitator.models import Practice, User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in(client, user, password=PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": user.email, "password": password, **more})


def is_in(client):
    return "_auth_user_id" in client.session


def test_the_right_words_open_the_door(fay):
    client = Client()

    response = sign_in(client, fay.facilitator)

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert is_in(client)


@pytest.mark.parametrize(
    ("email", "password"), [("fay@practice.example", "wrong"), ("nobody@practice.example", PASSWORD)]
)
def test_the_wrong_words_open_nothing_and_do_not_say_which_was_wrong(fay, email, password):
    client = Client()

    response = client.post(reverse("account_login"), {"login": email, "password": password})

    assert response.status_code == 200
    assert not is_in(client)
    typed = response.content.decode().replace(email, "").lower()
    for hint in ("no account", "unknown", "not registered", "does not exist"):
        assert hint not in typed


def test_a_closed_account_does_not_open(fay):
    User.objects.update(is_active=False)
    client = Client()

    sign_in(client, fay.facilitator)

    assert not is_in(client)


def test_nobody_signs_up_by_themselves(fay):
    before = User.objects.count()

    response = Client().post(reverse("account_signup"), {"email": "new@x.example", "password1": PASSWORD})

    assert User.objects.count() == before
    assert "_auth_user_id" not in response.client.session


def test_a_sign_in_gets_a_new_session_key(fay):
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    before = client.session.session_key

    sign_in(client, fay.facilitator)

    assert client.session.session_key != before


def test_signing_out_ends_it_on_the_server_and_only_by_post(fay):
    client = fay.client()
    client.get(reverse("account_logout"))
    assert is_in(client)

    cookie = client.cookies["session"].value
    client.post(reverse("account_logout"))

    again = Client()
    again.cookies["session"] = cookie
    assert again.get("/", follow=False)["Location"].startswith("/sign-in")


def test_a_new_password_ends_the_sign_ins_under_the_old(fay):
    client = fay.client()

    fay.facilitator.set_password("another warm room")
    fay.facilitator.save()

    assert client.get("/")["Location"].startswith("/sign-in")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"],
)
def test_after_signing_in_nobody_is_led_elsewhere(fay, target):
    response = sign_in(Client(), fay.facilitator, next=target)

    assert response.status_code == 302
    assert response["Location"].startswith("/")
    assert not response["Location"].startswith(("//", "/\\"))


# The second factor


def with_second_factor(user):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(user, secret)
    return secret


def test_the_secret_of_a_second_factor_lies_sealed(fay):
    secret = with_second_factor(fay.facilitator)

    kept = Authenticator.objects.get(user=fay.facilitator).data["secret"]
    assert secret not in kept
    assert kept.startswith("gAAAA")


def test_with_a_second_factor_the_password_alone_is_not_enough(fay):
    secret = with_second_factor(fay.facilitator)
    client = Client()

    response = sign_in(client, fay.facilitator)
    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)

    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert not is_in(client)

    counter = next(iter(totp.yield_hotp_counters_from_time()))
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert is_in(client)


def test_the_admin_asks_for_the_second_factor_too(fay):
    User.objects.filter(pk=fay.facilitator.pk).update(is_staff=True, is_superuser=True)
    with_second_factor(fay.facilitator)
    client = Client()

    response = client.post("/admin/login/", {"username": fay.facilitator.email, "password": PASSWORD})

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")
    assert not is_in(client)


# The admin


def test_the_admin_knows_practices_and_users_and_nothing_else():
    assert set(admin.site._registry) == {Practice, User}


def test_the_admin_shows_no_partners_account(fay):
    account = couples.account_of(fay.a)
    root = User.objects.create_superuser("root@practice.example", PASSWORD)
    client = Client()
    client.force_login(root, backend="allauth.account.auth_backends.AuthenticationBackend")

    for address in ("/admin/", "/admin/facilitator/user/", "/admin/facilitator/practice/"):
        body = client.get(address).content.decode()
        assert str(account.pk) not in body
        assert "Ana" not in body
    assert client.get(f"/admin/facilitator/user/{account.pk}/change/").status_code == 302


@pytest.mark.parametrize("who", ["facilitator", "partner"])
def test_to_everybody_else_there_is_no_admin(fay, who):
    client = fay.client() if who == "facilitator" else fay.partner_client("A")

    for address in ("/admin/", "/admin/login/", "/admin/facilitator/user/"):
        assert client.get(address).status_code == 404


def test_account_mail_is_never_sent(fay, mailoutbox):
    client = Client()
    client.force_login(fay.facilitator, backend="allauth.account.auth_backends.AuthenticationBackend")

    client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": "another warm room", "password2": "another warm room"},
    )

    fay.facilitator.refresh_from_db()
    assert fay.facilitator.check_password("another warm room")
    assert mailoutbox == []
