"""A forgotten password, from the machine's own console."""

import getpass
import sys

import pytest
from django.core.management import CommandError, call_command

from facilitator.models import AuditEntry, Practice, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def fay():
    practice = Practice.objects.create(name="Fay's practice")
    return User.objects.create_user(
        "fay@house.example", "the old one", practice=practice, is_facilitator=True
    )


@pytest.fixture
def typed(monkeypatch):
    """What somebody at a terminal types, line by line."""

    def types(*lines: str) -> None:
        waiting = iter(lines)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: next(waiting))

    return types


def test_a_new_password_is_made_and_printed(fay, capsys) -> None:
    call_command("reset_password", "Fay@House.example", "--generate")

    password = capsys.readouterr().out.removeprefix("New password: ").strip()
    fay.refresh_from_db()
    assert fay.check_password(password)
    assert not fay.check_password("the old one")


def test_a_reset_is_written_to_the_audit_log(fay) -> None:
    call_command("reset_password", "fay@house.example", "--generate")

    written = AuditEntry.objects.values_list("actor", "action", "subject")
    assert list(written) == [("system:console", "password reset", f"user:{fay.pk}")]


def test_a_typed_password_is_asked_for_twice_and_not_printed(fay, typed, capsys) -> None:
    typed("a long walk by the river", "a long walk by the river")

    call_command("reset_password", "fay@house.example")

    fay.refresh_from_db()
    assert fay.check_password("a long walk by the river")
    assert "river" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "said"), [(("one", "another"), "The two differ"), (("short", "short"), "too short")]
)
def test_passwords_that_differ_or_are_short_change_nothing(fay, typed, lines, said: str) -> None:
    typed(*lines)

    with pytest.raises(CommandError, match=said):
        call_command("reset_password", "fay@house.example")

    fay.refresh_from_db()
    assert fay.check_password("the old one")
    assert AuditEntry.objects.count() == 0


def test_an_unknown_address_is_refused(fay) -> None:
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("reset_password", "oli@house.example", "--generate")
