"""Which papers a session should have now, and the rows that ask for them."""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from clients.couples import partners_of
from clients.models import Partner
from facilitator.bell import ring
from reports.models import Document
from sessions.models import Agreement, Session
from sessions.record import release
from sessions.record.planning import plan_of

Kind = Document.Kind
WAITING = (Document.State.ASKED, Document.State.RENDERING)


@transaction.atomic
def prepare(session: Session, *, kinds: Collection[str] = tuple(Kind), now: datetime) -> list[Document]:
    """Ask for the papers of these kinds that the session can have now; one that waits already is not asked twice."""
    released = release.is_released(session)
    asked = []
    for kind, owner in wanted(session, released=released):
        if kind not in kinds:
            continue
        same = Document.objects.unscoped("a paper is asked for once").filter(
            session=session, kind=kind, owner=owner, state__in=WAITING
        )
        if not same.exists():
            asked.append(
                Document.objects.create(
                    session=session,
                    kind=kind,
                    owner=owner,
                    audience=AUDIENCES[kind],
                    after_release=released and kind in (Kind.JOINT_SUMMARY, Kind.PARTNER_COPY),
                    asked_at=now,
                )
            )
    ring("documents")
    return asked


# The sheet at the door knows of no release.
AFTER_RELEASE = (Kind.JOINT_SUMMARY, Kind.PARTNER_COPY, Kind.FACILITATOR_RECORD, Kind.AGREEMENT_SHEET)
AUDIENCES = {
    Kind.JOINT_SUMMARY: "JOINT",
    Kind.PARTNER_COPY: "OWN_F",
    Kind.FACILITATOR_RECORD: "FAC",
    Kind.AGREEMENT_SHEET: "JOINT",
    Kind.DOOR_SHEET: "JOINT",
}


def wanted(session: Session, *, released: bool) -> Iterator[tuple[str, Partner | None]]:
    """A talk with one has that one's copy and the record; nothing joint."""
    plan, both = plan_of(session), partners_of(session.couple_id)
    if has_sheet(session):
        yield Kind.DOOR_SHEET, None
    yield Kind.FACILITATOR_RECORD, None
    for slot in plan.partners:
        yield Kind.PARTNER_COPY, both[slot]
    if plan.with_ == "both":
        if released:
            yield Kind.JOINT_SUMMARY, None
        agreed = Agreement.objects.unscoped("a sheet needs an agreement of both").filter(session=session)
        if agreed.filter(confirmed_at__isnull=False).exists():
            yield Kind.AGREEMENT_SHEET, None


def has_sheet(session: Session) -> bool:
    """There is a sheet at the door once two people have met: also when the meeting was written up afterwards."""
    plan = plan_of(session)
    return plan.with_ == "both" and (session.began_at is not None or not plan.timed)


def ask_due(now: datetime) -> int:
    """Rows for whatever an end, a release or its withdrawal made due since the last sweep."""
    for session, kinds in [*_ended(), *_opened(), *_closed_again()]:
        prepare(session, kinds=kinds, now=now)
    return 0


def _sessions() -> QuerySet[Session]:
    found: QuerySet[Session] = Session.objects.unscoped("the document sweep looks for what is due").filter(
        state="ended"
    )
    return found


def _papers(**facts: object) -> QuerySet[Document]:
    found: QuerySet[Document] = Document.objects.unscoped("the document sweep looks for what is due").filter(
        session=OuterRef("pk"), **facts
    )
    return found


def _ended() -> Iterator[tuple[Session, Collection[str]]]:
    for session in _sessions().filter(~Exists(_papers())):
        yield session, tuple(Kind)


def _opened() -> Iterator[tuple[Session, Collection[str]]]:
    copies = Q(kind=Kind.PARTNER_COPY, after_release=True)
    due = (
        _sessions()
        .annotate(released_at=release.released_since("pk"))
        .filter(released_at__isnull=False)
        .filter(~Exists(_papers(asked_at__gte=OuterRef("released_at")).filter(copies)))
    )
    for session in due:
        yield session, AFTER_RELEASE


def _closed_again() -> Iterator[tuple[Session, Collection[str]]]:
    """Withdrawn: each has a copy of what is their own again."""
    shared = _papers(kind=Kind.PARTNER_COPY, after_release=True, superseded_by__isnull=True)
    closed = _sessions().annotate(released_at=release.released_since("pk")).filter(released_at__isnull=True)
    for session in closed.filter(Exists(shared)):
        yield session, (Kind.PARTNER_COPY,)
