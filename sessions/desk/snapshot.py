"""One session as a desk sees it at one instant; the desk's templates are driven by it alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clients.access import AsFacilitator
from clients.models import Partner
from sessions.engine import clock
from sessions.engine.clock.state import undone_numbers
from sessions.engine.plan import Plan
from sessions.models import Line, Session
from sessions.record import moment_rows
from sessions.record.planning import plan_of


@dataclass(frozen=True)
class Room:
    """One session as its desk sees it at one instant."""

    session: Session
    plan: Plan
    state: clock.State
    reading: clock.Reading
    moments: list[clock.Moment]
    lines: list[Line]
    partners: Mapping[str, Partner]

    @property
    def clock_line(self) -> int:
        return moment_rows.clock_line(self.moments)


def room(session: Session, viewer: AsFacilitator, now: datetime) -> Room:
    """Three queries: Moments, Lines, partners."""
    plan = plan_of(session)
    moments, _last = moment_rows.read(session.pk)
    state = clock.fold(plan, moments)
    lines = Line.objects.visible_to(viewer).filter(session=session).select_related("moment")
    partners = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    return Room(
        session,
        plan,
        state,
        clock.read(plan, state, now),
        moments,
        list(lines.order_by("moment__number")),
        {partner.slot: partner for partner in partners},
    )


def people(room: Room) -> list[tuple[str, str]]:
    return [(slot, room.partners[slot].name) for slot in room.plan.partners]


def last_press(room: Room) -> list[int]:
    """The lines your last press wrote, newest first, where nothing was entered since."""
    gone = undone_numbers(room.moments)
    kept = [one for one in room.moments if one.kind != "undone" and one.number not in gone]
    if not kept or kept[-1].by != "F" or kept[-1].at is None or room.reading.state == "ended":
        return []
    return [one.number for one in reversed(kept) if one.at == kept[-1].at and one.by == "F"]
