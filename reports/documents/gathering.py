"""One session as one reader may see it: the only place of this room that reads clinical rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from clients.access import AsFacilitator, AsPartner, AsRoom, Viewer
from clients.couples import partners_of
from clients.models import Casefile, Partner, Seat
from clients.rituals.models import Ritual
from clients.rituals.portal import cadence_words
from reports.contexts import Material, Meeting, SeenLine
from reports.contexts.material import SLOTS, Due, PaperFor
from sessions.engine import clock
from sessions.engine.figures import figures
from sessions.engine.plan import DEFAULT_EXIT, Plan
from sessions.engine.values import instant
from sessions.models import HeldBack, Line, Moment, Opening, Parting, Session
from sessions.record import moment_rows
from sessions.record.planning import plan_of, title_of

FORTNIGHT = timedelta(days=14)
MILESTONES = "milestones_kept"
# What a paper needs of a Moment.
OF_MOMENT = ("pk", "kind", "number", "command", "at", "by", "told_to", "facts", "audience", "owner")


@dataclass(frozen=True)
class Gathered:
    """What a paper is made from, and whose keys must seal it."""

    material: Material
    authors: frozenset[UUID]


def gather(session: Session, paper_for: PaperFor) -> Gathered:
    """What a paper for this reader may be made from, asked of the rows as that reader."""
    look = Look(session, paper_for)
    return Gathered(look.material(paper_for), look.authors)


class Look:
    """The rows of a session, read once as a reader. From it comes the material of any paper this reader may have.

    A replay looks as the facilitator, for whose own use every paper is made.
    """

    def __init__(self, session: Session, reader: PaperFor) -> None:
        self.session = session
        self.plan = plan_of(session)
        self.partners = partners_of(session.couple_id)
        looking = viewers(session, self.partners, reader)
        self.viewer = looking[0]

        moments, _last = moment_rows.read(session.pk)
        self.state = clock.fold(self.plan, moments)
        self.figures = figures(self.plan, self.state)

        self.rows = _rows_of_all(session, looking, self.partners)
        if any(moment.kind == MILESTONES for moment in moments):
            self.rows.update(_kept_by_both(session, self.plan, self.partners))

    @property
    def authors(self) -> frozenset[UUID]:
        """Everybody whose words or name may be on the paper; joint words are the couple's."""
        wrote = {row.author for row in self.rows.values() if row.author}
        named = {self.partners[slot].pk for slot in self.plan.partners}
        return frozenset(wrote | named | {self.session.couple_id})

    def material(self, paper_for: PaperFor) -> Material:
        lines = [row.line for row in self.rows.values()]
        return Material(
            plan=self.plan,
            figures=self.figures,
            lines=sorted(lines, key=lambda line: line.number),
            meeting=self._meeting(paper_for),
            due=self._fell_due(),
        )

    def _fell_due(self) -> tuple[Due, ...]:
        """What fell due by itself until the end."""
        end = self.state.last_at or self.session.began_at or self.session.planned_at
        reading = clock.read(self.plan, self.state, end)
        return tuple(Due(one.kind, one.at, one.phase) for one in reading.due)

    def _meeting(self, paper_for: PaperFor) -> Meeting:
        """Who met and when, in the zone of the paper's reader, and what they took home."""
        session = self.session
        began = session.began_at or session.planned_start or session.planned_at
        names = {slot: self.partners[slot].name for slot in self.plan.partners}
        names["F"] = session.facilitator.name

        meeting = Meeting.of(
            self.plan,
            zone=_zone(self.plan, self.partners, paper_for),
            held_on=began.date(),
            code=_code(session) if paper_for == "F" else "",
            label=session.couple.label,
            names=names,
            format_title=title_of(session),
            started_at=session.began_at,
            ended_at=session.ended_at,
            next_session=_next_session(self.state.moments),
            about_minutes=session.held_minutes,
        )
        meeting = _taken_home(meeting, session, self.viewer)

        # Days are counted in the zone, which the meeting knows.
        held_on = session.held_on or meeting.local(began).date()
        meeting = replace(meeting, held_on=held_on)

        if paper_for == "F":
            return meeting
        if paper_for == "room":
            return replace(meeting, rituals=_rituals(session, self.partners, held_on))

        opened_at = _opened_at(session)
        released_on = meeting.local(opened_at).date() if opened_at else None
        return replace(meeting, released_on=released_on)


def viewers(session: Session, partners: Mapping[str, Partner], reader: PaperFor) -> list[Viewer]:
    """Whom the rows are asked for. What goes to both must be readable by each of the two."""
    practice = session.couple.practice_id
    if reader == "F":
        return [AsFacilitator(session.facilitator_id, practice)]
    if reader == "room":
        return [AsRoom(session.pk)]

    slots = SLOTS if reader == "both" else (reader,)
    return [AsPartner(partners[slot].pk, session.couple_id, practice, slot) for slot in slots]


# The rows


@dataclass(frozen=True)
class _Row:
    """A line of the log as it may be printed, and the author of its words where it has any."""

    line: SeenLine
    author: UUID | None = None


def _rows_of_all(
    session: Session, looking: Sequence[Viewer], partners: Mapping[str, Partner]
) -> dict[UUID, _Row]:
    """What every one of these viewers may read, by Moment. Words are opened once, as the first of them."""
    rows = _rows(session, looking[0], partners)
    for other in looking[1:]:
        rows = _readable_too(rows, session, other)
    return rows


def _rows(session: Session, viewer: Viewer, partners: Mapping[str, Partner]) -> dict[UUID, _Row]:
    """What one viewer may read.

    Words that became joint are read although the Moment that brought them stays as it was.
    """
    slots = _slots(partners)
    held = HeldBack.objects.visible_to(viewer).filter(moment__session=session)
    kept_back = set(held.values_list("moment", flat=True))

    rows = {}
    moments = Moment.objects.visible_to(viewer).filter(session=session)
    for moment in moments.values(*OF_MOMENT):
        pk = moment["pk"]
        rows[pk] = _Row(_seen(moment, slots, held_back=pk in kept_back))

    lines = Line.objects.visible_to(viewer).filter(session=session)
    of_moment = {f"moment__{name}": name for name in OF_MOMENT}
    for line in lines.values("words", "audience", "author", "ref", *of_moment):
        moment = {name: line[path] for path, name in of_moment.items()}
        pk = moment["pk"]
        bare = _seen(moment, slots, held_back=pk in kept_back)
        worded = replace(bare, words=line["words"], audience=line["audience"], ref=line["ref"])
        rows[pk] = _Row(worded, line["author"])
    return rows


def _readable_too(rows: Mapping[UUID, _Row], session: Session, other: Viewer) -> dict[UUID, _Row]:
    """Those of the rows that another viewer may read as well, words included. Asks for ids only."""
    moments = Moment.objects.visible_to(other).filter(session=session)
    lines = Line.objects.visible_to(other).filter(session=session)
    with_words = set(lines.values_list("moment", flat=True))
    readable = with_words | set(moments.values_list("pk", flat=True))

    return {pk: row for pk, row in rows.items() if pk in (with_words if row.author else readable)}


def _kept_by_both(session: Session, plan: Plan, partners: Mapping[str, Partner]) -> dict[UUID, _Row]:
    """A good moment that everybody who met keeps is joint from then on."""
    slots = _slots(partners)
    kept = Moment.objects.unscoped("what both keep is joint").filter(session=session, kind=MILESTONES)
    lines = {moment["pk"]: _seen(moment, slots) for moment in kept.values(*OF_MOMENT)}

    keepers: dict[str, set[str]] = {}
    for line in lines.values():
        for milestone in line.facts.get("milestones", ()):
            keepers.setdefault(milestone["id"], set()).add(line.said_by)
    of_both = {ident for ident, slots_of_it in keepers.items() if slots_of_it.issuperset(plan.partners)}

    found = {}
    for pk, line in lines.items():
        shared = [one for one in line.facts.get("milestones", ()) if one["id"] in of_both]
        if shared:
            found[pk] = _Row(replace(line, audience="JOINT", facts={"milestones": shared}))
    return found


def _seen(moment: Mapping[str, Any], slots: Mapping[UUID, str], *, held_back: bool = False) -> SeenLine:
    return SeenLine(
        kind=moment["kind"],
        number=moment["number"],
        command=moment["command"],
        at=moment["at"],
        by=moment["by"],
        facts=moment["facts"],
        audience=moment["audience"],
        owner=slots.get(moment["owner"], ""),
        held_back=held_back,
        told_to=moment["told_to"],
    )


def _slots(partners: Mapping[str, Partner]) -> dict[UUID, str]:
    return {partner.pk: slot for slot, partner in partners.items()}


# The meeting


def _zone(plan: Plan, partners: Mapping[str, Partner], paper_for: PaperFor) -> str:
    """A partner's copy is set in their own zone, every other paper in that of the plan."""
    if paper_for not in SLOTS:
        return plan.zone

    seats = Seat.objects.unscoped("a paper is set in its reader's zone").filter(partner=partners[paper_for])
    zone: str | None = seats.values_list("zone", flat=True).first()
    return zone or plan.zone


def _code(session: Session) -> str:
    files = Casefile.objects.unscoped("the record goes by the code").filter(couple=session.couple_id)
    file: Casefile | None = files.first()
    return file.code if file else ""


def _opened_at(session: Session) -> datetime | None:
    released = Opening.objects.unscoped("a paper says when it was released").filter(moment__session=session)
    opened_at: datetime | None = released.order_by("at").values_list("at", flat=True).first()
    return opened_at


def _next_session(moments: Iterable[clock.Moment]) -> datetime | None:
    """When they meet again, as it was said at the end."""
    said = [moment.facts.get("next_session") for moment in moments if moment.kind == "session_ended"]
    named = [str(at) for at in said if at]
    return instant(named[-1]) if named else None


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


def _rituals(session: Session, partners: Mapping[str, Partner], held_on: date) -> tuple[tuple[str, str], ...]:
    """What both said yes to and what runs in the fortnight after the meeting."""
    running = {"audience": "JOINT", "state": Ritual.State.ACTIVE, "start_on__lte": held_on + FORTNIGHT}
    of_one, of_other = [
        Ritual.objects.visible_to(viewer).filter(couple=session.couple_id, **running)
        for viewer in viewers(session, partners, "both")
    ]

    shared = set(of_other.values_list("pk", flat=True))
    return tuple((_(ritual.title), cadence_words(ritual)) for ritual in of_one if ritual.pk in shared)
