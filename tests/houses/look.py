"""What can be read in a house, as one line of JSON. Run inside it by `manage.py shell`.

The project's modules are imported here and in furnish.py; the other files here speak SQL and commands.
"""

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connections, router

from facilitator import audit
from facilitator.crypto import EncryptedText, InstallationText, unwrap
from facilitator.models import Practice
from reports import documents
from reports.models import Document
from sessions.models import Session
from sessions.record import moment_rows
from tests.promised import promised_tables

WHY = "a house kept for a test is looked through"
OURS = ("facilitator", "clients", "rituals", "facilitation", "reports")
# Setting papers takes seconds, and nobody asks for these.
PAPERS_OF_A_REPLAY = "facilitator.management.commands.replay.documents.papers_of"


def look(worked: str = "") -> None:
    """Prints all of it as JSON. The figures of the worked session only where its id is given: a replay writes,
    which today's code may not do in a house of made-up columns.
    """
    found = {
        "rows": rows(),
        "values": values(),
        "papers": papers(),
        "chains": chains(),
        "append_only": sorted(promised_tables()),
        "doctor": doctor(),
        "figures": figures(worked) if worked else {},
    }
    print(json.dumps(found, sort_keys=True))


def models() -> Iterator[Any]:
    for label in OURS:
        yield from apps.get_app_config(label).get_models(include_auto_created=True)


def rows() -> dict[str, int]:
    """How many rows each of our tables holds."""
    counted = {}
    for model in models():
        table = model._meta.db_table
        with connections[router.db_for_read(model)].cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            counted[table] = cursor.fetchone()[0]
    return counted


def values() -> dict[str, dict[str, str]]:
    """The digest of every sealed value once opened, by column and row."""
    found = {}
    for model in models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedText | InstallationText):
                pks = all_of(model).values_list("pk", flat=True)
                column = f"{model._meta.db_table}.{field.column}"
                found[column] = {str(pk): opened(model, field.name, pk) for pk in pks}

    found["mfa_authenticator.data"] = {
        str(one.pk): digest(unwrap(one.data[name]))
        for one in Authenticator.objects.all()
        for name in ("secret", "seed")
        if name in one.data
    }
    return found


def all_of(model: Any) -> Any:
    return model.objects.unscoped(WHY) if hasattr(model, "guard") else model.objects.all()


def opened(model: Any, name: str, pk: Any) -> str:
    try:
        value = all_of(model).values_list(name, flat=True).get(pk=pk)
    except Exception as problem:
        return f"cannot be read: {problem!r}"
    return digest(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


def papers() -> dict[str, str]:
    """The digest of every paper that is ready; the open bytes are the PDF."""
    return {
        str(paper.pk): digest(documents.open_pdf(paper) or b"")
        for paper in Document.objects.unscoped(WHY).exclude(sealed="")
    }


def digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def chains() -> dict[str, dict[str, Any]]:
    """Where each chain ends, and what is wrong with it."""
    found = {}

    for practice in Practice.objects.all():
        last = practice.auditentry_set.latest("number")
        found[f"practice {practice.pk}"] = ends(last, audit.verify(practice.pk))

    for session in Session.objects.unscoped(WHY):
        last = session.moments.unscoped(WHY).order_by("number").last()
        found[f"session {session.pk}"] = ends(last, moment_rows.verify(session))

    return found


def ends(last: Any, wrong: list[str]) -> dict[str, Any]:
    return {"number": last and last.number, "hash": last and last.hash, "wrong": wrong}


def doctor() -> list[str]:
    said = io.StringIO()
    try:
        call_command("doctor", stdout=io.StringIO(), stderr=said)
    except CommandError:
        return said.getvalue().splitlines()
    return []


def figures(worked: str) -> dict[str, Any]:
    """Of the worked session, written to a file and replayed from it."""
    session = io.StringIO()
    replayed = io.StringIO()
    call_command("export_session", worked, stdout=session)

    with tempfile.TemporaryDirectory() as folder, patch(PAPERS_OF_A_REPLAY, return_value=[]):
        file = Path(folder) / "worked.jsonl"
        file.write_text(session.getvalue())
        call_command("replay", file, out=Path(folder), stdout=replayed, stderr=io.StringIO())

    return json.loads(replayed.getvalue())
