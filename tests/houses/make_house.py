"""Makes the house of this version, once on SQLite and once on PostgreSQL: python -m tests.houses.make_house

Run it at the release. README.md here says what is in it.
"""

import json
import lzma
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.houses.kept import DUMPS, HERE, SQLITE, House, OnPostgreSQL, OnSQLite
from tests.services import ROOT, Postgres, postgres

# Newer programs write these, and older ones do not know them.
NOT_EVERY_PSQL = ("\\restrict ", "\\unrestrict ", "SET transaction_timeout")


def main() -> None:
    target = HERE / _first_two_numbers()
    target.mkdir()
    with tempfile.TemporaryDirectory() as name, postgres() as server:
        folder = Path(name)
        plain = OnSQLite(folder / "sqlite")
        plain.data.mkdir(mode=0o700)
        seen = {"sqlite": furnished(plain)}
        pack(plain.data, target / SQLITE)

        served = OnPostgreSQL(folder / "postgresql")
        served.data.mkdir(mode=0o700)
        shutil.copy(plain.data / "secrets.json", served.data)
        served.env |= {variable: server.database() for variable in DUMPS}
        seen["postgresql"] = furnished(served)
        for variable, file in DUMPS.items():
            squeeze(dump(server, served.env[variable]), target / file)

        squeeze(json.dumps(seen, sort_keys=True), target / "expected.json.xz")
    for path in sorted(target.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _first_two_numbers() -> str:
    """0.2 of 0.2.0: a repaired release has the house of the one it repairs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"]).rpartition(".")[0]


def furnished(house: House) -> dict[str, Any]:
    """What can be read in it, once it is full."""
    for alias in ("keys", "default"):
        manage(house, "migrate", "-v0", "--database", alias)
    worked = inside(house, "from tests.houses.furnish import furnish; furnish()").strip()
    seen = json.loads(inside(house, f"from tests.houses.look import look; look('{worked}')"))
    return {**seen, "worked": worked, "triggers": house.triggers()}


def inside(house: House, code: str) -> str:
    return manage(house, "shell", "-v0", "-c", code)


def manage(house: House, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=house.env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def pack(data: Path, file: Path) -> None:
    """Three files, whoever made them; the databases without their empty pages."""
    with tarfile.open(file, "w:xz", preset=9 | lzma.PRESET_EXTREME) as archive:
        for name in ("db.sqlite3", "keys.sqlite3", "secrets.json"):
            if name.endswith(".sqlite3"):
                with closing(sqlite3.connect(data / name)) as database:
                    database.execute("VACUUM")
            archive.add(data / name, name, filter=anonymous)


def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o600
    return entry


def dump(server: Postgres, url: str) -> str:
    options = ("--no-owner", "--no-privileges", "--no-comments")
    lines = server.run("pg_dump", *options, url.rpartition("/")[2]).splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(NOT_EVERY_PSQL))


def squeeze(text: str, file: Path) -> None:
    file.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
