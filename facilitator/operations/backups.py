"""Copies of a running house, and their return: the words in one file, the keys that open them in another.

Without its keys file a backup is unreadable where it matters. That is the point: destroy the keys files older
than 30 days, and what a person had erased is gone from every backup too.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder

from facilitator.version import version

FORMAT = 1
KEYS_KEPT = timedelta(days=30)
MANIFEST = "manifest.json"
SECRETS = "secrets.json"


class BackupRefused(Exception):
    """It cannot be done, in words for whoever runs the command."""


def keys_file(file: Path) -> Path:
    return file.with_name(f"{file.name}.keys")


def make(file: Path, *, now: datetime) -> list[Path]:
    """An online copy: nobody has to stop working. The two files written."""
    for path in (file, keys_file(file)):
        if path.exists():
            raise BackupRefused(f"{path} is there already; choose another name.")
    if not file.parent.is_dir():
        raise BackupRefused(f"There is no folder {file.parent}.")

    with _scratch(file.parent) as scratch:
        main = {"main": _copy(DEFAULT_DB_ALIAS, scratch)}
        _pack(file, main, now=now)

        # After the words, so that no word in the copy lacks its key.
        keys = {"keys": _copy("keys", scratch), SECRETS: settings.DATA / SECRETS}
        _pack(keys_file(file), keys, now=now)

    return [file, keys_file(file)]


def before_upgrade(*, now: datetime) -> Path:
    """The copy made before a migration touches anything."""
    folder = settings.DATA / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"before-upgrade-{now:%Y%m%d-%H%M%S}.tar.gz"
    make(file, now=now)
    return file


def drop_old_keys(*, now: datetime) -> list[Path]:
    """Keys files in the house's own backups folder that have outlived the promise made with an erasure."""
    kept_since = (now - KEYS_KEPT).timestamp()
    files = sorted((settings.DATA / "backups").glob("*.keys"))
    old = [path for path in files if path.stat().st_mtime < kept_since]

    for path in old:
        path.unlink()
    return old


def restore(file: Path, *, keys: Path | None, now: datetime) -> list[str]:
    """Into an empty house, which then stays mute until `unmute`. Lines about what there is to know."""
    _must_be_empty()
    for path in filter(None, (file, keys)):
        if not path.is_file():
            raise BackupRefused(f"There is no file {path}.")

    with _scratch(settings.DATA) as scratch:
        words = _unpack(file, scratch, wanted="main")
        opened: dict[str, Path] = {}
        if keys:
            opened = _unpack(keys, scratch, wanted="keys")

        # First of all: whatever goes wrong later, this house writes to nobody.
        settings.MUTE_FILE.write_text(f"restored at {now.isoformat()}\n")
        _put_back(DEFAULT_DB_ALIAS, words["main"])
        if keys:
            _put_back("keys", opened["keys"])
        if SECRETS in opened:
            opened[SECRETS].chmod(0o600)
            os.replace(opened[SECRETS], settings.DATA / SECRETS)

    said = ["Restored. It starts mute: no mail is sent until you run ./run manage unmute."]
    if not keys:
        said.append("Without the keys file, names and private words in it cannot be read.")
    return said


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """On the same file system as its neighbours, so that moving a finished file is one step."""
    with tempfile.TemporaryDirectory(prefix=".third-chair-", dir=beside) as name:
        yield Path(name)


def _engine(alias: str) -> str:
    return connections[alias].vendor


def _copy(alias: str, folder: Path) -> Path:
    target = folder / f"{alias}.{_engine(alias)}"
    if _engine(alias) == "sqlite":
        with sqlite3.connect(_sqlite_uri(alias, "ro"), uri=True) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
        source.close()

        # A file of its own, without a journal beside it that could be forgotten.
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.close()
    else:
        _postgres(alias, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    return target


def _sqlite_uri(alias: str, mode: str) -> str:
    name = str(connections[alias].settings_dict["NAME"])
    if name.startswith("file:"):
        return name
    return f"{Path(name).resolve().as_uri()}?mode={mode}"


def _put_back(alias: str, member: Path) -> None:
    if member.suffix.removeprefix(".") != _engine(alias):
        kind = member.suffix.removeprefix(".")
        raise BackupRefused(f"The copy is of a {kind} database, and this house runs on {_engine(alias)}.")

    if _engine(alias) != "sqlite":
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        _postgres(alias, "pg_restore", *options, "--dbname", _names(alias)["PGDATABASE"], str(member))
        return

    with sqlite3.connect(member) as copy:
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
    copy.close()
    if verdict != "ok":
        raise BackupRefused(f"The copy is damaged: {verdict}")

    member.chmod(0o600)
    connections[alias].close()
    target = Path(connections[alias].settings_dict["NAME"])
    for left in (target.with_name(f"{target.name}-wal"), target.with_name(f"{target.name}-shm")):
        left.unlink(missing_ok=True)
    os.replace(member, target)


def _names(alias: str) -> dict[str, str]:
    """Through the environment, because a command line can be read by every account on the machine."""
    facts = connections[alias].settings_dict
    pairs = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    return {name: str(facts[key]) for name, key in pairs.items() if facts.get(key)}


def _postgres(alias: str, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if not found:
        raise BackupRefused(f"{program} is not installed: apt-get install postgresql-client")
    done = subprocess.run(
        [found, *arguments], env={**os.environ, **_names(alias)}, capture_output=True, text=True
    )
    if done.returncode:
        raise BackupRefused(f"{program} could not finish: {done.stderr.strip()}")


def _migrations(alias: str) -> dict[str, str]:
    """The newest applied migration of each app, to tell an old copy from a new one."""
    return dict(sorted(MigrationRecorder(connections[alias]).applied_migrations()))


def _pack(file: Path, members: Mapping[str, Path], *, now: datetime) -> None:
    """Written beside its place, complete and on disk, then named: there is never half a backup."""
    alias = DEFAULT_DB_ALIAS
    if "keys" in members:
        alias = "keys"

    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": version(),
        "made_at": now.isoformat(),
        "migrations": _migrations(alias),
        "members": {name: {"file": path.name, "sha256": _digest(path)} for name, path in members.items()},
    }

    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as archive:
                _add_text(archive, MANIFEST, json.dumps(manifest, indent=1))
                for path in members.values():
                    archive.add(path, arcname=path.name)

            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(text.encode()), 0o600
    archive.addfile(entry, io.BytesIO(text.encode()))


def _unpack(file: Path, folder: Path, *, wanted: str) -> dict[str, Path]:
    """The members the manifest names, each with the digest it was packed with; nothing else is taken out."""
    try:
        with tarfile.open(file) as archive:
            manifest = json.loads(_member(archive, MANIFEST).read())
            if manifest["format"] != FORMAT or wanted not in manifest["members"]:
                raise BackupRefused(
                    f"{file} is not the file for this; it holds {', '.join(manifest['members'])}."
                )

            out = {}
            for name, facts in manifest["members"].items():
                path = folder / Path(facts["file"]).name
                with path.open("wb") as target:
                    shutil.copyfileobj(_member(archive, facts["file"]), target)
                if _digest(path) != facts["sha256"]:
                    raise BackupRefused(f"{file} is damaged: {name} is not what was packed.")
                out[name] = path

            return out
    except (tarfile.TarError, EOFError, OSError, KeyError, ValueError) as broken:
        raise BackupRefused(f"{file} is not a backup of Third Chair, or is damaged.") from broken


def _member(archive: tarfile.TarFile, name: str) -> Any:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _must_be_empty() -> None:
    for alias in (DEFAULT_DB_ALIAS, "keys"):
        connection = connections[alias]
        if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
            continue
        if connection.introspection.table_names():
            raise BackupRefused(
                "There is a house here already. Restore into an empty folder: ./run --data DIR …"
            )
