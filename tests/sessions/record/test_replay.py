"""Replay and export through the database: the desk's own verbs, one transaction, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from sessions.engine.figures import figures
from sessions.engine.session_file import load
from sessions.models import Line, Moment, Session
from sessions.record import import_export, moment_rows
from sessions.record.planning import plan_of
from tests import ready_databases
from tests.cast import House
from tests.services import ROOT, clean_env
from tests.sessions.engine.test_session_file_form import BAD
from tests.thorough import IS_THOROUGH

FILES = ROOT / "tests" / "session_files"
WORKED = FILES / "good" / "worked_session.jsonl"
FIGURES = json.loads((FILES / "good" / "worked_session_figures.json").read_text())
GOOD = sorted(path.name for path in (FILES / "good").glob("*.jsonl"))


def rows() -> dict[str, int]:
    """How many rows every table of both databases holds."""
    found = {}
    for alias in ("default", "keys"):
        with connections[alias].cursor() as cursor:
            tables = connections[alias].introspection.table_names(cursor)
            counts = ", ".join(f'(SELECT COUNT(*) FROM "{table}")' for table in tables)
            cursor.execute(f"SELECT {counts}")
            found |= {f"{alias}.{t}": n for t, n in zip(tables, cursor.fetchone(), strict=True)}
    return found


def brought_in(name: str) -> Session:
    file = load(FILES / "good" / name)
    couple, user = import_export.throw_away(file)
    return import_export.bring_in(file, couple=couple, facilitator=user)


@pytest.mark.both
@pytest.mark.django_db
def test_worked_session_replays_to_exactly_its_figures_with_five_papers(tmp_path: Path, capsys: Any) -> None:
    before = rows()

    call_command("replay", WORKED, out=tmp_path)

    assert json.loads((tmp_path / "figures.json").read_text()) == FIGURES
    assert json.loads(capsys.readouterr().out) == FIGURES
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "agreement-sheet.pdf",
        "facilitator-record.pdf",
        "figures.json",
        "joint-summary.pdf",
        "partner-a.pdf",
        "partner-b.pdf",
    ]
    assert rows() == before


# Each is refused before a row is written, so PostgreSQL sees a few of them and, in a thorough run, all.
BAD_ONES = [
    pytest.param(*bad, id=bad[0], marks=[pytest.mark.both] if IS_THOROUGH or place % 9 == 0 else [])
    for place, bad in enumerate(BAD)
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "line", "reason"), BAD_ONES)
def test_bad_file_is_named_at_its_line_and_leaves_nothing(
    name: str, line: int, reason: str, tmp_path: Path, capsys: Any
) -> None:
    before = rows()
    out = tmp_path / "out"
    path = FILES / "bad" / name

    with pytest.raises(SystemExit) as ended:
        call_command("replay", path, out=out)

    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"{path}:{line}: ")
    assert reason in said.err
    assert said.out == ""
    assert not out.exists()
    assert rows() == before


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("name", GOOD)
def test_export_replays_to_the_same_figures(name: str, tmp_path: Path) -> None:
    session = brought_in(name)
    found = figures(plan_of(session), moment_rows.read(session.pk)[0])

    copy = tmp_path / "copy.jsonl"
    copy.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in import_export.export(session))
    )
    file = load(copy)
    couple, user = import_export.throw_away(file)

    again = import_export.bring_in(file, couple=couple, facilitator=user)

    assert figures(plan_of(again), moment_rows.read(again.pk)[0]) == found
    assert list(import_export.export(again)) == list(import_export.export(session))


@pytest.mark.both
@pytest.mark.django_db
@pytest.mark.parametrize("name", GOOD)
def test_chain_of_a_session_is_whole_and_its_caches_equal_the_fold(name: str) -> None:
    session = brought_in(name)
    assert moment_rows.verify(session) == []
    assert session.state == "ended"
    assert session.head == Moment.objects.unscoped("test").filter(session=session).count()


@pytest.mark.django_db
def test_changed_words_are_found_although_the_moments_do_not_hold_them() -> None:
    session = brought_in("worked_session.jsonl")
    line = Line.objects.unscoped("test").filter(session=session, kind="statement").first()

    line.words = {**line.words, "text": "something else"}
    line.save(update_fields=["words"])

    assert moment_rows.verify(session) == [f"the words of entry {line.moment.number} were changed"]


@pytest.mark.django_db
def test_file_of_another_couple_brings_in_no_name_twice(fay: House) -> None:
    file = load(WORKED)
    session = import_export.bring_in(file, couple=fay.couple, facilitator=fay.facilitator)

    assert "Mara" not in json.dumps(session.plan)
    assert next(import_export.export(session))["partners"] == {"A": {"name": "Ana"}, "B": {"name": "Ben"}}


@pytest.mark.slow
def test_replay_killed_half_way_leaves_nothing(tmp_path: Path) -> None:
    env = clean_env(THIRD_CHAIR_DATA=str(tmp_path / "data"), THIRD_CHAIR_TESTING="1")
    manage = [sys.executable, str(ROOT / "manage.py")]
    ready_databases.copy_to(tmp_path / "data")
    count = [
        *manage,
        "shell",
        "-v0",
        "-c",
        "from tests.sessions.record.test_replay import rows; print(rows())",
    ]
    before = subprocess.run(count, env=env, check=True, capture_output=True, text=True).stdout

    command = [*manage, "replay", str(WORKED), "--out", str(tmp_path / "out")]
    # The write lock shows in the WAL: kill while the transaction is open, before anything was written out.
    running = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wal = tmp_path / "data" / "db.sqlite3-wal"
    while running.poll() is None and not (wal.exists() and _locked(tmp_path / "data" / "db.sqlite3")):
        pass
    os.kill(running.pid, signal.SIGKILL)
    running.wait()

    assert subprocess.run(count, env=env, check=True, capture_output=True, text=True).stdout == before
    assert not (tmp_path / "out").exists()


def _locked(path: Path) -> bool:
    import sqlite3

    connection = sqlite3.connect(path, timeout=0)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        return False
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
