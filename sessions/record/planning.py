"""Planning: a format becomes a frozen plan. Stored as the header of a session file, without names."""

from collections.abc import Mapping
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
from sessions.engine.plan import Plan
from sessions.engine.session_file import plan_from
from sessions.engine.values import written
from sessions.models import Agreement, Session
from sessions.record import partings

# A session may run over by so much.
OVERRUN_MINUTES = 5
GENTLE_LEAST_MINUTES = 20


def plan_of(session: Session) -> Plan:
    return plan_from(session.plan)


def title_of(session: Session) -> str:
    known = FORMATS.get(session.format_code)
    return known.title if known else _("Session")


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
    goal: tuple[str, str] | None,
    now: datetime,
    room_until: datetime | None = None,
    pk: UUID | None = None,
) -> Session:
    """One meeting in one of the ready formats. `goal` is (category, wording); the format brings one by itself."""
    notes_may_be_kept(couple, with_)
    phases = chosen.phases_short if short else chosen.phases
    minutes = sum(phase.minutes for phase in phases)
    category, wording = goal or (chosen.serves[0], chosen.use)
    latest_end = room_until or planned_start + timedelta(minutes=minutes * 1.5)
    sign, return_sentence = partings.sign_of(couple.pk) if with_ == "both" else ("", "")
    header = {
        "session_file": 1,
        **({"phases": [_phase(phase) for phase in phases]} if short else {"format": chosen.code}),
        "zone": couple.zone,
        "language": couple.language,
        "first_speaker": first_speaker if with_ == "both" else with_,
        "planned_start": written(planned_start.astimezone(UTC)),
        "agreed_max_minutes": minutes + OVERRUN_MINUTES,
        "latest_end": written(latest_end.astimezone(UTC)),
        "joint_intention": "",
        "goals": [{"id": "G1", "category": category, "owner": "both", "wording": wording}],
        "exit_strategy": {
            "sign": sign,
            "minimum_minutes": GENTLE_LEAST_MINUTES,
            "return_sentence": return_sentence,
        },
        **({"with": with_} if with_ != "both" else {}),
    }
    return keep(couple=couple, facilitator=facilitator, header=header, code=chosen.code, now=now, pk=pk)


def notes_may_be_kept(couple: Couple, with_: str) -> None:
    """A planned session is notes, so whoever meets has said yes to them. A file that is read in was held already."""
    both = partners_of(couple.pk)
    meeting = both.values() if with_ == "both" else [both[with_]]
    if not all(consents.current(partner=each, scope=Consent.Scope.STORED_NOTES) for each in meeting):
        raise Refusal(
            gettext_noop("Not yet: nobody may keep notes here. Just the clock works, and nothing is kept."),
            "notes_not_kept",
        )


def _phase(phase: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        name: getattr(phase, name)
        for name in ("title", "kind", "goal", "minutes", "turn", "understanding_check")
    }
    shape["prompts"] = list(phase.prompts)
    return {**shape, **({"check_kind": phase.check_kind} if phase.check_kind else {})}


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
    nameless = {k: v for k, v in header.items() if k not in ("couple", "facilitator", "partners")}
    alone = partners_of(couple.pk)[plan.with_] if plan.with_ != "both" else None
    session = Session.objects.create(
        pk=pk or uuid4(),
        couple=couple,
        facilitator=facilitator,
        audience="OWN_F" if alone else "JOINT",
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


def day(text: object) -> date | None:
    """A date as a command carries it."""
    return date.fromisoformat(text) if isinstance(text, str) else None


@transaction.atomic
def ritual_of(agreement: Agreement, *, by: User, now: datetime, **facts: Any) -> Ritual:
    """A ritual proposed from an agreement; the link stands here, because rituals know nothing of sessions."""
    ritual = rituals.propose(couple=agreement.session.couple, by=by, now=now, **facts)
    Agreement.objects.unscoped("an agreement remembers its ritual").filter(pk=agreement.pk).update(
        ritual=ritual
    )
    return ritual
