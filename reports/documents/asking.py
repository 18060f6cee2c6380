"""Which papers a session should have now, and the rows that ask for them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction

from clients.couples import partners_of
from clients.models import Partner
from facilitator.bell import ring
from reports.models import Document
from sessions.models import Agreement, Session
from sessions.record import papers_due, release
from sessions.record.planning import plan_of

Kind = Document.Kind
# Sessions looked at in one sweep; the rest has its turn in the next.
MOST_A_SWEEP = 100
WAITING = (Document.State.ASKED, Document.State.RENDERING)
AUDIENCES = {
    Kind.JOINT_SUMMARY: "JOINT",
    Kind.PARTNER_COPY: "OWN_F",
    Kind.FACILITATOR_RECORD: "FAC",
    Kind.AGREEMENT_SHEET: "JOINT",
    Kind.DOOR_SHEET: "JOINT",
}
# What a release opens and a withdrawal closes again.
HOLD_WORDS_OF_BOTH = (Kind.JOINT_SUMMARY, Kind.PARTNER_COPY)
# The sheet at the door knows of no release.
CHANGED_BY_A_RELEASE = (*HOLD_WORDS_OF_BOTH, Kind.FACILITATOR_RECORD, Kind.AGREEMENT_SHEET)


def prepare(session: Session, *, kinds: Collection[str] = tuple(Kind), now: datetime) -> list[Document]:
    """Ask for the papers of these kinds that the session can have now, and wake the sweep that sets them."""
    with transaction.atomic():
        asked = _ask(session, kinds, now)
        ring("documents")
    return asked


def _ask(session: Session, kinds: Collection[str], now: datetime) -> list[Document]:
    """A row for each paper that is not waiting already."""
    released = release.is_released(session)

    asked = []
    for kind, owner in wanted(session, released=released):
        if kind in kinds and not _waits(session, kind, owner):
            after_release = released and kind in HOLD_WORDS_OF_BOTH
            asked.append(
                Document.objects.create(
                    session=session,
                    kind=kind,
                    owner=owner,
                    audience=AUDIENCES[kind],
                    after_release=after_release,
                    asked_at=now,
                )
            )
    return asked


def _waits(session: Session, kind: Kind, owner: Partner | None) -> bool:
    same = Document.objects.unscoped("a paper is asked for once").filter(
        session=session, kind=kind, owner=owner, state__in=WAITING
    )
    return same.exists()


def wanted(session: Session, *, released: bool) -> Iterator[tuple[Kind, Partner | None]]:
    """Kind and owner of each paper. A talk with one has that one's copy and the record; nothing joint."""
    plan = plan_of(session)
    partners = partners_of(session.couple_id)

    if has_sheet(session):
        yield Kind.DOOR_SHEET, None
    yield Kind.FACILITATOR_RECORD, None
    for slot in plan.partners:
        yield Kind.PARTNER_COPY, partners[slot]

    if plan.with_ != "both":
        return
    if released:
        yield Kind.JOINT_SUMMARY, None
    if _has_agreement(session):
        yield Kind.AGREEMENT_SHEET, None


def has_sheet(session: Session) -> bool:
    """There is a sheet at the door once two people have met: also when the meeting was written up afterwards."""
    plan = plan_of(session)
    return plan.with_ == "both" and (session.began_at is not None or not plan.timed)


def _has_agreement(session: Session) -> bool:
    drafts = Agreement.objects.unscoped("a sheet needs an agreement of both").filter(session=session)
    return drafts.filter(confirmed_at__isnull=False).exists()


# What is due


def ask_due(now: datetime) -> None:
    """Ask for whatever an end, a release or its withdrawal made due. A session without a mark is not looked at."""
    newest_first = papers_due.marked().order_by("-papers_due_at")
    for pk in newest_first.values_list("pk", flat=True)[:MOST_A_SWEEP]:
        _ask_what_is_due(pk, now)


@transaction.atomic
def _ask_what_is_due(pk: UUID, now: datetime) -> None:
    """The mark stays for as long as anything is due, so that a paper asked for too early is asked for again."""
    locked = papers_due.marked().select_for_update(of=("self",)).filter(pk=pk)
    session = locked.annotate(released_at=release.released_since("pk")).first()
    if session is None:
        return

    _ask(session, _due(session), now)
    if not _due(session):
        papers_due.unmark(session)


def _due(session: Session) -> tuple[Kind, ...]:
    """Kinds to ask for: all of them at the end, and after a release or its withdrawal what it changes."""
    papers = Document.objects.unscoped("the document sweep looks for what is due").filter(session=session)
    if not papers.exists():
        return tuple(Kind)

    released_at = session.released_at  # type: ignore[attr-defined]
    opened = papers.filter(kind=Kind.PARTNER_COPY, after_release=True)
    if released_at is not None:
        return () if opened.filter(asked_at__gte=released_at).exists() else CHANGED_BY_A_RELEASE

    # Withdrawn: each has a copy of what is their own again.
    return (Kind.PARTNER_COPY,) if opened.filter(superseded_by__isnull=True).exists() else ()
