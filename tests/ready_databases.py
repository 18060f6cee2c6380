"""Databases with all tables in them, made once and copied by every test process and every house of a test.

Migrating takes seconds of processor time; a run starts some eighty processes that would each do it again. What a
migration does to a house with rows in it is tested in tests/houses, and a start from nothing in tests/faults.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.db.backends.sqlite3.creation import DatabaseCreation

from tests.surroundings import ROOT, clean_env

KEPT_IN = ROOT / ".pytest_cache"
FILES = {"default": "db.sqlite3", "keys": "keys.sqlite3"}
# What decides which tables there are, and what is in them from the beginning.
DECIDING = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "*/models.py",
    "*/*/models.py",
    "requirements-test.lock",
)


def _version() -> str:
    digest = hashlib.sha256((ROOT / "facilitator/append_only.py").read_bytes())
    for path in sorted(path for pattern in DECIDING for path in ROOT.glob(pattern)):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def folder() -> Path:
    """The folder that holds both files, made first where there is none for this version of the tables."""
    ready = KEPT_IN / f"ready-databases-{_version()}"
    if ready.exists():
        return ready

    KEPT_IN.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=KEPT_IN))
    for alias in FILES:
        migrate(alias, THIRD_CHAIR_DATA=str(draft))
    for name in FILES.values():
        _without_log(draft / name)
    for path in draft.iterdir():
        if path.name not in FILES.values():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    for old in KEPT_IN.glob("ready-databases-*"):
        if old != ready:
            shutil.rmtree(old, ignore_errors=True)
    try:
        draft.rename(ready)
    except OSError:
        # Another process was faster.
        shutil.rmtree(draft)
    return ready


def migrate(alias: str, **env: str) -> None:
    """Make the tables of one database of the house with this environment."""
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0", "--database", alias]
    subprocess.run(command, env=clean_env(**env), check=True, stdout=subprocess.DEVNULL)


def _without_log(file: Path) -> None:
    """All of it in one file: what stands in a write-ahead log would not be copied."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = DELETE")


def copy_to(data: Path) -> None:
    """The folder of a house that has its tables and nothing else."""
    data.mkdir(mode=0o700, parents=True)
    for name in FILES.values():
        shutil.copyfile(folder() / name, data / name)
        os.chmod(data / name, 0o600)
        # As the house itself keeps it.
        with closing(sqlite3.connect(data / name)) as database:
            database.execute("PRAGMA journal_mode = WAL")


def create_test_db(
    self: DatabaseCreation,
    verbosity: int = 1,
    autoclobber: bool = False,
    serialize: bool = True,
    keepdb: bool = False,
) -> str:
    """In place of Django's, which migrates: a database in memory with the tables copied into it."""
    name: str = self._get_test_db_name()
    self.connection.close()
    settings.DATABASES[self.connection.alias]["NAME"] = name
    self.connection.settings_dict["NAME"] = name
    self.connection.ensure_connection()

    with closing(sqlite3.connect(folder() / FILES[self.connection.alias])) as ready:
        ready.backup(self.connection.connection)
    return name


def use_them() -> None:
    """The test database of this process, from now on."""
    DatabaseCreation.create_test_db = create_test_db  # type: ignore[method-assign]
