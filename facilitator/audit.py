"""Append-only, hash-chained log of who read or changed what. It holds no content, only who, what and when."""

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from facilitator.models import AuditEntry, AuditHead, Practice
from facilitator.now import now

QUARTER_S = 900
BEGINNING = "0" * 64


def digest(entry: AuditEntry) -> str:
    """Keyed, so that whoever can write the database cannot also write a chain that holds."""
    facts = [
        entry.prev_hash,
        str(entry.practice_id),
        entry.number,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor,
        entry.action,
        entry.subject,
        entry.quarter,
    ]
    text = json.dumps(facts, separators=(",", ":")).encode()

    return hmac.new(settings.INDEX_KEY.encode(), b"audit|" + text, hashlib.sha256).hexdigest()


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
    practice_id = practice
    if isinstance(practice, Practice):
        practice_id = practice.pk

    with transaction.atomic():
        # The lock of this practice's chain, and what tells that its end was cut off.
        head, _ = AuditHead.objects.select_for_update().get_or_create(practice_id=practice_id)

        entry = AuditEntry(
            practice_id=practice_id,
            number=head.number + 1,
            at=at or now(),
            actor=actor,
            action=action,
            subject=subject,
            quarter=quarter,
            prev_hash=head.hash or BEGINNING,
        )
        entry.hash = digest(entry)
        entry.save(force_insert=True)

        head.number = entry.number
        head.hash = entry.hash
        head.save(update_fields=["number", "hash"])
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

        # Another process may write the same quarter hour first.
        with suppress(IntegrityError):
            record(practice=practice, actor=actor, action="read", subject=subject, at=at, quarter=quarter)


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


def verify(practice_id: UUID) -> list[str]:
    """What is wrong with a practice's chain, a line each; empty when whole."""
    wrong: list[str] = []
    prev = BEGINNING
    expected = 1

    for entry in AuditEntry.objects.filter(practice_id=practice_id).order_by("number").iterator():
        if entry.number != expected or entry.prev_hash != prev or entry.hash != digest(entry):
            wrong.append(f"entry {entry.number} does not follow")
        prev = entry.hash
        expected = entry.number + 1

    head = AuditHead.objects.filter(practice_id=practice_id).first() or AuditHead(number=0, hash="")
    if (head.number, head.hash or BEGINNING) != (expected - 1, prev):
        wrong.append(f"entry {head.number} should be the last")
    return wrong


def actor_of(user: Any) -> str:
    return f"user:{user.pk}"
