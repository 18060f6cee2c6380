"""What the shared screen shows: whose turn, what this part is for, a calm clock.

Read as the room, which knows only what both may know. Instants are absolute, so that one state gives one fragment.
"""

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
    # While the clock runs, when the minutes are over; while it rests, how many seconds are left.
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
    viewer = AsRoom(session.pk)
    plan = plan_of(session)
    moments, _last = moment_rows.read(session.pk)
    reading = clock.read(plan, clock.fold(plan, moments), now)

    both = partners_of(session.couple_id)
    people = tuple(both[slot] for slot in plan.partners)
    parting = Parting.objects.visible_to(viewer).filter(session=session).first()
    lines = spoken_lines(Line.objects.visible_to(viewer).filter(session=session))

    context: dict[str, Any] = {
        "people": people,
        "names": _names(people),
        "part": _part(plan, reading),
        "turn": _turn(session, plan, reading, people),
        "goals": [came_for(goal.wording) for goal in plan.goals if goal.owner == "both" and goal.wording],
        "intention": plan.joint_intention,
        "agreements": _agreements(session, viewer, lines),
        "later": [line.words["text"] for line in lines if line.kind == "idea_parked"],
    }
    context.update(_where(reading))
    context.update(_taken_home(plan, reading, parting))
    return context


def _where(reading: clock.Reading) -> dict[str, Any]:
    """Where the session is; wrapping up looks like any other minute of it."""
    is_live = reading.state in LIVE
    is_cooling_down = reading.state == "cooling_down"
    is_opening = is_live and reading.phase == 1

    return {
        "state": "running" if is_live else reading.state,
        "settling": reading.pause is not None and reading.pause.kind == "settling",
        "back_at": reading.return_at if is_cooling_down else None,
        "rules": GROUND_RULES if is_opening else (),
    }


def _taken_home(plan: Plan, reading: clock.Reading, parting: Parting | None) -> dict[str, str]:
    """The sign for a pause and the way back, as they were said last; at the end the line to go home with."""
    sign = plan.exit_strategy.sign
    return_sentence = plan.exit_strategy.return_sentence
    farewell = ""

    if parting is not None:
        sign = parting.sign or sign
        return_sentence = parting.return_sentence or return_sentence
        if reading.state == "ended":
            farewell = parting.line

    return {"sign": sign, "return_sentence": return_sentence, "farewell": farewell}


def _agreements(session: Session, viewer: AsRoom, lines: list[SpokenLine]) -> list[str]:
    """The words of what both confirmed."""
    confirmed = Agreement.objects.visible_to(viewer).filter(session=session, confirmed_at__isnull=False)
    refs = set(confirmed.values_list("ref", flat=True))

    return [line.words["text"] for line in lines if line.kind == "compromise_drafted" and line.ref in refs]


def _phase(plan: Plan, reading: clock.Reading) -> PlannedPhase | None:
    if not reading.phase:
        return None
    return plan.phases[reading.phase - 1]


def _part(plan: Plan, reading: clock.Reading) -> Part | None:
    phase = _phase(plan, reading)
    if phase is None or reading.phase is None or reading.state == "ended":
        return None

    left_s = reading.phase_remaining_s
    ends_at = None
    if left_s is not None and reading.state in LIVE:
        ends_at = reading.now.replace(microsecond=0) + timedelta(seconds=left_s)
        left_s = None

    run = reading.phases[reading.phase - 1]
    return Part(
        title=phase.title,
        prompts=phase.prompts,
        number=reading.phase,
        of=len(plan.phases),
        planned_s=run.planned_s + run.extended_s,
        ends_at=ends_at,
        left_s=left_s,
    )


def _turn(session: Session, plan: Plan, reading: clock.Reading, people: tuple[Partner, ...]) -> Turn | None:
    if reading.state not in LIVE:
        return None
    for partner in people:
        if partner.slot == reading.floor:
            return Turn(partner, people, partner.name)

    phase = _phase(plan, reading)
    turn = phase.turn if phase else ""
    if turn == "facilitator":
        return Turn(None, (), session.facilitator.name)
    if turn == "quiet":
        return Turn(None, (), _("a quiet moment"))
    return Turn(None, people, _names(people))


def _names(people: tuple[Partner, ...]) -> str:
    return " · ".join(partner.name for partner in people)


def tag(html: str) -> str:
    """The fragment's tag: whoever looks again and finds the same gets no bytes."""
    return f'"{hashlib.sha256(html.encode()).hexdigest()[:32]}"'
