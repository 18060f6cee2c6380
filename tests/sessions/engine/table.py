"""A table for the engine's tests: Ana (A), Ben (B) and Fay (F) in a seven-part session, without any database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from facilitator.errors import Refusal
from sessions.engine.clock import advance, begin, moment_of, read
from sessions.engine.figures import figures
from sessions.engine.kinds import Command
from sessions.engine.plan import ExitStrategy, Goal, Plan, PlannedPhase
from sessions.engine.rules import Standing, allowed, check, target_kind

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)

PHASES = (
    PlannedPhase("Welcome", "opening", "frame", 5, "facilitator", "none"),
    PlannedPhase("A quiet minute", "grounding", "frame", 2, "quiet", "none"),
    PlannedPhase("What it was like", "telling", "feelings", 10, "partner_1", "each_statement"),
    PlannedPhase("And for me", "telling", "feelings", 10, "partner_2", "each_statement"),
    PlannedPhase("What we need", "needs", "needs", 10, "alternate", "one_each", "wish"),
    PlannedPhase("One small step", "options", "compromises", 8, "together", "none"),
    PlannedPhase("Closing", "closing", "frame", 5, "facilitator", "none"),
)
PLAN = Plan(
    phases=PHASES,
    zone="Europe/Lisbon",
    first_speaker="A",
    planned_start=START,
    agreed_max_minutes=55,
    latest_end=START + timedelta(minutes=75),
    joint_intention="To listen.",
    goals=(Goal("G1", "feelings", "both", "To understand the quiet week."),),
    exit_strategy=ExitStrategy("open hand", 20, "I am back."),
    phrases=("I am on your side.",),
)
UNTIMED = replace(PLAN, timed=False, planned_start=None, agreed_max_minutes=None, latest_end=None)
ALONE = replace(PLAN, with_="A")
STANDING = Standing.of_throw_away_couple()


class Table:
    def __init__(self, plan=PLAN, standing=STANDING):
        self.plan = plan
        self.standing = standing
        self.state = begin(plan)
        self.now = START - timedelta(minutes=5)
        self.number = 1

    def wait(self, **length):
        self.now += timedelta(**length)
        return self

    def judge(
        self, by, kind, fields=None, *, after=1, override=None, told_to=False, voice=None, key=None, **more
    ):
        """What the rules say to a command `after` seconds from now; changes nothing."""
        command = Command(by, kind, {**(fields or {}), **more}, told_to, voice, key, override)
        at = self.now + timedelta(seconds=after)
        return command, at, check(self.plan, self.state, self.standing, command, at)

    def post(self, by, kind, fields=None, **how):
        command, at, verdict = self.judge(by, kind, fields, **how)
        self.now = at
        self.number += 1

        when = at if self.plan.timed else None
        target = target_kind(self.state, command)
        moment = moment_of(command, number=self.number, at=when, target=target, set_aside=verdict.set_aside)
        advance(self.state, moment)
        return verdict

    def refused(self, by, kind, fields=None, **how):
        with pytest.raises(Refusal) as caught:
            self.judge(by, kind, fields, **how)
        return caught.value

    @property
    def reading(self):
        return read(self.plan, self.state, self.now)

    @property
    def figures(self):
        return figures(self.plan, self.state)

    @property
    def kinds(self):
        return allowed(self.plan, self.state, self.standing, self.now)

    # --- the way through a session -------------------------------------------------------------------

    def gathered(self):
        for who in self.plan.partners:
            self.post(who, "arrived")
        return self

    def begun(self):
        self.gathered().wait(minutes=5)
        self.post("F", "session_started")
        self.post("F", "phase_started", phase=1, after=0)
        return self

    def in_phase(self, number):
        if self.state.started_at is None:
            self.begun()
            self.post("F", "ground_rules_confirmed")
        while self.state.open_phase is None or self.state.open_phase.number < number:
            if self.state.open_phase is not None:
                self.post("F", "phase_finished", phase=self.state.open_phase.number)
            waiting = next(run.number for run in self.state.phases if run.status == "waiting")
            self.post("F", "phase_started", phase=waiting, after=0)
        return self

    def closed(self):
        self.in_phase(7).post("F", "phase_finished", phase=7)
        return self

    def said(self, by="A", name="S1"):
        self.post(by, "statement", id=name, text="I sat in the car for a while.", feelings=["sad"])
        return self

    def asked(self, of="S1", name="C1", listener="B", **more):
        self.post("F", "check_opened", id=name, of=of, listener=listener, **more)
        return self

    def reflected(self, check="C1", by="B"):
        self.post(by, "reflection_given", check=check, heard=["feeling", "reason"])
        return self

    def listened(self, speaker="A", listener="B", name="1"):
        self.said(speaker, f"S{name}").asked(
            f"S{name}", f"C{name}", listener, check_kind="feeling_and_reason"
        )
        self.reflected(f"C{name}", listener).post(speaker, "reflection_confirmed", check=f"C{name}")
        return self

    def both_listened(self):
        self.in_phase(3).listened("A", "B", "1")
        self.in_phase(4).listened("B", "A", "2")
        return self

    def corrected_times(self, times):
        self.in_phase(3).said().asked()
        for _ in range(times):
            self.reflected().post("A", "reflection_corrected", check="C1", problem="too_mild", meant="More.")
        return self

    def cooling(self, by="B", minutes=20, **more):
        at = self.now + timedelta(seconds=1, minutes=minutes)
        self.post(by, "cool_down_called", return_at=text(at), **more)
        return self

    def both_ready(self):
        for who in self.plan.partners:
            self.post(who, "ready_again")
        return self

    def with_options(self):
        self.both_listened().in_phase(5)
        self.post("A", "need_named", id="N1", need="space")
        self.post("B", "need_named", id="N2", need="trust")
        self.in_phase(6).post("A", "option_added", id="O1", text="A sentence and a time.", serves=["N1"])
        return self

    def drafted(self):
        self.with_options().post(
            "F",
            "compromise_drafted",
            id="AG1",
            from_options=["O1"],
            text="A sentence and a time.",
            who_does_what=[{"who": "both", "what": "Say it."}],
            look_again_on="2026-03-16",
            serves=["N1", "N2"],
        )
        return self


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
