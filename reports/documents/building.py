"""From a row that asks to sealed bytes, in a worker. Safe to run twice and beside itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils import translation

from clients.guarded import GuardedQuerySet
from clients.models import Seat
from facilitator import crypto
from facilitator.crypto import DecryptError, seal_blob
from reports import pdf
from reports.contexts.material import PaperFor
from reports.documents.asking import ask_due
from reports.documents.content import Kind, Setting, content_of, fingerprint, numbered, rendered
from reports.documents.gathering import gather
from reports.models import Document

State = Document.State
# A worker that has held a row this long has died with it.
STALE_AFTER = timedelta(minutes=3)
MOST_TRIES = 3
MOST_A_SWEEP = 20
BOUND_TO = "reports.document.sealed"
# Two people are putting on their coats: their sheet goes before anything else.
AT_THE_DOOR = Case(When(kind=Kind.DOOR_SHEET, then=Value(0)), default=Value(1))


def render_due(now: datetime) -> int:
    """Ask for what is due, then set whatever waits. The number of rows that were dealt with."""
    ask_due(now)

    built = 0
    while built < MOST_A_SWEEP:
        document = _claim(now)
        if document is None:
            break
        _build(document, now)
        built += 1
    return built


# Claiming


def _claim(now: datetime) -> Document | None:
    """The next row that waits, now this worker's own."""
    while True:
        waiting = _next_waiting(now)
        if waiting is None:
            return None

        if waiting["tries"] >= MOST_TRIES:
            _was_first(waiting, state=State.FAILED)
        elif _was_first(waiting, state=State.RENDERING, claimed_at=now, tries=waiting["tries"] + 1):
            return _with_all_it_names(waiting)


def _next_waiting(now: datetime) -> Mapping[str, Any] | None:
    """Asked for, or left by a worker that died."""
    is_lost = Q(state=State.RENDERING, claimed_at__lt=now - STALE_AFTER)
    # The last condition is the one of the index: SQLite uses it only where it stands in the question too.
    waiting = _rows().filter(Q(state=State.ASKED) | is_lost, built_at__isnull=True)
    in_turn = waiting.order_by(AT_THE_DOOR, "asked_at", "pk")
    found: Mapping[str, Any] | None = in_turn.values(
        "pk", "state", "claimed_at", "tries", "session__couple"
    ).first()
    return found


def _was_first(waiting: Mapping[str, Any], **changes: object) -> bool:
    """Change the row, unless another worker changed it since it was seen."""
    as_seen = _rows().filter(pk=waiting["pk"], state=waiting["state"], claimed_at=waiting["claimed_at"])
    return as_seen.update(**changes) == 1


def _with_all_it_names(waiting: Mapping[str, Any]) -> Document:
    """The row for its building. All keys of its couple are fetched in one question."""
    crypto.keys.fetch([waiting["session__couple"]])
    rows = _rows().select_related("session__couple__practice", "session__facilitator", "owner")
    document: Document = rows.get(pk=waiting["pk"])
    return document


def _rows() -> GuardedQuerySet:
    rows: GuardedQuerySet = Document.objects.unscoped("the document sweep claims a row")
    return rows


# Building


def _build(document: Document, now: datetime) -> None:
    """Set the paper, unless it says what its last version says."""
    setting = _setting(document)
    with translation.override(setting.language):
        gathered = gather(document.session, _reader(document))
    content = content_of(document.kind, gathered.material, document.slot, setting)

    said = fingerprint(content, setting)
    earlier = _earlier(document)
    if earlier is not None and earlier.content_hash == said:
        _keep(earlier, document)
        return

    document.version = earlier.version + 1 if earlier else 1
    document.held_on = gathered.material.meeting.held_on
    document.content_hash = said
    author = document.session.couple.practice.neutral_name
    try:
        made = rendered(document.kind, numbered(content, document.version), setting, author=author)
        document.sealed = seal_blob(made, scopes=document.scopes(set(gathered.authors)), bound_to=BOUND_TO)
    except (pdf.NotRendered, DecryptError):
        # Too long to set, or somebody in it has erased their words: no paper, and the next sweep goes on.
        document.state = State.FAILED
        document.save(update_fields=["state", "version", "held_on", "content_hash"])
        return

    document.state = State.READY
    document.built_at = now
    _make_ready(document, earlier)


def _setting(document: Document) -> Setting:
    if document.owner_id is None:
        return Setting(document.session.couple.language, large=False)

    seat = Seat.objects.unscoped("a paper is set as its reader needs it").get(partner=document.owner_id)
    return Setting(seat.language, seat.large_type)


def _reader(document: Document) -> PaperFor:
    """The paper is made from what its reader may read, and nothing else."""
    if document.kind == Kind.FACILITATOR_RECORD:
        return "F"
    if document.kind == Kind.DOOR_SHEET:
        return "room"
    if document.kind == Kind.PARTNER_COPY:
        return document.slot  # type: ignore[return-value]
    return "both"


def _earlier(document: Document) -> Document | None:
    """The last version; its bytes stay where they are."""
    versions = Document.objects.unscoped("a paper follows its last version").filter(
        session=document.session_id, kind=document.kind, owner=document.owner_id, state=State.READY
    )
    found: Document | None = versions.order_by("-version").only("version", "content_hash").first()
    return found


@transaction.atomic
def _keep(earlier: Document, asked: Document) -> None:
    """It says the same as before, so it is the same paper: nothing is set twice."""
    earlier.asked_at = asked.asked_at
    earlier.after_release = asked.after_release
    earlier.save(update_fields=["asked_at", "after_release"])
    Document.objects.unscoped("a paper that says nothing new is not kept").filter(pk=asked.pk).delete()


@transaction.atomic
def _make_ready(document: Document, earlier: Document | None) -> None:
    """The new version is ready, and the one before it points at it."""
    document.save(update_fields=["state", "version", "held_on", "content_hash", "sealed", "built_at"])
    if earlier is not None:
        earlier.superseded_by = document
        earlier.save(update_fields=["superseded_by"])
