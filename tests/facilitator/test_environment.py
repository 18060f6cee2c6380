"""Environment variables: each reader takes what can be meant, and refuses the rest by the variable's name."""

import subprocess
import sys
from pathlib import Path

import pytest

from facilitator import environment
from tests.services import ROOT, clean_env

NAME = "THIRD_CHAIR_SOMETHING"


@pytest.fixture
def given(monkeypatch):
    def set_to(value):
        monkeypatch.setenv(NAME, value)

    monkeypatch.delenv(NAME, raising=False)
    return set_to


def refusal(reader, *arguments, **options):
    with pytest.raises(environment.WrongValue) as wrong:
        reader(NAME, *arguments, **options)
    return str(wrong.value)


# Text and folders


def test_a_text_is_taken_as_it_is_and_an_empty_one_is_unset(given):
    assert environment.text(NAME, "else") == "else"

    given("")
    assert environment.text(NAME, "else") == "else"

    given("192.0.2.7")
    assert environment.text(NAME, "else") == "192.0.2.7"


def test_a_folder_is_absolute(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert environment.folder(NAME, Path("/var/else")) == Path("/var/else")

    given("here")
    assert environment.folder(NAME, Path("/var/else")) == tmp_path / "here"


# Numbers and switches


def test_a_number_has_a_default_and_limits(given):
    assert environment.number(NAME, 8000, least=1, most=65535) == 8000

    given("65535")
    assert environment.number(NAME, 8000, least=1, most=65535) == 65535


@pytest.mark.parametrize("value", ["abc", "80a", "0", "-1", "65536", "8 0", "8.0", "٣"])
def test_what_is_no_number_within_the_limits_is_refused(given, value):
    given(value)

    said = refusal(environment.number, 8000, least=1, most=65535)

    assert said == f"{NAME} is {value!r}: it wants a number from 1 to 65535."


def test_a_switch_is_on_with_one_and_off_with_zero_or_nothing(given):
    assert environment.switch(NAME) is False

    given("0")
    assert environment.switch(NAME) is False

    given("1")
    assert environment.switch(NAME) is True


@pytest.mark.parametrize("value", ["yes", "true", "2", " 1"])
def test_a_switch_takes_no_other_word(given, value):
    given(value)
    assert refusal(environment.switch) == f"{NAME} is {value!r}: it wants 1 or 0."


# Addresses


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("https://chair.example.org", "https://chair.example.org"),
        ("https://chair.example.org/", "https://chair.example.org"),
        ("http://192.0.2.7:8000", "http://192.0.2.7:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_has_a_scheme_and_a_host(given, value, read):
    given(value)
    assert environment.address(NAME, "http://127.0.0.1:8000") == read


@pytest.mark.parametrize(
    "value",
    [
        "chair.example.org",
        "ftp://chair.example.org",
        "https://",
        "https://chair.example.org:abc",
        "https://chair.example.org:0",
        "https://chair.example.org/house",
        "https://chair.example.org?a=b",
        "https://fay@chair.example.org",
    ],
)
def test_what_is_no_address_of_a_house_is_refused(given, value):
    given(value)

    said = refusal(environment.address, "http://127.0.0.1:8000")

    assert said == f"{NAME} is {value!r}: it wants an address such as https://chair.example.org."


def test_without_an_address_the_default_counts(given):
    assert environment.address(NAME, "http://127.0.0.1:8000") == "http://127.0.0.1:8000"


def test_hosts_are_names_with_commas_between_them(given):
    assert environment.hosts(NAME) == []

    given("chair.example.org, .example.net,192.0.2.7,[::1],*,")
    assert environment.hosts(NAME) == ["chair.example.org", ".example.net", "192.0.2.7", "[::1]", "*"]


@pytest.mark.parametrize(
    "host", ["https://chair.example.org", "chair:8000", "chair/house", "two words", "a..b"]
)
def test_a_host_with_anything_around_its_name_is_refused(given, host):
    given(f"chair.example.org,{host}")
    assert refusal(environment.hosts) == (
        f"{NAME} holds {host!r}: it wants names of hosts, without scheme, port or path."
    )


def test_a_service_is_named_with_one_of_its_schemes(given):
    assert environment.service(NAME, "redis", "rediss") == ""

    given("redis://:hush@localhost:6379/0")
    assert environment.service(NAME, "redis", "rediss") == "redis://:hush@localhost:6379/0"


@pytest.mark.parametrize(
    "value", ["localhost:6379", "http://:hush@localhost", "redis://:hush@localhost:abc", "redis:"]
)
def test_a_refused_service_is_named_and_its_password_is_not(given, value):
    given(value)

    said = refusal(environment.service, "redis", "rediss")

    assert said == (
        f"{NAME} is not an address that can be used: it wants one that begins with redis:// or rediss://"
    )


# All of them, where they are read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THIRD_CHAIR_PORT", "abc"),
        ("THIRD_CHAIR_URL", "chair.example.org"),
        ("THIRD_CHAIR_HOSTS", "https://chair.example.org"),
        ("THIRD_CHAIR_THREADS", "many"),
        ("THIRD_CHAIR_PROCESSES", "0"),
        ("THIRD_CHAIR_TESTING", "yes"),
        ("DATABASE_URL", "chair"),
        ("KEYS_DATABASE_URL", "sqlite:///keys"),
        ("REDIS_URL", "localhost"),
    ],
)
def test_a_start_with_a_wrong_value_says_one_line_that_names_it(tmp_path, name, value):
    env = clean_env(THIRD_CHAIR_DATA=str(tmp_path), **{name: value})

    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"], env=env, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"{name} ")
