"""./run manage replay FILE --out DIR [--keep]: a session file through the desk's verbs, to figures and papers."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from reports import documents
from sessions import log, transfer
from sessions.figures import figures
from sessions.models import Session
from sessions.plans import plan_of
from sessions.session_file import BadLine, load


class _TakeBack(Exception):
    """Ends the transaction; nothing of the throw-away couple stays."""


class Command(BaseCommand):
    help = "Replay a session file: figures.json and the papers into DIR. Nothing is kept without --keep."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--keep", action="store_true")

    def handle(self, *args: Any, file: Path, out: Path, keep: bool, **options: Any) -> None:
        began = time.perf_counter()
        try:
            made, figures_found, line_ms = _replayed(file, keep=keep)
        except BadLine as bad:
            sys.stderr.write(f"{file}:{bad.line_number}: {bad.reason}\n")
            sys.exit(2)
        except OSError as problem:
            sys.stderr.write(f"{file}: {problem.strerror}\n")
            sys.exit(2)
        _write(out, made)
        line_ms.sort()
        median = line_ms[len(line_ms) // 2] if line_ms else 0.0
        self.stdout.write(json.dumps(figures_found))
        self.stderr.write(
            f"{len(line_ms)} lines, median {median:.2f} ms, slowest {max(line_ms, default=0.0):.1f} ms a line; "
            f"{time.perf_counter() - began:.2f} s in all"
        )


def _replayed(file: Path, *, keep: bool) -> tuple[dict[str, bytes], dict[str, Any], list[float]]:
    """File names and contents, figures, and milliseconds a line. One transaction on both databases."""
    line_ms: list[float] = []
    made: dict[str, bytes] = {}
    numbers: dict[str, Any] = {}
    try:
        with transaction.atomic(using="keys"), transaction.atomic():
            read = load(file)
            couple, facilitator = transfer.throw_away(read)
            session = transfer.bring_in(read, couple=couple, facilitator=facilitator, clock=_timing(line_ms))
            numbers = figures(plan_of(session), log.read(session.pk)[0])
            made = _papers(session)
            if not keep:
                raise _TakeBack
    except _TakeBack:
        pass
    return {**made, "figures.json": (json.dumps(numbers, indent=1) + "\n").encode()}, numbers, line_ms


def _timing(line_ms: list[float]) -> Callable[[float], None]:
    return lambda seconds: line_ms.append(seconds * 1000)


def _papers(session: Session) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        return {path.name: path.read_bytes() for path in documents.write_all(session, Path(folder))}


def _write(out: Path, made: dict[str, bytes]) -> None:
    """Each file appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        draft = out / f".{name}.part"
        draft.write_bytes(content)
        draft.replace(out / name)
