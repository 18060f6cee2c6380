"""One session as one reader may see it: the only place of this room that reads clinical rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from clients.access import AsFacilitator, AsPartner, AsRoom, Viewer
from clients.couples import partners_of
from clients.models import Casefile, Partner, Seat
from clients.rituals.models import Ritual
from clients.rituals.portal import cadence_words
from reports.contexts import Heard, Meeting, SeenLine
from reports.contexts.material import Due, Reader
from sessions.engine import clock
from sessions.engine.figures import figures
from sessions.engine.plan import DEFAULT_EXIT, Plan
from sessions.engine.values import instant
from sessions.models import HeldBack, Line, Moment, Opening, Parting, Session
from sessions.record import moment_rows
from sessions.record.planning import plan_of, title_of

FORTNIGHT = timedelta(days=14)


@dataclass(frozen=True)
class Gathered:
    """What was heard, and whose keys must seal a paper made of it."""

    heard: Heard
    authors: frozenset[UUID]


def viewers(session: Session, reader: Reader) -> list[Viewer]:
    """Whom the rows are asked for. What goes to both must be readable by each of the two."""
    practice = session.couple.practice_id
    if reader == "F":
        return [AsFacilitator(session.facilitator_id, practice)]
    if reader == "room":
        return [AsRoom(session.pk)]
    both = partners_of(session.couple_id)
    slots = ("A", "B") if reader == "both" else (reader,)
    return [AsPartner(both[slot].pk, session.couple_id, practice, slot) for slot in slots]


def gather(session: Session, reader: Reader, *, as_if_released: bool = False) -> Gathered:
    """`as_if_released`: for the facilitator's own use (replay), from what the facilitator may read."""
    plan, both = plan_of(session), partners_of(session.couple_id)
    looking = viewers(session, "F" if as_if_released else reader)
    seen = [_rows(session, viewer) for viewer in looking]
    shared = set.intersection(*(set(rows) for rows in seen))
    rows = {pk: row for pk, row in seen[0].items() if pk in shared}
    rows |= _kept_by_both(session, plan)
    authors = {row.author for row in rows.values() if row.author}
    lines = [row.line for row in sorted(rows.values(), key=lambda row: row.line.number)]
    meeting = _taken_home(_meeting(session, plan, both, reader), session, looking[0])
    if reader == "room":
        meeting = replace(meeting, rituals=_rituals(session, meeting.held_on))
    names = {both[slot].pk for slot in plan.partners}
    state = clock.fold(plan, moment_rows.read(session.pk)[0])
    read = clock.read(plan, state, state.last_at or meeting.started_at or session.planned_at)
    due = tuple(Due(one.kind, one.at, one.phase) for one in read.due)
    heard = Heard(plan, figures(plan, state), lines, meeting, due)
    return Gathered(heard, frozenset(authors | names | {session.couple_id}))


@dataclass(frozen=True)
class _Row:
    line: SeenLine
    author: UUID | None


def _rows(session: Session, viewer: Viewer) -> dict[UUID, _Row]:
    """By Moment. Words that became joint are read although the Moment that brought them stays as it was."""
    held = HeldBack.objects.visible_to(viewer).filter(moment__session=session)
    kept = set(held.values_list("moment", flat=True))
    moments = Moment.objects.visible_to(viewer).filter(session=session).select_related("owner")
    rows = {moment.pk: _Row(_seen(moment, None, kept), None) for moment in moments}
    lines = Line.objects.visible_to(viewer).filter(session=session).select_related("moment", "moment__owner")
    for line in lines:
        rows[line.moment_id] = _Row(_seen(line.moment, line, kept), line.author)
    return rows


def _seen(moment: Moment, line: Line | None, kept: set[UUID]) -> SeenLine:
    held_back = moment.pk in kept
    return SeenLine(
        kind=moment.kind,
        number=moment.number,
        command=moment.command,
        at=moment.at,
        by=moment.by,
        facts=moment.facts,
        words=line.words if line else {},
        audience=line.audience if line else moment.audience,
        owner=moment.owner.slot if moment.owner else "",
        held_back=held_back,
        told_to=moment.told_to,
        ref=line.ref if line else "",
    )


def _kept_by_both(session: Session, plan: Plan) -> dict[UUID, _Row]:
    """A good moment that everybody who met keeps is joint from then on."""
    moments = Moment.objects.unscoped("what both keep is joint").filter(
        session=session, kind="milestones_kept"
    )
    rows = list(moments.select_related("owner"))
    keepers: dict[str, set[str]] = {}
    for moment in rows:
        for kept in moment.facts.get("milestones", ()):
            keepers.setdefault(kept["id"], set()).add(moment.owner.slot if moment.owner else moment.by)
    joint = {ident for ident, slots in keepers.items() if slots.issuperset(plan.partners)}
    found = {}
    for moment in rows:
        milestones = [kept for kept in moment.facts.get("milestones", ()) if kept["id"] in joint]
        if milestones:
            line = replace(_seen(moment, None, set()), audience="JOINT", facts={"milestones": milestones})
            found[moment.pk] = _Row(line, None)
    return found


def _meeting(session: Session, plan: Plan, both: dict[str, Partner], reader: Reader) -> Meeting:
    seats = Seat.objects.unscoped("a paper is set in its reader's zone").filter(
        partner__couple=session.couple_id
    )
    zones = {seat.partner.slot: seat.zone for seat in seats.select_related("partner")}
    zone = zones.get(reader, plan.zone)
    began = session.began_at or session.planned_start or session.planned_at
    released = Opening.objects.unscoped("a paper says when it was released").filter(moment__session=session)
    asks = reader not in ("F", "room")
    opened_at = released.order_by("at").values_list("at", flat=True).first() if asks else None
    meeting = Meeting.of(
        plan,
        zone=zone,
        held_on=began.date(),
        code=_code(session) if reader == "F" else "",
        label=session.couple.label,
        names={**{slot: both[slot].name for slot in plan.partners}, "F": session.facilitator.name},
        format_title=title_of(session),
        started_at=session.began_at,
        ended_at=session.ended_at,
        next_session=_next(session),
        about_minutes=session.held_minutes,
    )
    return _dated(meeting, session.held_on or meeting.local(began).date(), opened_at)


def _dated(meeting: Meeting, held_on: date, opened_at: datetime | None) -> Meeting:
    return replace(
        meeting,
        held_on=held_on,
        released_on=meeting.local(opened_at).date() if opened_at else None,
    )


def _taken_home(meeting: Meeting, session: Session, viewer: Viewer) -> Meeting:
    """What was said on the way out; a sign found today stands before the one the plan began with."""
    said = Parting.objects.visible_to(viewer).filter(session=session).first()
    if said is None:
        return meeting
    planned = meeting.exit_strategy or DEFAULT_EXIT
    found = replace(
        planned,
        sign=said.sign or planned.sign,
        return_sentence=said.return_sentence or planned.return_sentence,
    )
    return replace(meeting, exit_strategy=found, line=said.line, opening_words=said.foreword)


def _rituals(session: Session, held_on: date) -> tuple[tuple[str, str], ...]:
    """What both said yes to and what runs in the fortnight after the meeting."""
    running = {"audience": "JOINT", "state": Ritual.State.ACTIVE, "start_on__lte": held_on + FORTNIGHT}
    both = [
        Ritual.objects.visible_to(viewer).filter(couple=session.couple_id, **running)
        for viewer in viewers(session, "both")
    ]
    shared = {ritual.pk for ritual in both[1]}
    return tuple((_(ritual.title), cadence_words(ritual)) for ritual in both[0] if ritual.pk in shared)


def _code(session: Session) -> str:
    files: Sequence[Casefile] = Casefile.objects.unscoped("the record goes by the code").filter(
        couple=session.couple_id
    )
    return files[0].code if files else ""


def _next(session: Session) -> datetime | None:
    ends = Moment.objects.unscoped("a paper names the next meeting").filter(
        session=session, kind="session_ended", part=moment_rows.COMMAND
    )
    found = [moment.facts["next_session"] for moment in ends if moment.facts.get("next_session")]
    return instant(found[-1]) if found else None
