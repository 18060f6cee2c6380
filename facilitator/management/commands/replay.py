"""./run manage replay FILE --out DIR [--keep]: a session file through the desk's verbs, to figures and papers."""

import contextlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from reports import documents
from sessions.engine.figures import figures
from sessions.engine.session_file import BadLine, load
from sessions.record import import_export, moment_rows
from sessions.record.planning import plan_of


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

        median = statistics.median_high(line_ms or [0.0])
        self.stdout.write(json.dumps(figures_found))
        self.stderr.write(
            f"{len(line_ms)} lines, median {median:.2f} ms, slowest {max(line_ms, default=0.0):.1f} ms a line; "
            f"{time.perf_counter() - began:.2f} s in all"
        )


def _replayed(file: Path, *, keep: bool) -> tuple[dict[str, bytes], dict[str, Any], list[float]]:
    """File names and contents, figures, and milliseconds a line.

    One transaction on both databases; the papers are rendered after it, so that nobody waits for its lock.
    """
    line_ms: list[float] = []
    numbers: dict[str, Any] = {}
    papers: list[Any] = []
    with contextlib.suppress(_TakeBack), transaction.atomic(using="keys"), transaction.atomic():
        read = load(file)
        couple, facilitator = import_export.throw_away(read)
        session = import_export.bring_in(
            read, couple=couple, facilitator=facilitator, clock=lambda seconds: line_ms.append(seconds * 1000)
        )
        numbers = figures(plan_of(session), moment_rows.read(session.pk)[0])
        papers = documents.papers_of(session)
        if not keep:
            raise _TakeBack
    made = {paper.name: paper.render() for paper in papers}
    return {**made, "figures.json": (json.dumps(numbers, indent=1) + "\n").encode()}, numbers, line_ms


def _write(out: Path, made: dict[str, bytes]) -> None:
    """Each file appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        draft = out / f".{name}.part"
        draft.write_bytes(content)
        draft.replace(out / name)
