"""Each format, whole and as its short cut: begun in one press, walked by *next*, ended, with what that leaves."""

from uuid import UUID

import pytest

from sessions.desk import start_now
from sessions.engine.figures import figures
from sessions.engine.formats import FORMATS
from sessions.record.moment_rows import read
from sessions.record.planning import plan_of
from tests.sessions.desk.pressed import Desk
from tests.sessions.desk.test_desk import START, traveller  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.django_db]
HOURS = [(code, short) for code in FORMATS for short in (False, True)]


@pytest.mark.parametrize(("code", "short"), HOURS, ids=[f"{c}-{'short' if s else 'full'}" for c, s in HOURS])
def test_a_format_is_walked_from_begin_to_end_with_next_alone(fay, traveller, code, short):  # noqa: F811
    chosen = FORMATS[code]
    alone = chosen.with_ == "one"
    session = start_now.start(
        couple=fay.couple,
        facilitator=fay.facilitator,
        key=UUID(int=7),
        chosen=chosen,
        short=short,
        first_speaker="A",
        with_="A" if alone else "both",
        room_until=None,
        goal=None,
        override="",
        now=START,
    )
    desk = Desk(fay, traveller, session=session)
    phases = chosen.phases_short if short else chosen.phases
    desk.press("ground_rules_confirmed")
    for phase in phases[:-1]:
        desk.press("phase_started", wait=phase.minutes * 60 - 60)

    desk.press("session_ended", wait=60)

    session.refresh_from_db()
    numbers = figures(plan_of(session), read(session.pk)[0])
    assert desk.refused == []
    assert (session.state, numbers["ended_how"]) == ("ended", "completed")
    assert [row["planned_s"] for row in numbers["phases"].values()] == [
        phase.minutes * 60 for phase in phases
    ]
    assert sum(phase.minutes for phase in phases) == (chosen.minutes_short if short else chosen.minutes)
