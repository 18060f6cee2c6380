"""Planning: a format becomes a frozen plan, stored as the header of a session file, without names."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from clients import consents
from clients.couples import partners_of
from clients.models import Consent, Couple
from clients.rituals import rituals
from clients.rituals.models import Ritual
from facilitator import audit
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import User
from sessions.engine.formats import FORMATS, Format
from sessions.engine.plan import Plan, PlannedPhase
from sessions.engine.session_file import plan_from
from sessions.engine.values import written
from sessions.models import Agreement, Session
from sessions.record import partings

# Minutes that a session may take beyond those of its parts before it is wrapping up.
OVERRUN_MINUTES = 5
# The least minutes of a cool-down where the couple named none.
LEAST_COOL_DOWN_MINUTES = 20
# Where nobody said how long the room is free, it is free for this many times the planned minutes.
ROOM_FACTOR = 1.5
# What a header says in names; a plan is kept without it.
WITH_NAMES = ("couple", "facilitator", "partners")

# A goal as (category, wording).
Goal = tuple[str, str]


def plan_of(session: Session) -> Plan:
    return plan_from(session.plan)


def title_of(session: Session) -> str:
    known = FORMATS.get(session.format_code)
    if known is None:
        return _("Session")
    return known.title


def day(text: object) -> date | None:
    """A date as a command carries it."""
    return date.fromisoformat(text) if isinstance(text, str) else None


# The header


@dataclass(frozen=True)
class Hours:
    """When a session is planned, and until when the room is free."""

    planned_start: datetime
    room_until: datetime | None = None


@dataclass(frozen=True)
class PauseSign:
    """The couple's own sign for a pause, and how they come back; empty where they have none."""

    sign: str = ""
    return_sentence: str = ""


def header_for(
    chosen: Format,
    *,
    zone: str,
    language: str,
    first_speaker: str,
    hours: Hours | None,
    short: bool = False,
    with_: str = "both",
    goals: Iterable[Goal] = (),
    intention: str = "",
    pause_sign: PauseSign = PauseSign(),
) -> dict[str, Any]:
    """The header of a session in one of the ready formats, without names.

    `hours` is None for a session that is written up afterwards. Where there is no goal, the format brings its own.
    """
    header: dict[str, Any] = {"session_file": 1}
    if short:
        header["phases"] = [written_phase(phase) for phase in chosen.phases_short]
    else:
        header["format"] = chosen.code

    header["zone"] = zone
    header["language"] = language
    is_with_one = with_ != "both"
    header["first_speaker"] = with_ if is_with_one else first_speaker
    if hours is not None:
        header.update(_written_hours(hours, chosen, short=short))

    wanted = list(goals) or [(chosen.serves[0], chosen.use)]
    header["joint_intention"] = intention
    header["goals"] = [
        {"id": f"G{number}", "category": category, "owner": "both", "wording": wording}
        for number, (category, wording) in enumerate(wanted, 1)
    ]
    header["exit_strategy"] = {
        "sign": pause_sign.sign,
        "minimum_minutes": LEAST_COOL_DOWN_MINUTES,
        "return_sentence": pause_sign.return_sentence,
    }
    if hours is None:
        header["timed"] = False
    if is_with_one:
        header["with"] = with_
    return header


def _written_hours(hours: Hours, chosen: Format, *, short: bool) -> dict[str, Any]:
    phases = chosen.phases_short if short else chosen.phases
    minutes = sum(phase.minutes for phase in phases)
    free_until = hours.room_until or hours.planned_start + timedelta(minutes=minutes * ROOM_FACTOR)
    return {
        "planned_start": written(hours.planned_start.astimezone(UTC)),
        "agreed_max_minutes": minutes + OVERRUN_MINUTES,
        "latest_end": written(free_until.astimezone(UTC)),
    }


def written_phase(phase: PlannedPhase) -> dict[str, Any]:
    """A part as a header carries it; what it does not have is left out."""
    shape = {name: value for name, value in asdict(phase).items() if value is not None}
    shape["prompts"] = list(phase.prompts)
    return shape


# Sessions


@transaction.atomic
def propose(
    *,
    couple: Couple,
    facilitator: User,
    chosen: Format,
    short: bool,
    first_speaker: str,
    with_: str,
    planned_start: datetime,
    goal: Goal | None,
    now: datetime,
    room_until: datetime | None = None,
    pk: UUID | None = None,
) -> Session:
    """One meeting in one of the ready formats; the format brings a goal where none is given."""
    refuse_without_notes(couple, with_)

    header = header_for(
        chosen,
        short=short,
        zone=couple.zone,
        language=couple.language,
        first_speaker=first_speaker,
        with_=with_,
        hours=Hours(planned_start, room_until),
        goals=[goal] if goal else [],
        pause_sign=pause_sign_for(couple, with_),
    )
    return keep(couple=couple, facilitator=facilitator, header=header, code=chosen.code, now=now, pk=pk)


def pause_sign_for(couple: Couple, with_: str) -> PauseSign:
    """The sign this couple took home last; a talk with one has none."""
    if with_ != "both":
        return PauseSign()
    return PauseSign(*partings.sign_of(couple.pk))


def refuse_without_notes(couple: Couple, with_: str) -> None:
    """A planned session is notes, so whoever meets has said yes to them. A file that is read in was held already."""
    meeting = partners_of(couple.pk)
    if with_ != "both":
        meeting = {with_: meeting[with_]}

    notes = Consent.Scope.STORED_NOTES
    if all(consents.current(partner=partner, scope=notes) for partner in meeting.values()):
        return

    raise Refusal(
        gettext_noop("Not yet: nobody may keep notes here. Just the clock works, and nothing is kept."),
        "notes_not_kept",
    )


@transaction.atomic
def keep(
    *,
    couple: Couple,
    facilitator: User,
    header: Mapping[str, Any],
    code: str = "",
    now: datetime,
    pk: UUID | None = None,
) -> Session:
    """A session from the header of a file; names stay with the partners they belong to."""
    plan = plan_from(header)
    nameless = {name: value for name, value in header.items() if name not in WITH_NAMES}

    alone = None
    audience = "JOINT"
    if plan.with_ != "both":
        alone = partners_of(couple.pk)[plan.with_]
        audience = "OWN_F"

    session = Session.objects.create(
        pk=pk or uuid4(),
        couple=couple,
        facilitator=facilitator,
        audience=audience,
        owner=alone,
        format_code=code or plan.format or "",
        plan=nameless,
        planned_start=plan.planned_start,
        planned_at=now,
    )
    audit.record(
        practice=couple.practice_id,
        actor=audit.actor_of(facilitator),
        action="session planned",
        subject=f"session:{session.pk}",
        at=now,
    )
    return session


@transaction.atomic
def ritual_of(agreement: Agreement, *, by: User, now: datetime, **facts: Any) -> Ritual:
    """A ritual proposed from an agreement; the link stands here, because rituals know nothing of sessions."""
    ritual = rituals.propose(couple=agreement.session.couple, by=by, now=now, **facts)
    agreements = Agreement.objects.unscoped("an agreement remembers its ritual")
    agreements.filter(pk=agreement.pk).update(ritual=ritual)
    return ritual
