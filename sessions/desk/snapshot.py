"""One session as its desk sees it at one instant; everything the desk shows is made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from clients.access import AsFacilitator
from clients.models import Partner
from sessions.engine import clock
from sessions.engine.clock.state import undone_numbers
from sessions.engine.plan import Plan
from sessions.models import Line, Session
from sessions.record import moment_rows
from sessions.record.conduct import OpenSession
from sessions.record.corrected import SpokenLine, spoken_lines
from sessions.record.planning import plan_of


@dataclass(frozen=True)
class DeskSnapshot:
    """Plan, clock, people and lines of one session. `partners` are both of the couple, by slot."""

    session: Session
    plan: Plan
    state: clock.State
    reading: clock.Reading
    partners: Mapping[str, Partner]
    # Reads and opens the lines: not asked where nothing of them is shown.
    read_lines: Callable[[], list[SpokenLine]]

    @cached_property
    def lines(self) -> list[SpokenLine]:
        """What was said, as it reads today, oldest first."""
        return self.read_lines()

    @property
    def moments(self) -> list[clock.Moment]:
        return self.state.moments

    @property
    def people(self) -> list[Partner]:
        """Those who meet: both, or the one that a talk is with."""
        return [self.partners[slot] for slot in self.plan.partners]

    @property
    def names(self) -> list[tuple[str, str]]:
        """(slot, name) of those who meet, as a form offers them."""
        return [(partner.slot, partner.name) for partner in self.people]

    @property
    def clock_line(self) -> int:
        return moment_rows.clock_line(self.moments)


def look_at_desk(session: Session, viewer: AsFacilitator, now: datetime) -> DeskSnapshot:
    """The desk as it stands, with a query each for Moments and partners, and one for lines once they are shown."""
    plan = plan_of(session)
    moments, _last = moment_rows.read(session.pk)
    partners = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    return _snapshot(
        session,
        plan,
        clock.fold(plan, moments),
        {partner.slot: partner for partner in partners},
        viewer,
        now,
    )


def snapshot_of(open_session: OpenSession, viewer: AsFacilitator, now: datetime) -> DeskSnapshot:
    """The desk of a session that is folded already, such as after a press."""
    return _snapshot(
        open_session.session,
        open_session.plan,
        open_session.state,
        open_session.partners,
        viewer,
        now,
    )


def _snapshot(
    session: Session,
    plan: Plan,
    state: clock.State,
    partners: Mapping[str, Partner],
    viewer: AsFacilitator,
    now: datetime,
) -> DeskSnapshot:
    def read_lines() -> list[SpokenLine]:
        visible = Line.objects.visible_to(viewer).filter(session=session)
        return spoken_lines(visible, undone=undone_numbers(state.moments))

    return DeskSnapshot(session, plan, state, clock.read(plan, state, now), partners, read_lines)


def last_press(desk: DeskSnapshot) -> list[int]:
    """The lines that your last press wrote, newest first; none where something was entered since."""
    if desk.reading.state == "ended":
        return []

    undone = undone_numbers(desk.moments)
    standing = [one for one in desk.moments if one.kind != "undone" and one.number not in undone]
    if not standing:
        return []

    newest = standing[-1]
    if newest.by != "F" or newest.at is None:
        return []

    together = [one.number for one in standing if one.at == newest.at and one.by == "F"]
    return list(reversed(together))
