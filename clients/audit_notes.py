"""What was done to a couple or to one of the two, noted in the audit log of their practice."""

from datetime import datetime

from clients.models import Couple, Partner
from facilitator import audit


def note_couple(couple: Couple, action: str, *, by: str, now: datetime) -> None:
    audit.record(practice=couple.practice_id, actor=by, action=action, subject=f"couple:{couple.pk}", at=now)


def note_partner(partner: Partner, action: str, *, by: str, now: datetime) -> None:
    practice_id = partner.couple.practice_id
    audit.record(practice=practice_id, actor=by, action=action, subject=f"partner:{partner.pk}", at=now)
