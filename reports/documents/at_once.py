"""Papers made at once, without a row: all of a session for a replay, and the sheet at the door for the screen."""

from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation

from reports.contexts import DoorSheet
from reports.contexts.material import PaperFor
from reports.documents.content import Kind, Setting, content_of, rendered
from reports.documents.gathering import Look, gather
from sessions.engine.plan import Plan
from sessions.models import Session


@dataclass(frozen=True)
class Paper:
    """What a paper will say, gathered and frozen; rendering it asks nothing more of the database."""

    name: str
    kind: str
    content: Any
    setting: Setting
    author: str

    def render(self) -> bytes:
        return rendered(self.kind, self.content, self.setting, author=self.author)


def papers_of(session: Session) -> list[Paper]:
    """Every paper of a session as if all had been released, for replay. Writes no row."""
    setting = Setting(session.couple.language, large=False)
    author = session.couple.practice.neutral_name
    look = Look(session, "F")

    papers = []
    for name, kind, paper_for in _wanted(look.plan):
        content = _as_if_released(look, kind, paper_for, setting)
        if content is not None:
            papers.append(Paper(f"{name}.pdf", kind, content, setting, author))
    return papers


def _wanted(plan: Plan) -> list[tuple[str, Kind, PaperFor]]:
    """File name, kind and reader of each."""
    wanted: list[tuple[str, Kind, PaperFor]] = [("facilitator-record", Kind.FACILITATOR_RECORD, "F")]
    for slot in plan.partners:
        wanted.append((f"partner-{slot.lower()}", Kind.PARTNER_COPY, slot))  # type: ignore[arg-type]
    if plan.with_ == "both":
        wanted.append(("joint-summary", Kind.JOINT_SUMMARY, "both"))
        wanted.append(("agreement-sheet", Kind.AGREEMENT_SHEET, "both"))
    return wanted


def _as_if_released(look: Look, kind: Kind, paper_for: PaperFor, setting: Setting) -> Any:
    material = look.material(paper_for)
    meeting = replace(material.meeting, released_on=material.meeting.held_on)
    return content_of(kind, replace(material, meeting=meeting), paper_for, setting)


def sheet_at_the_door(session: Session) -> DoorSheet | None:
    """The same sheet for a screen, at once; made of joint rows only, whoever shows it."""
    with translation.override(session.couple.language):
        return DoorSheet.of(gather(session, "room").material)
