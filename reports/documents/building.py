"""From a row that asks to sealed bytes, in a worker; and all papers of a session at once, for replay."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils import translation
from django.utils.translation import gettext as _

from clients.models import Seat
from facilitator.crypto import DecryptError, blind_index, seal_blob
from reports import pdf
from reports.contexts import AgreementSheet, DoorSheet, FacilitatorRecord, Heard, JointSummary, PartnerCopy
from reports.contexts.material import Reader
from reports.documents.asking import ask_due
from reports.documents.gathering import gather
from reports.models import Document
from sessions.models import Session
from sessions.record.planning import plan_of

Kind, State = Document.Kind, Document.State
# A worker that has held a row this long has died with it.
STALE_AFTER = timedelta(minutes=3)
MOST_TRIES = 3
MOST_A_SWEEP = 20
BOUND_TO = "reports.document.sealed"
# Two people are putting on their coats: their sheet goes before anything else.
AT_THE_DOOR = Case(When(kind=Kind.DOOR_SHEET, then=Value(0)), default=Value(1))
# Quiet circles on the cover of a partner's copy: x of the left edge, radius, diameter.
RINGS = tuple((110 - r, r, 2 * r) for r in range(12, 101, 11))


@dataclass(frozen=True)
class Setting:
    """How a paper is set for its reader."""

    language: str
    large: bool


def render_due(now: datetime) -> int:
    """Ask for what is due, then set whatever waits. Safe to run twice and beside itself."""
    ask_due(now)
    built = 0
    while built < MOST_A_SWEEP and (document := _claim(now)) is not None:
        _build(document, now)
        built += 1
    return built


def _claim(now: datetime) -> Document | None:
    rows = Document.objects.unscoped("the document sweep claims a row")
    lost = Q(state=State.RENDERING, claimed_at__lt=now - STALE_AFTER)
    rows.filter(lost, tries__gte=MOST_TRIES).update(state=State.FAILED)
    waiting = rows.filter(Q(state=State.ASKED) | lost).order_by(AT_THE_DOOR, "asked_at", "pk").first()
    if waiting is None:
        return None
    mine = rows.filter(pk=waiting.pk, state=waiting.state, claimed_at=waiting.claimed_at).update(
        state=State.RENDERING, claimed_at=now, tries=waiting.tries + 1
    )
    found: Document | None = rows.select_related("session__couple__practice", "owner").get(pk=waiting.pk)
    return found if mine else _claim(now)


def _build(document: Document, now: datetime) -> None:
    setting = _setting(document)
    with translation.override(setting.language):
        gathered = gather(document.session, _reader(document))
    content = _content(document.kind, gathered.heard, document.slot, setting)
    said = fingerprint(content, setting)
    earlier = _earlier(document)
    if earlier is not None and earlier.content_hash == said:
        _keep(earlier, document)
        return
    document.version = earlier.version + 1 if earlier else 1
    document.held_on = gathered.heard.meeting.held_on
    document.content_hash = said
    try:
        made = _set(document.kind, gathered.heard, document, setting)
        document.sealed = seal_blob(made, scopes=document.scopes(set(gathered.authors)), bound_to=BOUND_TO)
    except (pdf.NotRendered, DecryptError):
        # Too long to set, or somebody in it has erased their words: no paper, and the next sweep goes on.
        document.state = State.FAILED
        document.save(update_fields=["state", "version", "held_on", "content_hash"])
        return
    document.state, document.built_at = State.READY, now
    with transaction.atomic():
        document.save(update_fields=["state", "version", "held_on", "content_hash", "sealed", "built_at"])
        if earlier is not None:
            earlier.superseded_by = document
            earlier.save(update_fields=["superseded_by"])


def _earlier(document: Document) -> Document | None:
    rows = Document.objects.unscoped("a paper follows its last version").filter(
        session=document.session_id, kind=document.kind, owner=document.owner_id, state=State.READY
    )
    found: Document | None = rows.order_by("-version").first()
    return found


@transaction.atomic
def _keep(earlier: Document, asked: Document) -> None:
    """It says the same as before, so it is the same paper: nothing is set twice."""
    earlier.asked_at = asked.asked_at
    earlier.after_release = asked.after_release
    earlier.save(update_fields=["asked_at", "after_release"])
    Document.objects.unscoped("a paper that says nothing new is not kept").filter(pk=asked.pk).delete()


def _reader(document: Document) -> Reader:
    known = {Kind.FACILITATOR_RECORD: "F", Kind.PARTNER_COPY: document.slot, Kind.DOOR_SHEET: "room"}
    return known.get(document.kind, "both")  # type: ignore[return-value,call-overload]


def _setting(document: Document) -> Setting:
    if document.owner_id is None:
        return Setting(document.session.couple.language, large=False)
    seat = Seat.objects.unscoped("a paper is set as its reader needs it").get(partner=document.owner_id)
    return Setting(seat.language, seat.large_type)


def _content(kind: str, heard: Heard, slot: str, setting: Setting) -> Any:
    """The frozen context of a paper, in its reader's language."""
    with translation.override(setting.language):
        match kind:
            case Kind.JOINT_SUMMARY:
                return JointSummary.of(heard)
            case Kind.PARTNER_COPY:
                return PartnerCopy.of(heard, slot)
            case Kind.FACILITATOR_RECORD:
                return FacilitatorRecord.of(heard)
            case Kind.AGREEMENT_SHEET:
                return AgreementSheet.of(heard)
            case Kind.DOOR_SHEET:
                return DoorSheet.of(heard)
        raise ValueError(kind)


def fingerprint(content: Any, setting: Setting) -> str:
    """The same words for the same reader in the same setting, whatever version they were."""
    text = json.dumps([asdict(content), asdict(setting)], default=str, sort_keys=True, ensure_ascii=False)
    return blind_index(hashlib.sha256(text.encode()).hexdigest())


def _set(kind: str, heard: Heard, document: Document, setting: Setting) -> bytes:
    numbered = replace(heard, meeting=replace(heard.meeting, version=document.version))
    content = _content(kind, numbered, document.slot, setting)
    return press(kind, content, setting, author=document.session.couple.practice.neutral_name)


def press(kind: str, content: Any, setting: Setting, *, author: str) -> bytes:
    context: Mapping[str, Any] = {"paper": content, "rings": RINGS}
    held_on = content.since if kind == Kind.AGREEMENT_SHEET else content.day
    with translation.override(setting.language):
        title = f"{TITLES[kind]()}, {held_on}" if held_on else TITLES[kind]()
    return pdf.render(
        f"reports/{kind}.html",
        context,
        language=setting.language,
        title=title,
        author=author,
        large=setting.large,
    )


# Titles travel in metadata and in a viewer's window bar: a word and a day, no more.
TITLES = {
    Kind.JOINT_SUMMARY: lambda: _("Summary"),
    Kind.PARTNER_COPY: lambda: _("Copy"),
    Kind.FACILITATOR_RECORD: lambda: _("Record"),
    Kind.AGREEMENT_SHEET: lambda: _("Sheet"),
    Kind.DOOR_SHEET: lambda: _("Sheet at the door"),
}


def sheet_at_the_door(session: Session) -> DoorSheet | None:
    """The same sheet for a screen, at once; made of joint rows only, whoever shows it."""
    with translation.override(session.couple.language):
        return DoorSheet.of(gather(session, "room").heard)


@dataclass(frozen=True)
class Paper:
    """What a paper will say, gathered and frozen; pressing it asks nothing more of the database."""

    name: str
    kind: str
    content: Any
    setting: Setting
    author: str

    def press(self) -> bytes:
        return press(self.kind, self.content, self.setting, author=self.author)


def papers_of(session: Session) -> list[Paper]:
    """Every paper of a session as if all had been released, for replay. Writes no row."""
    plan, setting = plan_of(session), Setting(session.couple.language, large=False)
    wanted: list[tuple[str, Kind, str]] = [("facilitator-record", Kind.FACILITATOR_RECORD, "F")]
    wanted += [(f"partner-{slot.lower()}", Kind.PARTNER_COPY, slot) for slot in plan.partners]
    if plan.with_ == "both":
        wanted += [
            ("joint-summary", Kind.JOINT_SUMMARY, "both"),
            ("agreement-sheet", Kind.AGREEMENT_SHEET, "both"),
        ]
    found = []
    for name, kind, reader in wanted:
        heard = gather(session, reader, as_if_released=True).heard  # type: ignore[arg-type]
        heard = replace(heard, meeting=replace(heard.meeting, released_on=heard.meeting.held_on))
        content = _content(kind, heard, reader, setting)
        if content is not None:
            found.append(Paper(f"{name}.pdf", kind, content, setting, session.couple.practice.neutral_name))
    return found
