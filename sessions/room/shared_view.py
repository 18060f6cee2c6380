"""What the shared screen shows: whose turn, what this part is for, a calm clock. Read as the room, which knows
only what both may know; shaped as absolute instants, so that one state gives one fragment."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from clients.access import AsRoom
from clients.couples import partners_of
from clients.models import Partner
from clients.words import GROUND_RULES
from sessions.engine import clock
from sessions.engine.plan import Plan, PlannedPhase
from sessions.models import Agreement, Line, Parting, Session
from sessions.record import moment_rows
from sessions.record.corrected import SpokenLine, spoken_lines
from sessions.record.planning import plan_of
from sessions.wording.goals import came_for

LIVE = ("running", "wrapping_up")


@dataclass(frozen=True)
class Part:
    """The part that is going on, and where its minutes stand."""

    title: str
    prompts: tuple[str, ...]
    number: int
    of: int
    planned_s: int
    ends_at: datetime | None
    left_s: int | None


@dataclass(frozen=True)
class Turn:
    """Whose turn it is: one partner, or a word for both, for the facilitator, for quiet."""

    partner: Partner | None
    people: tuple[Partner, ...]
    words: str


def shown(session: Session, now: datetime) -> dict[str, Any]:
    """`session` was found as the room. Names of the two are asked of their couple."""
    viewer, plan = AsRoom(session.pk), plan_of(session)
    moments, _last = moment_rows.read(session.pk)
    reading = clock.read(plan, clock.fold(plan, moments), now)
    both = partners_of(session.couple_id)
    people = tuple(both[slot] for slot in plan.partners)
    parting = Parting.objects.visible_to(viewer).filter(session=session).first()
    lines = spoken_lines(Line.objects.visible_to(viewer).filter(session=session))
    return {
        "people": people,
        "state": "running" if reading.state in LIVE else reading.state,
        "settling": bool(reading.pause and reading.pause.kind == "settling"),
        "back_at": reading.return_at if reading.state == "cooling_down" else None,
        "part": _part(plan, reading),
        "turn": _turn(session, plan, reading, people),
        "rules": GROUND_RULES if reading.phase == 1 and reading.state in LIVE else (),
        "goals": [came_for(goal.wording) for goal in plan.goals if goal.owner == "both" and goal.wording],
        "intention": plan.joint_intention,
        "agreements": _agreements(session, viewer, lines),
        "later": [line.words["text"] for line in lines if line.kind == "idea_parked"],
        "sign": (parting and parting.sign) or plan.exit_strategy.sign,
        "return_sentence": (parting and parting.return_sentence) or plan.exit_strategy.return_sentence,
        "farewell": parting.line if parting and reading.state == "ended" else "",
    }


def _agreements(session: Session, viewer: AsRoom, lines: list[SpokenLine]) -> list[str]:
    confirmed = Agreement.objects.visible_to(viewer).filter(session=session, confirmed_at__isnull=False)
    refs = set(confirmed.values_list("ref", flat=True))
    return [line.words["text"] for line in lines if line.kind == "compromise_drafted" and line.ref in refs]


def _phase(plan: Plan, reading: clock.Reading) -> PlannedPhase | None:
    return plan.phases[reading.phase - 1] if reading.phase else None


def _part(plan: Plan, reading: clock.Reading) -> Part | None:
    phase = _phase(plan, reading)
    if phase is None or reading.phase is None or reading.state == "ended":
        return None
    run, left = reading.phases[reading.phase - 1], reading.phase_remaining_s
    ticking = reading.state in LIVE and left is not None
    ends = reading.now.replace(microsecond=0) + timedelta(seconds=left or 0)
    return Part(
        phase.title,
        phase.prompts,
        reading.phase,
        len(plan.phases),
        run.planned_s + run.extended_s,
        ends if ticking else None,
        None if ticking else left,
    )


def _turn(session: Session, plan: Plan, reading: clock.Reading, people: tuple[Partner, ...]) -> Turn | None:
    if reading.state not in LIVE:
        return None
    for partner in people:
        if partner.slot == reading.floor:
            return Turn(partner, people, partner.name)
    phase = _phase(plan, reading)
    match phase.turn if phase else "":
        case "facilitator":
            return Turn(None, (), session.facilitator.name)
        case "quiet":
            return Turn(None, (), _("a quiet moment"))
        case _:
            return Turn(None, people, " · ".join(partner.name for partner in people))


def tag(html: str) -> str:
    """The fragment's tag: whoever looks again and finds the same gets no bytes."""
    return f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
