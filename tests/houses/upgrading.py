"""A process that upgrades a house as `up` does, and can be killed at any statement of it.

It reads a deed a line and answers with a line, both JSON. Each deed is done by a fork, so that Django is loaded
once; SIGKILL takes the fork as it would take `up`.
"""

import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import django
from django.core.management import CommandError
from django.db import connections
from django.db.migrations.loader import MigrationLoader


def main() -> None:
    django.setup()
    # What every fork needs is loaded before the first.
    MigrationLoader(None)
    from facilitator.management.commands import up  # noqa: F401
    from tests.houses import look  # noqa: F401

    for line in sys.stdin:
        print(json.dumps(in_a_fork(json.loads(line))), flush=True)


def in_a_fork(asked: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as answer:
            json.dump(answer_to(**asked), answer)
        os._exit(0)

    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status) == signal.SIGKILL}
    return {"killed": False, **json.loads(said)}


def answer_to(do: str, **facts: Any) -> dict[str, Any]:
    try:
        return DEEDS[do](**facts)
    except Exception:
        return {"failed": traceback.format_exc()}


def upgrade(*, with_backup: bool, kill_before: int = 0) -> dict[str, Any]:
    """The statements it took; the process is killed before one of them, counted from 1, if so asked."""
    from facilitator.management.commands.up import Command

    statements: list[str] = []
    said = io.StringIO()

    def now(statement: str) -> None:
        statements.append(statement)
        if len(statements) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    for alias in ("keys", "default"):
        watch(connections[alias], now)
    try:
        Command(stdout=said, stderr=said).upgrade(with_backup=with_backup)
    except CommandError as refused:
        return {"refused": f"{said.getvalue()}{refused}", "statements": statements}
    return {"said": said.getvalue(), "statements": statements}


def watch(connection: Any, now: Callable[[str], None]) -> None:
    def execute(run: Any, statement: str, *rest: Any) -> Any:
        now(statement)
        return run(statement, *rest)

    def commit() -> None:
        now("COMMIT")
        whole()

    whole = connection._commit
    connection._commit = commit
    connection.execute_wrappers.append(execute)


def look(*, worked: str) -> dict[str, Any]:
    from tests.houses.look import look as look_through

    seen = io.StringIO()
    with redirect_stdout(seen):
        look_through(worked)
    return {"seen": json.loads(seen.getvalue())}


DEEDS = {"upgrade": upgrade, "look": look}

if __name__ == "__main__":
    main()
