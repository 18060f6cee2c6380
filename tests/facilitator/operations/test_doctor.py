"""Each check of doctor refuses what it should and lets the rest pass; the last test runs them all on a sound house."""

import importlib.resources
import json
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.urls import reverse

from facilitator.models import MailSettings, Practice, User
from facilitator.operations import doctor
from tests import services

GOOD_KEY = "q7Wm2xR9vLzK4tYbN8sJ5hGdF3cPaE6uTiOoXwVnMkSjDfHgQeRyUb1ZlC0pAvBm"


def codes(check) -> list[str]:
    return [problem.code for problem in check()]


@pytest.fixture
def house(settings, tmp_path: Path):
    """A data folder as ./run makes it."""
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir(mode=0o700)
    secrets = settings.DATA / "secrets.json"
    secrets.write_text(json.dumps({"secret_key": GOOD_KEY}))
    secrets.chmod(0o600)

    settings.SECRET_KEY = GOOD_KEY
    settings.INDEX_KEY = "0123456789abcdef" * 4
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    return settings


@pytest.mark.parametrize("weak", ["short", "a" * 64, GOOD_KEY[:49]])
def test_a_weak_secret_key_is_refused(house, weak: str) -> None:
    house.SECRET_KEY = weak
    assert codes(doctor.keys) == ["weak_key"]


def test_a_weak_index_key_is_refused(house) -> None:
    house.INDEX_KEY = "00"
    assert codes(doctor.keys) == ["weak_key"]


@pytest.mark.parametrize("unusable", [[], ["not a key"]])
def test_missing_or_broken_field_keys_are_refused(house, unusable: list[str]) -> None:
    house.FIELD_KEYS = unusable
    assert codes(doctor.keys) == ["field_keys"]


def test_keys_as_they_are_made_pass(house) -> None:
    assert codes(doctor.keys) == []


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_data_folder_open_to_others_is_refused(house, mode: int) -> None:
    house.DATA.chmod(mode)
    lines = [problem.line for problem in doctor.data_folder()]
    assert lines == [f"Others can read {house.DATA}: chmod 700 {house.DATA}"]


def test_secrets_open_to_others_are_refused(house) -> None:
    (house.DATA / "secrets.json").chmod(0o640)
    assert codes(doctor.data_folder) == ["secrets_open"]


def test_a_private_data_folder_passes(house) -> None:
    assert codes(doctor.data_folder) == []


@pytest.fixture
def zone_path() -> Iterator:
    yield lambda *folders: zoneinfo.reset_tzpath(to=[str(folder) for folder in folders])
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()


def test_zone_data_of_the_system_is_refused(zone_path, tmp_path: Path) -> None:
    zone_path(tmp_path)
    assert codes(doctor.zones) == ["zone_path"]


def test_stale_zone_data_is_refused_by_what_it_says(zone_path, tmp_path: Path) -> None:
    """Los Angeles still puts its clocks back, as Vancouver did in data older than 2026."""
    (tmp_path / "America").mkdir()
    older = importlib.resources.files("tzdata.zoneinfo.America").joinpath("Los_Angeles").read_bytes()
    (tmp_path / "America" / "Vancouver").write_bytes(older)

    zone_path(tmp_path)
    assert codes(doctor.zones) == ["zone_path", "zone_stale"]


def test_zone_data_below_the_floor_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "TZDATA_FLOOR", (2999, 1))
    assert codes(doctor.zones) == ["zone_age"]


def test_current_zone_data_passes() -> None:
    assert codes(doctor.zones) == []


@pytest.mark.services
def test_a_redis_that_evicts_is_refused(settings) -> None:
    with services.redis("--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru") as url:
        settings.REDIS_URL = url
        [problem] = doctor.broker()

    assert problem.code == "redis_evicts"
    assert "redis-cli config set maxmemory-policy noeviction" in problem.line


def test_a_redis_that_does_not_answer_is_refused_without_its_password(settings) -> None:
    port = services.free_port()
    settings.REDIS_URL = f"redis://:hush@127.0.0.1:{port}/0"
    assert [problem.line for problem in doctor.broker()] == [
        f"Redis at 127.0.0.1:{port} does not answer: start it, or unset REDIS_URL."
    ]


def test_a_redis_that_keeps_what_it_has_passes(settings, redis_url: str) -> None:
    settings.REDIS_URL = redis_url
    assert codes(doctor.broker) == []


def test_no_redis_at_all_passes(settings) -> None:
    settings.REDIS_URL = ""
    assert codes(doctor.broker) == []


@pytest.mark.parametrize("absent", ["libpango-of-nobody.so.0", "libharfbuzz-subset-of-nobody.so.0"])
def test_a_missing_pdf_library_is_refused_by_name(monkeypatch, absent: str) -> None:
    monkeypatch.setattr(doctor, "LIBRARIES", {platform: [absent] for platform in doctor.LIBRARIES})
    [problem] = doctor.libraries()
    assert problem.code == "pdf_libraries"
    assert problem.line.startswith(f"{absent} missing")


def test_the_pdf_libraries_of_this_machine_pass() -> None:
    assert codes(doctor.libraries) == []


def test_an_old_django_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "DJANGO_FLOOR", (99, 0, 0))
    assert codes(doctor.versions) == ["django_age"]


def test_an_old_weasyprint_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "WEASYPRINT_FLOOR", (999,))
    assert codes(doctor.versions) == ["weasyprint_age"]


def test_the_locked_versions_pass() -> None:
    assert codes(doctor.versions) == []


@pytest.mark.parametrize(
    ("version", "numbers"), [("70.0", (70, 0)), ("69.3rc1", (69, 3)), ("2026.6", (2026, 6)), ("x", ())]
)
def test_a_version_is_read_as_numbers(version: str, numbers: tuple[int, ...]) -> None:
    assert doctor.release(version) == numbers


def test_debug_is_refused(settings) -> None:
    settings.DEBUG = True
    assert codes(doctor.switches) == ["debug"]


def test_a_moved_clock_is_refused_outside_tests(settings) -> None:
    settings.TEST_CLOCK = "offset"
    settings.TESTING = False

    assert codes(doctor.switches) == ["test_clock"]


def test_a_moved_clock_passes_in_tests(settings) -> None:
    settings.TEST_CLOCK = "offset"
    settings.TESTING = True

    assert codes(doctor.switches) == []


@pytest.fixture
def post(db):
    practice = Practice.objects.create(name="Fay's practice")

    def over(host: str, security: str) -> MailSettings:
        return MailSettings.objects.create(
            practice=practice, host=host, port=587, security=security, from_address="fay@house.example"
        )

    return over


@pytest.mark.both
def test_mail_in_clear_text_to_another_machine_is_refused(post) -> None:
    post("mail.house.example", "none")
    assert [problem.line for problem in doctor.mail()] == [
        "Mail to mail.house.example:587 would travel unprotected: choose STARTTLS or TLS on the mail page."
    ]


@pytest.mark.both
@pytest.mark.parametrize(
    ("host", "security"),
    [
        ("127.0.0.1", "none"),
        ("localhost", "none"),
        ("mail.house.example", "tls"),
        ("mail.house.example", "starttls"),
    ],
)
def test_mail_that_is_protected_or_stays_here_passes(post, host: str, security: str) -> None:
    post(host, security)
    assert codes(doctor.mail) == []


def facilitator(practice: Practice, name: str, *factors: str, **facts) -> None:
    user = User.objects.create_user(
        f"{name}@house.example", "a long warm password", practice=practice, is_facilitator=True, **facts
    )
    for factor in factors:
        Authenticator.objects.create(user=user, type=factor, data={})


@pytest.fixture
def practice(db):
    return Practice.objects.create(name="Fay's practice")


@pytest.mark.both
@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.7"])
def test_beyond_the_machine_a_password_alone_is_refused(practice, listen: str) -> None:
    facilitator(practice, "fay", "totp")
    facilitator(practice, "oli")
    facilitator(practice, "gil", "recovery_codes")

    assert [problem.line for problem in doctor.second_factor(listen)] == [
        "2 facilitators have no second step to sign in: start without --listen, set it up at /settings/sign-in/,"
        " then listen."
    ]
    assert reverse("mfa_index") == doctor.SECOND_STEP


@pytest.mark.both
@pytest.mark.parametrize(
    ("listen", "factors", "facts"),
    [
        ("127.0.0.1", (), {}),
        ("::1", (), {}),
        ("localhost", (), {}),
        ("0.0.0.0", ("totp",), {}),
        ("0.0.0.0", (), {"is_active": False}),
    ],
    ids=["here", "here, version 6", "here by name", "with a second step", "an account that is closed"],
)
def test_on_the_machine_or_with_a_second_step_it_passes(practice, listen, factors, facts) -> None:
    facilitator(practice, "fay", *factors, **facts)
    assert list(doctor.second_factor(listen)) == []


def test_a_house_with_nobody_in_it_may_be_begun_from_elsewhere(practice) -> None:
    assert list(doctor.second_factor("0.0.0.0")) == []


@pytest.mark.parametrize(("where", "codes"), [("", ["second_factor"]), ("127.0.0.1", [])])
def test_the_address_of_the_start_counts_before_that_of_the_settings(house, practice, where, codes) -> None:
    house.LISTEN = "0.0.0.0"
    facilitator(practice, "fay")
    assert [problem.code for problem in doctor.checks(listen=where)] == codes


def test_the_command_says_each_line_and_fails(house, db, capsys) -> None:
    house.DEBUG = True
    house.SECRET_KEY = "short"

    with pytest.raises(CommandError, match="2 to mend") as refused:
        call_command("doctor")

    assert refused.value.returncode == 1
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["weak_key", "debug"]


def test_a_sound_house_passes_the_whole_round(house, db, capsys) -> None:
    call_command("doctor")
    assert capsys.readouterr().out == "All is well.\n"
