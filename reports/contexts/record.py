"""The facilitator's record: everything the care team may keep on paper, with the log as its appendix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import VoiceChart
from reports.contexts.joint import AgreementSeen, Foot, agreement, moment_of, written_up
from reports.contexts.material import Heard, Meeting, SeenLine
from reports.contexts.story import Told
from reports.contexts.tables import (
    Table,
    airtime,
    chart,
    checks,
    held,
    initials,
    log_table,
    needs,
    numbers,
    options,
    pauses,
    redirects,
    times,
    told_text,
)
from reports.contexts.words import clock, day, hour
from sessions.wording.codes import ENDED_HOW, FEAR_ANSWER, GOAL_VIEW, MILESTONE, RETREAT_VIEW, on_paper
from sessions.wording.moments import entry_name

# Guards whose very name would hint at the private talks.
NEVER_ON_PAPER = ("screening",)
LOG_ROWS = 1500


@dataclass(frozen=True)
class Block:
    """Something said: a short head, the words, and small lines under them."""

    head: str
    text: str
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class FacilitatorRecord:
    code: str
    day: str
    span: str
    format_title: str
    lead: str
    intention: str
    goals: tuple[Block, ...]
    frame: tuple[Block, ...]
    deviations: tuple[str, ...]
    times: Table | None
    chart: VoiceChart | None
    airtime: str
    pauses: Table | None
    checks: Table | None
    check_summary: str
    said: tuple[Block, ...]
    needs: Table | None
    redirects: Table | None
    fears: tuple[Block, ...]
    options: Table | None
    agreements: tuple[AgreementSeen, ...]
    numbers: Table | None
    views: tuple[Block, ...]
    milestones: tuple[str, ...]
    notes: tuple[str, ...]
    follow_up: tuple[str, ...]
    log: Table
    log_cut: int
    foot: Foot

    @classmethod
    def of(cls, heard: Heard) -> "FacilitatorRecord":
        told, meeting = Told(heard, "F"), heard.meeting
        who = initials(meeting.names)
        log = [line for line in heard.lines if line.audience not in ("OWN", "SYS")]
        return cls(
            code=meeting.code,
            day=day(meeting.held_on),
            span=span(meeting),
            format_title=meeting.format_title,
            lead=who.get("F", ""),
            intention=meeting.joint_intention,
            goals=tuple(goal_blocks(told, who)),
            frame=tuple(frame(heard)),
            deviations=tuple(deviations(told, heard)),
            times=times(heard, who) if meeting.timed else None,
            chart=chart(heard, who) if meeting.timed else None,
            airtime=airtime(heard, who) if meeting.timed else "",
            pauses=pauses(heard, who) if meeting.timed else None,
            checks=checks(told, who),
            check_summary=check_summary(heard.figures),
            said=tuple(said(told, who)),
            needs=needs(told, who),
            redirects=redirects(told),
            fears=tuple(fears(told, who)),
            options=options(told, who),
            agreements=tuple(agreement(draft, told) for draft in told.agreements),
            numbers=numbers(told, who),
            views=tuple(
                Block(who.get(line.said_by, ""), on_paper(RETREAT_VIEW, line.get("view")))
                for line in told.of_kind("retreat_view_given")
            ),
            milestones=tuple(on_paper(MILESTONE, what) for what in told.milestones),
            notes=tuple(line.get("text") for line in told.of_kind("note") if line.get("text")),
            follow_up=tuple(follow_up(told)),
            log=log_table(log[:LOG_ROWS], meeting, who, heard.due if meeting.timed else ()),
            log_cut=max(0, len(log) - LOG_ROWS),
            foot=Foot(_("Facilitator's record"), meeting.code, meeting.version, "", draft=False),
        )


def span(meeting: Meeting) -> str:
    if not meeting.timed:
        return written_up(meeting)
    if meeting.started_at is None or meeting.ended_at is None:
        return meeting.zone
    begin, end = meeting.local(meeting.started_at), meeting.local(meeting.ended_at)
    return f"{hour(begin)}–{hour(end)} ({meeting.zone})"


def aloud(line: SeenLine) -> tuple[str, ...]:
    return (_("said aloud, entered at the desk"),) if line.told_to else ()


def goal_blocks(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for goal in told.heard.meeting.goals:
        views = told.goal_views.get(goal.id, {})
        line = " · ".join(f"{who[slot]} {on_paper(GOAL_VIEW, view)}" for slot, view in sorted(views.items()))
        blocks.append(Block(who.get(goal.owner, ""), goal.wording, (line,) if line else ()))
    return blocks


def frame(heard: Heard) -> list[Block]:
    """The agreed frame beside what became of it."""
    meeting, figures = heard.meeting, heard.figures
    rows = [Block(_("Ended"), on_paper(ENDED_HOW, figures["ended_how"]))]
    if meeting.timed:
        rows.append(Block(_("Whole time"), clock(figures["wall_s"])))
        rows.append(Block(_("Talked"), clock(figures["active_s"])))
        rows.append(Block(_("Brief pauses"), clock(figures["brief_pause_s"])))
        rows.append(Block(_("Cool-down"), clock(figures["cool_down_s"])))
        rows.append(Block(_("Talks with each"), clock(figures["caucus_s"])))
        if meeting.agreed_max_minutes:
            rows.append(Block(_("Agreed maximum"), clock(meeting.agreed_max_minutes * 60)))
        if meeting.latest_end:
            rows.append(Block(_("Latest end"), hour(meeting.local(meeting.latest_end))))
    if next_meeting := moment_of(meeting):
        rows.append(Block(_("Next meeting"), next_meeting))
    return rows


def deviations(told: Told, heard: Heard) -> list[str]:
    titles = {n: phase.title for n, phase in enumerate(heard.plan.phases, start=1)}
    changed = []
    for line in told.of_kind("phase_set_aside", "phase_returned"):
        changed.append(f"{entry_name(line.kind)}: {line.get('phase')} {titles.get(line.get('phase'), '')}")
    for line in told.of_kind("minutes_added"):
        changed.append(
            _("%(n)s minutes added to phase %(phase)s")
            % {"n": line.get("minutes"), "phase": line.get("phase")}
        )
    extended = heard.figures.get("extensions") or {}
    if extended.get("proposed"):
        changed.append(
            _("More time: proposed %(proposed)s, agreed %(agreed)s, %(minutes)s minutes")
            % {
                "proposed": extended["proposed"],
                "agreed": extended["agreed"],
                "minutes": extended.get("minutes", 0),
            }
        )
    for line in told.of_kind("guard_set_aside"):
        if not any(code.startswith(NEVER_ON_PAPER) for code in line.get("codes") or ()):
            changed.append(
                ": ".join(str(part) for part in (entry_name(line.kind), line.get("reason")) if part)
            )
    return changed


def check_summary(figures: Mapping[str, Any]) -> str:
    counts = figures.get("checks") or {}
    if not counts.get("opened"):
        return ""
    return (
        _(
            "Opened %(opened)s, answered %(answered)s, confirmed %(confirmed)s "
            "(at the first try %(first_try)s), set aside %(set_aside)s, carried over %(carried)s; "
            "corrections %(corrections)s."
        )
        % counts
    )


def said(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for ident, line in told.statements.items():
        under = [", ".join(line.get("feelings") or ())] if line.get("feelings") and not line.held_back else []
        under += [f"{who.get(v.said_by, '')} “{told_text(v)}”" for v in told.validations_of(ident)]
        author = "" if line.held_back else who.get(line.said_by, "")
        blocks.append(
            Block(" · ".join(p for p in (ident, author) if p), told_text(line), (*under, *aloud(line)))
        )
    for line in told.of_kind("retreat_purpose_acknowledged", "phrase_used", "closing_word"):
        author = "" if line.held_back else who.get(line.said_by, "")
        blocks.append(Block(" · ".join(p for p in (author, entry_name(line.kind)) if p), told_text(line)))
    return blocks


def fears(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for fear in told.fears.values():
        if not fear.accepted:
            # The words of a guess that was turned down are on no paper.
            blocks.append(Block(fear.id, _("a guess was offered and left")))
            continue
        own = fear.own_words
        words = (
            [f"{who.get(fear.to, '')} “{held() if own.held_back else own.get('own_words')}”"] if own else []
        )
        words += [f"{who.get(v.said_by, '')} “{told_text(v)}”" for v in told.validations_of(fear.id)]
        answer = on_paper(FEAR_ANSWER, fear.answer)
        blocks.append(
            Block(" · ".join(p for p in (fear.id, who.get(fear.to), answer) if p), fear.wording, tuple(words))
        )
    return blocks


def follow_up(told: Told) -> list[str]:
    ahead = [_("Check %(id)s carried over") % {"id": c.id} for c in told.checks.values() if c.state == "open"]
    ahead += [_("For another day: %(text)s") % {"text": told_text(line)} for line in told.parked]
    for draft in told.agreements:
        again = agreement(draft, told).look_again
        if again:
            ahead.append(_("%(id)s: look again on %(day)s") % {"id": draft.id, "day": again})
    ahead += [_("%(id)s is still a draft") % {"id": d.id} for d in told.drafts.values() if not d.in_force]
    return ahead
