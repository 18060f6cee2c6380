"""A real session of Ana and Ben in the database, and what a post to it comes to."""

from datetime import UTC, datetime, timedelta

from sessions.engine import clock
from sessions.models import Agreement, Line, Moment, Session
from sessions.record import conduct, moment_rows
from sessions.record.planning import plan_of
from tests.world import planned

START = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)
WHO_DOES_WHAT = [{"who": "both", "what": "Say it."}]
DRAFT = {"id": "AG1", "text": "A sentence and a time.", "who_does_what": WHO_DOES_WHAT}


class Hall:
    def __init__(self, house, *, code="first-talk", with_="both"):
        self.house = house
        self.session = planned(house, code=code, with_=with_, start=START)
        self.at = START

    def post(self, by, kind, *, key=None, seen=None, override=None, voice=None, after=10, **fields):
        """One command by the facilitator's sign-in, `after` seconds later."""
        self.at += timedelta(seconds=after)

        given = dict(fields)
        common = {"key": key, "override": override, "voice": voice}
        given.update({name: value for name, value in common.items() if value is not None})
        if by in ("A", "B"):
            given["told_to"] = "F"
        command = conduct.command_from(given, by=by, kind=kind)

        user = self.house.facilitator
        return conduct.post(
            self.session.pk, command, poster=f"user:{user.pk}", author=user.pk, now=self.at, seen=seen
        )

    def begun(self):
        for slot in plan_of(self.session).partners:
            self.post(slot, "arrived")
        self.post("F", "session_started")
        self.post("F", "phase_started", phase=1, after=0)
        return self

    def ended(self):
        how = self.reading().ended_how
        self.post("F", "session_ended", how=how, override="for this test")
        self.session.refresh_from_db()
        return self

    def with_a_check(self):
        """Ana said S1, Ben said it back, Ana confirmed."""
        self.post("A", "statement", id="S1", text="I sat in the car for a while.", feelings=["sad"])
        self.post("F", "check_opened", id="C1", of="S1", listener="B")
        self.post("B", "reflection_given", check="C1", text="You sat there.", override="in few words")
        self.post("A", "reflection_confirmed", check="C1")
        return self

    def drafted(self, **more):
        self.post("F", "compromise_drafted", **{**DRAFT, "look_again_on": "2026-03-20", **more})
        return self

    def fold(self):
        moments, _last = moment_rows.read(self.session.pk)
        return clock.fold(plan_of(self.session), moments)

    def reading(self, at=None):
        return clock.read(plan_of(self.session), self.fold(), at or self.at)

    def moments(self, viewer=None):
        rows = Moment.objects.visible_to(viewer) if viewer else Moment.objects.unscoped("a test looks")
        return list(rows.filter(session=self.session).order_by("number"))

    def lines(self, viewer=None):
        rows = Line.objects.visible_to(viewer) if viewer else Line.objects.unscoped("a test looks")
        return list(rows.filter(session=self.session).order_by("moment__number"))

    def agreement(self, viewer=None):
        rows = Agreement.objects.visible_to(viewer) if viewer else Agreement.objects.unscoped("a test looks")
        return rows.filter(session=self.session).first()

    def again(self):
        return Session.objects.unscoped("a test looks").get(pk=self.session.pk)
