"""A copy of a kept house to try something on: its folder, its environment, and SQL on its database."""

import json
import lzma
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.services import ROOT, Postgres, clean_env

HERE = Path(__file__).parent
VERSIONS = sorted(path.parent.name for path in HERE.glob("*/expected.json.xz"))
DATABASES = ("sqlite", "postgresql")
SQLITE = "sqlite.tar.xz"
# What is kept of each of the two databases on PostgreSQL, under the variable that names it.
DUMPS = {"DATABASE_URL": "postgresql.words.sql.xz", "KEYS_DATABASE_URL": "postgresql.keys.sql.xz"}


def expected(version: str, database: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lzma.decompress((HERE / version / "expected.json.xz").read_bytes()))
    return found[database]


@dataclass
class House:
    data: Path
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.env = clean_env(THIRD_CHAIR_DATA=str(self.data))

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection to the words; what is done on it is taken back."""
        with closing(self.connect()) as database:
            yield database
            database.rollback()

    def connect(self) -> Any:
        raise NotImplementedError

    def refusal(self, *statements: str, commit: bool = False) -> str:
        """What the database says to these; nothing, when it lets them through."""
        with self.connected() as database:
            try:
                for statement in statements:
                    database.execute(statement)
                if commit:
                    database.commit()
            except (sqlite3.Error, psycopg.Error) as refused:
                return str(refused)
        return ""

    def count(self, table: str) -> int:
        with self.connected() as database:
            [number] = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        return int(number)

    def triggers(self) -> list[str]:
        """Those at work, each as table and name."""
        with self.connected() as database:
            return sorted(f"{table} {name}" for table, name in database.execute(self.TRIGGERS).fetchall())


class OnSQLite(House):
    TRIGGERS = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"

    def connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.data / "db.sqlite3")
        database.execute("PRAGMA foreign_keys = ON")
        return database


class OnPostgreSQL(House):
    TRIGGERS = (
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.env["DATABASE_URL"])


@dataclass
class Kept:
    """A house as it was kept. `fresh()` is a copy of it, as it was on the day of its release."""

    version: str
    folder: Path
    server: Postgres | None = None
    made: House = field(init=False)

    def __post_init__(self) -> None:
        self.original = self.folder / "original"
        with tarfile.open(HERE / self.version / SQLITE) as archive:
            archive.extractall(self.original, filter="data")

        kind = OnPostgreSQL if self.server else OnSQLite
        self.made = kind(self.folder / "data")
        if self.server:
            self._load(self.server)

    def _load(self, server: Postgres) -> None:
        """Each dump into a database of its own, of which the copies are made."""
        for path in self.original.glob("*.sqlite3"):
            path.unlink()

        for variable, name in DUMPS.items():
            script = self.folder / name.removesuffix(".xz")
            script.write_bytes(lzma.decompress((HERE / self.version / name).read_bytes()))
            original = server.database().rpartition("/")[2]
            server.run("psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", original, "-f", str(script))
            self.made.env[variable] = server.url(f"{original}_copy")

    def fresh(self) -> House:
        shutil.rmtree(self.made.data, ignore_errors=True)
        shutil.copytree(self.original, self.made.data)
        self.made.data.chmod(0o700)
        if self.server:
            self._copy_databases(self.server)
        return self.made

    def _copy_databases(self, server: Postgres) -> None:
        statements = []
        for variable in DUMPS:
            copy = self.made.env[variable].rpartition("/")[2]
            # A process killed a moment ago may still be connected for the server.
            statements += ["-c", f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)"]
            statements += ["-c", f"CREATE DATABASE {copy} TEMPLATE {copy.removesuffix('_copy')}"]
        server.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", *statements)


@dataclass
class Upgrader:
    """upgrading.py as a process of its own."""

    process: subprocess.Popen[str]

    def upgrade(self, *, with_backup: bool = False, kill_before: int = 0) -> dict[str, Any]:
        return self._ask("upgrade", with_backup=with_backup, kill_before=kill_before)

    def look(self, worked: str = "") -> dict[str, Any]:
        seen: dict[str, Any] = self._ask("look", worked=worked)["seen"]
        return seen

    def _ask(self, do: str, **facts: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"do": do, **facts}), file=self.process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "failed" not in answer, answer["failed"]
        return answer


@contextmanager
def upgrader(house: House, **env: str) -> Iterator[Upgrader]:
    command = [sys.executable, "-m", "tests.houses.upgrading"]

    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**house.env, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Upgrader(process)
