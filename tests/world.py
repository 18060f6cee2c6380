"""Fay's and Oli's practices with something at every address: sessions in every state, papers, rituals, links, mail."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import time_machine

from clients import couples
from clients.models import Assignment, Couple, Partner
from clients.rituals import deliveries, links, rituals
from clients.rituals.models import Ritual
from facilitator.models import User
from facilitator.now import now as clock_now
from reports import documents
from reports.models import Document
from sessions.engine import clock
from sessions.engine.formats import FORMATS
from sessions.engine.kinds import Command
from sessions.models import Reader, Session
from sessions.record import conduct, planning, release
from sessions.write_up import verbs
from tests.cast import MORNING, PASSWORD, House, household

# A Tuesday morning: the talks were yesterday, the session is now.
NOW = datetime(2026, 3, 17, 10, 0, tzinfo=UTC)
START = NOW - timedelta(minutes=30)

BEGUN = [
    ("A", "arrived", {}),
    ("B", "arrived", {}),
    ("F", "session_started", {}),
    ("F", "phase_started", {"phase": 1}),
]
DRAFT = {
    "id": "AG1",
    "text": "A walk each Saturday.",
    "who_does_what": [{"who": "both", "what": "walk"}],
    "look_again_on": "2026-04-17",
}
TO_STATE: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "ready": [],
    "gathering": BEGUN[:1],
    "running": BEGUN,
    "brief_pause": [*BEGUN, ("A", "brief_pause_called", {})],
    "cooling_down": [*BEGUN, ("B", "cool_down_called", {})],
    "caucus": [*BEGUN, ("F", "caucus_started", {"with": "A"})],
    "ended": [
        *BEGUN,
        ("A", "statement", {"id": "S1", "text": "I was quiet."}),
        ("F", "compromise_drafted", DRAFT),
        ("A", "agreement_confirmed", {"agreement": "AG1"}),
        ("B", "agreement_confirmed", {"agreement": "AG1"}),
        ("F", "session_ended", {}),
    ],
}


def signer(house: House, name: str, **facts: Any) -> User:
    return User.objects.create_user(
        f"{name.lower()}@practice.example",
        PASSWORD,
        name=name,
        practice=house.practice,
        **{"is_facilitator": True, **facts},
    )


@dataclass
class World:
    fay: House
    oli: House
    people: dict[str, User]
    sessions: dict[str, Session] = field(default_factory=dict)
    rituals: dict[str, Ritual] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def papers(self) -> list[Document]:
        return list(
            Document.objects.unscoped("a test looks at papers").filter(session__couple=self.fay.couple)
        )


def post(
    session: Session, by: str, kind: str, fields: dict[str, Any], *, at: datetime, facilitator: User
) -> None:
    """One command as the desk posts it: what a partner says is entered by the facilitator."""
    own = dict(fields)
    if kind == "session_ended" and "how" not in own:
        with conduct.entered(session.pk) as room:
            own["how"] = clock.read(room.plan, room.state, at).ended_how

    command = Command(by=by, kind=kind, fields=own, told_to=by in ("A", "B"), override="a test goes on")
    conduct.post(session.pk, command, poster=f"user:{facilitator.pk}", author=facilitator.pk, now=at)


def planned(
    house: House, *, code: str = "first-talk", with_: str = "both", start: datetime = START
) -> Session:
    return planning.propose(
        couple=house.couple, facilitator=house.facilitator, chosen=FORMATS[code], short=False, first_speaker="A",
        with_=with_, planned_start=start, goal=None, now=start - timedelta(days=1),
    )  # fmt: skip


def written_up(house: House, *, at: datetime) -> Session:
    return verbs.open_up(
        couple=house.couple, facilitator=house.facilitator, chosen=FORMATS["first-talk"], with_="both",
        first_speaker="A", held_on=at.date(), held_minutes=50, goals=[], intention="", now=at,
    )  # fmt: skip


def drive(
    house: House, session: Session, steps: list[tuple[str, str, dict[str, Any]]], *, at: datetime = START
) -> Session:
    for place, (by, kind, fields) in enumerate(steps):
        post(session, by, kind, fields, at=at + timedelta(seconds=20 * place), facilitator=house.facilitator)
    session.refresh_from_db()
    return session


def people_of(fay: House, oli: House) -> dict[str, User]:
    """Everybody who can sign in, by the part they play towards Ana and Ben."""
    co = signer(fay, "Gil")
    asked = signer(fay, "Hal")
    gone = signer(fay, "Ida")
    both = {"consented_a_at": MORNING, "consented_b_at": MORNING}
    Assignment.objects.create(couple=fay.couple, user=co, role=Assignment.Role.CO, **both)
    Assignment.objects.create(couple=fay.couple, user=asked, role=Assignment.Role.CO, consented_a_at=MORNING)
    Assignment.objects.create(couple=fay.couple, user=gone, role=Assignment.Role.CO, ended_at=MORNING, **both)

    return {
        "fay": fay.facilitator,
        "ana": couples.account_of(fay.a),
        "ben": couples.account_of(fay.b),
        "cleo": couples.account_of(oli.a),
        "oli": oli.facilitator,
        "co": co,
        "co not agreed": asked,
        "co removed": gone,
        "colleague": signer(fay, "Jo"),
        "admin": signer(fay, "Kim", is_facilitator=False, is_practice_admin=True),
        "inactive": signer(fay, "Lou", is_active=False),
        "left": left(fay),
    }


def left(fay: House) -> User:
    """Eve was a partner in another couple of Fay's, and has left it."""
    couple = couples.welcome(
        facilitator=fay.facilitator,
        label="Eve and Finn",
        names={"A": "Eve", "B": "Finn"},
        zone="UTC",
        now=MORNING,
    )

    eve = couples.partners_of(couple.pk)["A"]
    account = couples.account_of(eve)
    Partner.objects.unscoped("a test lets Eve leave").filter(pk=eve.pk).update(left_at=MORNING)
    return account


def reachable(house: House) -> None:
    house.practice.is_demo = True
    house.practice.save()
    for partner in (house.a, house.b):
        couples.reach_by_email(
            partner=partner, address=f"{partner.name.lower()}@home.example", by=house.viewer, now=MORNING
        )


def ritual(house: House, *, owner: Partner | None = None, answers: str = "yes", **facts: Any) -> Ritual:
    given = {
        "code": "ten-minute-checkin",
        "usual_time": time(9),
        "weekdays": frozenset(range(7)),
        "start_on": date(2026, 3, 1),
    }
    made = rituals.propose(
        couple=house.couple, by=house.facilitator, owner=owner, now=MORNING, **(given | facts)
    )

    if answers:
        for partner in [owner] if owner else [house.a, house.b]:
            rituals.consent(ritual=made, partner=partner, answer=answers, now=MORNING)

    return Ritual.objects.unscoped("a test looks again").get(pk=made.pk)


def token_of(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[1]


def released(house: House, session: Session, *, at: datetime = NOW) -> None:
    for partner in (house.a, house.b):
        release.agree(
            session=session, partner=partner, how=Reader.How.READ_THROUGH, by=house.viewer.actor, now=at
        )


def build() -> World:
    with time_machine.travel(NOW, tick=False):
        fay = household("Fay", ("Ana", "Ben"))
        oli = household("Oli", ("Cleo", "Dev"))
        for house in (fay, oli):
            reachable(house)
        world = World(fay, oli, people_of(fay, oli))

        for state, steps in TO_STATE.items():
            world.sessions[state] = drive(fay, planned(fay), steps)
            assert world.sessions[state].state == state
        world.sessions["with Ana"] = planned(fay, code="one-to-one", with_="A")
        world.sessions["written up"] = written_up(fay, at=NOW)
        released(fay, world.sessions["ended"])

        world.rituals["both"] = ritual(fay)
        world.rituals["Ana's"] = ritual(fay, owner=fay.a)
        world.rituals["Ben's"] = ritual(fay, owner=fay.b)
        deliveries.sweep(clock_now)
        for name, made_at in (("unused", NOW), ("used", NOW), ("too old", NOW - links.LIFE)):
            world.links[name] = token_of(links.make(partner=fay.a, channel=None, now=made_at))

        documents.prepare(world.sessions["ended"], now=NOW)
    return world


def couple_again(house: House) -> Couple:
    return Couple.objects.unscoped("a test looks again").get(pk=house.couple.pk)
