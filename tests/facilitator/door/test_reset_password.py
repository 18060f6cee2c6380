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


def test_one_is_made_and_printed(fay, capsys) -> None:
    call_command("reset_password", "Fay@House.example", "--generate")
    password = capsys.readouterr().out.removeprefix("New password: ").strip()
    fay.refresh_from_db()
    assert fay.check_password(password)
    assert not fay.check_password("the old one")


def test_it_is_written_down_that_it_happened(fay) -> None:
    call_command("reset_password", "fay@house.example", "--generate")
    written = AuditEntry.objects.values_list("actor", "action", "subject")
    assert list(written) == [("system:console", "password reset", f"user:{fay.pk}")]


def test_one_is_asked_for_twice(fay, typed, capsys) -> None:
    typed("a long walk by the river", "a long walk by the river")
    call_command("reset_password", "fay@house.example")
    fay.refresh_from_db()
    assert fay.check_password("a long walk by the river")
    assert "river" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lines", "said"), [(("one", "another"), "The two differ"), (("short", "short"), "too short")]
)
def test_what_will_not_do_changes_nothing(fay, typed, lines, said: str) -> None:
    typed(*lines)
    with pytest.raises(CommandError, match=said):
        call_command("reset_password", "fay@house.example")
    fay.refresh_from_db()
    assert fay.check_password("the old one")
    assert AuditEntry.objects.count() == 0


def test_nobody_is_made_up(fay) -> None:
    with pytest.raises(CommandError, match="Nobody here"):
        call_command("reset_password", "oli@house.example", "--generate")
