"""Backup and restore: a copy of a house in use, and its return into an empty one. Each house is a folder of its own."""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facilitator.operations import backups
from tests import ready_databases, services

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)

SET_UP = """
import os
os.umask(0o077)
import django; django.setup()
from django.core.management import call_command
"""
FURNISH = """
from datetime import date
from facilitator.models import Practice
from clients.models import Couple, Partner
practice = Practice.objects.create(name="Fay's practice")
couple = Couple.objects.create(practice=practice, label="Ana and Ben", began_on=date(2026, 10, 1))
Partner.objects.bulk_create([Partner(couple=couple, slot=s, name=n) for s, n in (("A", "Ana"), ("B", "Ben"))])
"""
NAMES = """
from clients.models import Partner
print(*sorted(partner.name for partner in Partner.objects.unscoped("a test of backups")))
"""


class Folder:
    """A house's data folder, and commands run in it as ./run manage does."""

    def __init__(self, data: Path, **env: str) -> None:
        self.data = data
        self.env = services.clean_env(THIRD_CHAIR_DATA=str(data), THIRD_CHAIR_TESTING="1", **env)

    def furnish(self, code: str) -> None:
        """Make the tables, and in them what the code makes."""
        ready_databases.copy_to(self.data)
        made = self.python(code)
        assert made.returncode == 0, made.stderr

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", SET_UP + code]
        return subprocess.run(command, cwd=services.ROOT, env=self.env, capture_output=True, text=True)

    def manage(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *map(str, arguments)]
        return subprocess.run(command, cwd=services.ROOT, env=self.env, capture_output=True, text=True)

    def names(self) -> str:
        done = self.python(NAMES)
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Path:
    data = tmp_path_factory.mktemp("furnished") / "data"
    Folder(data).furnish(FURNISH)
    return data


@pytest.fixture
def house(furnished: Path, tmp_path: Path) -> Folder:
    shutil.copytree(furnished, tmp_path / "house")
    return Folder(tmp_path / "house")


@pytest.fixture
def copy(house: Folder, tmp_path: Path) -> Path:
    done = house.manage("backup", tmp_path / "copy.tar.gz")
    assert done.returncode == 0, done.stderr
    return tmp_path / "copy.tar.gz"


@pytest.fixture
def empty(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "empty")


def members(file: Path) -> list[str]:
    with tarfile.open(file) as archive:
        return archive.getnames()


def test_words_and_keys_go_into_two_private_files(copy: Path) -> None:
    keys = backups.keys_file(copy)

    assert members(copy) == ["manifest.json", "default.sqlite"]
    assert members(keys) == ["manifest.json", "keys.sqlite", "secrets.json"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600


def test_the_words_do_not_open_without_the_keys(copy: Path, tmp_path: Path) -> None:
    with tarfile.open(copy) as archive:
        words = archive.extractfile("default.sqlite").read()
    with tarfile.open(backups.keys_file(copy)) as archive:
        secrets = json.loads(archive.extractfile("secrets.json").read())

    assert b"Fay's practice" in words
    assert b"Ana" not in words
    assert b"Ben" not in words
    [field_key] = secrets["field_keys"]
    assert field_key.encode() not in words


def test_a_copy_and_its_keys_bring_everything_back_mute(copy: Path, empty: Folder) -> None:
    done = empty.manage("restore", copy, "--keys", backups.keys_file(copy))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Restored. It starts mute")
    assert empty.names() == "Ana Ben"
    assert (empty.data / "mute").exists()


@pytest.mark.slow
def test_unmute_lifts_it_once(empty: Folder) -> None:
    empty.data.mkdir(mode=0o700)
    (empty.data / "mute").write_text("restored")

    assert empty.manage("unmute").stdout == "Mail is sent again.\n"
    assert not (empty.data / "mute").exists()

    assert empty.manage("unmute").stdout == "It was not mute.\n"


@pytest.mark.slow
def test_without_its_keys_a_copy_says_nothing_about_anybody(copy: Path, empty: Folder) -> None:
    done = empty.manage("restore", copy)
    assert done.returncode == 0, done.stderr
    assert "Without the keys file" in done.stdout

    empty.python('call_command("migrate", database="keys", verbosity=0, skip_checks=True)')
    assert empty.names().startswith("facilitator.crypto.DecryptError")


def test_a_house_that_is_lived_in_is_not_overwritten(copy: Path, house: Folder) -> None:
    before = (house.data / "db.sqlite3").read_bytes()

    done = house.manage("restore", copy)

    assert done.returncode == 1
    assert "There is a house here already" in done.stderr
    assert (house.data / "db.sqlite3").read_bytes() == before
    assert not (house.data / "mute").exists()


@pytest.mark.slow
def test_a_backup_is_never_written_over_another(copy: Path, house: Folder) -> None:
    before = copy.read_bytes()

    done = house.manage("backup", copy)

    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert copy.read_bytes() == before


@pytest.mark.slow
def test_a_copy_is_taken_beside_an_open_write_and_does_not_hold_it(house: Folder, tmp_path: Path) -> None:
    writer = sqlite3.connect(house.data / "db.sqlite3", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE facilitator_practice SET name = 'half written'")

    done = house.manage("backup", tmp_path / "beside.tar.gz")

    writer.execute("COMMIT")
    writer.close()

    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "beside.tar.gz") as archive:
        assert b"half written" not in archive.extractfile("default.sqlite").read()


@pytest.mark.slow
def test_a_damaged_copy_is_refused_and_leaves_nothing(copy: Path, empty: Folder) -> None:
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])

    done = empty.manage("restore", copy)

    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert sorted(path.name for path in empty.data.iterdir()) == ["secrets.json"]


@pytest.mark.slow
def test_a_copy_whose_words_were_changed_is_refused(copy: Path, empty: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    folder.mkdir()
    with tarfile.open(copy) as archive:
        for name in archive.getnames():
            (folder / name).write_bytes(archive.extractfile(name).read())

    with sqlite3.connect(folder / "default.sqlite") as connection:
        connection.execute("UPDATE facilitator_practice SET name = 'Oli'")
    connection.close()
    with tarfile.open(copy, "w:gz") as archive:
        for name in ("manifest.json", "default.sqlite"):
            archive.add(folder / name, arcname=name)

    done = empty.manage("restore", copy)

    assert done.returncode == 1
    assert "main is not what was packed" in done.stderr


@pytest.mark.slow
def test_the_two_files_cannot_be_taken_for_each_other(copy: Path, empty: Folder) -> None:
    done = empty.manage("restore", backups.keys_file(copy))

    assert done.returncode == 1
    assert "is not the file for this" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nobody.tar.gz", "prose.tar.gz"])
def test_what_is_no_backup_is_refused(name: str, empty: Folder, tmp_path: Path) -> None:
    (tmp_path / "prose.tar.gz").write_text("Dear diary")

    done = empty.manage("restore", tmp_path / name)

    assert done.returncode == 1
    assert ("There is no file" in done.stderr) is (name == "nobody.tar.gz")


UPGRADE = """
from facilitator.management.commands.up import Command
Command().upgrade(with_backup=True)
"""


@pytest.mark.slow
def test_an_upgrade_copies_first_what_is_there(empty: Folder) -> None:
    begun = empty.python('call_command("migrate", "facilitator", "0001", verbosity=0, skip_checks=True)')
    assert begun.returncode == 0, begun.stderr

    done = empty.python(UPGRADE)
    assert done.returncode == 0, done.stderr

    [keys, words] = sorted((empty.data / "backups").iterdir(), key=lambda path: -len(path.name))
    assert done.stdout == f"Before the upgrade, a copy: {words}\n"
    assert keys == backups.keys_file(words)
    with tarfile.open(words) as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())
    assert manifest["migrations"]["facilitator"] == "0001_initial"


@pytest.mark.slow
def test_a_first_start_has_nothing_to_copy(empty: Folder) -> None:
    assert empty.python(UPGRADE).stdout == ""
    assert not (empty.data / "backups").exists()


@pytest.mark.slow
def test_a_start_without_changes_copies_nothing(house: Folder) -> None:
    assert house.python(UPGRADE).stdout == ""
    assert not (house.data / "backups").exists()


def test_keys_files_older_than_the_promise_are_destroyed(settings, tmp_path: Path) -> None:
    settings.DATA = tmp_path
    (tmp_path / "backups").mkdir()
    ages = {"old.tar.gz": 31, "old.tar.gz.keys": 31, "new.tar.gz.keys": 29}
    for name, days in ages.items():
        path = tmp_path / "backups" / name
        path.write_text("")
        instant = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (instant, instant))

    dropped = backups.drop_old_keys(now=NOW)

    assert dropped == [tmp_path / "backups" / "old.tar.gz.keys"]
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["new.tar.gz.keys", "old.tar.gz"]


@pytest.mark.slow
def test_backup_and_restore_on_postgresql(postgres: services.Postgres, tmp_path: Path) -> None:
    first = Folder(tmp_path / "first", **postgres.for_a_house())
    second = Folder(
        tmp_path / "second", DATABASE_URL=postgres.database(), KEYS_DATABASE_URL=postgres.database()
    )
    first.furnish(FURNISH)

    kept = first.manage("backup", tmp_path / "copy.tar.gz")
    assert kept.returncode == 0, kept.stderr

    put_back = second.manage("restore", tmp_path / "copy.tar.gz", "--keys", tmp_path / "copy.tar.gz.keys")
    assert put_back.returncode == 0, put_back.stderr
    assert second.names() == "Ana Ben"

    again = second.manage("restore", tmp_path / "copy.tar.gz")
    assert "There is a house here already" in again.stderr
