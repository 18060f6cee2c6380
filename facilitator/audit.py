"""Append-only, hash-chained log of who read or changed what. It holds no content, only who, what and when."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from facilitator.models import AuditEntry, Practice
from facilitator.now import now

QUARTER_S = 900
BEGINNING = "0" * 64


def digest(entry: AuditEntry) -> str:
    facts = [
        entry.prev_hash,
        str(entry.practice_id),
        entry.number,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.quarter,
    ]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def record(
    *,
    practice: Practice | UUID,
    actor: str,
    action: str,
    subject: str = "",
    at: datetime | None = None,
    quarter: int | None = None,
) -> AuditEntry:
    """Write one entry, in the caller's transaction if there is one."""
    practice_id = practice.pk if isinstance(practice, Practice) else practice
    with transaction.atomic():
        # The practice row is the lock of its chain.
        Practice.objects.select_for_update().filter(pk=practice_id).exists()
        last = AuditEntry.objects.filter(practice_id=practice_id).order_by("-number").first()
        entry = AuditEntry(
            practice_id=practice_id,
            number=last.number + 1 if last else 1,
            at=at or now(),
            actor=actor,
            action=action,
            subject=subject,
            quarter=quarter,
            prev_hash=last.hash if last else BEGINNING,
        )
        entry.hash = digest(entry)
        entry.save(force_insert=True)
    return entry


def saw(request: HttpRequest, *, practice: UUID, actor: str, subject: str) -> None:
    """Note a read by anyone but the author; written once per quarter hour, after the response."""
    noted: list[tuple[UUID, str, str]] = getattr(request, "_reads", [])
    request._reads = [*noted, (practice, actor, subject)]  # type: ignore[attr-defined]


def write_reads(reads: list[tuple[UUID, str, str]], *, at: datetime) -> None:
    quarter = int(at.timestamp()) // QUARTER_S
    for practice, actor, subject in dict.fromkeys(reads):
        known = AuditEntry.objects.filter(
            practice_id=practice, actor=actor, action="read", subject=subject, quarter=quarter
        )
        if known.exists():
            continue
        try:
            record(practice=practice, actor=actor, action="read", subject=subject, at=at, quarter=quarter)
        except IntegrityError:
            continue  # Another process wrote the same quarter hour first.


class ReadsMiddleware:
    """Writes the noted reads when the response is made; an error page was not a read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        reads = getattr(request, "_reads", [])
        if reads and response.status_code < 400:
            write_reads(reads, at=now())
        return response


def verify(practice: UUID) -> list[str]:
    """What is wrong with a practice's chain, a line each; empty when whole."""
    wrong: list[str] = []
    prev, expected = BEGINNING, 1
    for entry in AuditEntry.objects.filter(practice_id=practice).order_by("number").iterator():
        if entry.number != expected or entry.prev_hash != prev or entry.hash != digest(entry):
            wrong.append(f"entry {entry.number} does not follow")
        prev, expected = entry.hash, entry.number + 1
    return wrong


def actor_of(user: Any) -> str:
    return f"user:{user.pk}"
