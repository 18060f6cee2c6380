"""The facilitator's record: everything the care team may keep on paper, with the log as its appendix."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import VoiceChart
from reports.contexts import tables
from reports.contexts.material import Material, Meeting, SeenLine
from reports.contexts.pieces import AgreementSeen, Foot, agreement, next_meeting, written_up
from reports.contexts.story import Fear, Story
from reports.contexts.tables import Table, held_back, initials, printed_text
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
    def of(cls, material: Material) -> "FacilitatorRecord":
        meeting = material.meeting
        story = Story(material, "F")
        who = initials(meeting.names)

        timed = meeting.timed
        log = [line for line in material.lines if line.audience not in ("OWN", "SYS")]
        due = material.due if timed else ()

        return cls(
            code=meeting.code,
            day=day(meeting.held_on),
            span=span(meeting),
            format_title=meeting.format_title,
            lead=who.get("F", ""),
            intention=meeting.joint_intention,
            goals=tuple(goals(story, who)),
            frame=tuple(frame(material)),
            deviations=tuple(deviations(story)),
            times=tables.times(material, who) if timed else None,
            chart=tables.chart(material, who) if timed else None,
            airtime=tables.airtime(material, who) if timed else "",
            pauses=tables.pauses(material, who) if timed else None,
            checks=tables.checks(story, who),
            check_summary=check_summary(material.figures),
            said=tuple(said(story, who)),
            needs=tables.needs(story, who),
            redirects=tables.redirects(story),
            fears=tuple(fear_block(fear, story, who) for fear in story.fears.values()),
            options=tables.options(story, who),
            agreements=tuple(agreement(draft, story) for draft in story.agreements),
            numbers=tables.numbers(story, who),
            views=tuple(views(story, who)),
            milestones=tuple(on_paper(MILESTONE, what) for what in story.milestones),
            notes=tuple(line.get("text") for line in story.of_kind("note") if line.get("text")),
            follow_up=tuple(follow_up(story)),
            log=tables.log(log[:LOG_ROWS], meeting, who, due),
            log_cut=max(0, len(log) - LOG_ROWS),
            foot=Foot(_("Facilitator's record"), meeting.code, meeting.version, "", draft=False),
        )


def span(meeting: Meeting) -> str:
    """From when to when, with the zone named."""
    if not meeting.timed:
        return written_up(meeting)

    if meeting.started_at is None or meeting.ended_at is None:
        return meeting.zone

    begin = hour(meeting.local(meeting.started_at))
    end = hour(meeting.local(meeting.ended_at))
    return f"{begin}–{end} ({meeting.zone})"


def goals(story: Story, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for goal in story.material.meeting.goals:
        views = story.goal_views.get(goal.id, {})
        seen = [f"{who[slot]} {on_paper(GOAL_VIEW, view)}" for slot, view in sorted(views.items())]
        under = (" · ".join(seen),) if seen else ()
        blocks.append(Block(who.get(goal.owner, ""), goal.wording, under))
    return blocks


def frame(material: Material) -> list[Block]:
    """The agreed frame beside what became of it."""
    meeting = material.meeting
    rows = [Block(_("Ended"), on_paper(ENDED_HOW, material.figures["ended_how"]))]

    if meeting.timed:
        rows += frame_of_time(material)

    following = next_meeting(meeting)
    if following:
        rows.append(Block(_("Next meeting"), following))
    return rows


def frame_of_time(material: Material) -> list[Block]:
    meeting = material.meeting
    figures = material.figures

    rows = [
        Block(_("Whole time"), clock(figures["wall_s"])),
        Block(_("Talked"), clock(figures["active_s"])),
        Block(_("Brief pauses"), clock(figures["brief_pause_s"])),
        Block(_("Cool-down"), clock(figures["cool_down_s"])),
        Block(_("Talks with each"), clock(figures["caucus_s"])),
    ]
    if meeting.agreed_max_minutes:
        rows.append(Block(_("Agreed maximum"), clock(meeting.agreed_max_minutes * 60)))
    if meeting.latest_end:
        rows.append(Block(_("Latest end"), hour(meeting.local(meeting.latest_end))))
    return rows


def deviations(story: Story) -> list[str]:
    """What was changed on the way: phases, minutes, and guards that were set aside."""
    return [
        *changed_phases(story),
        *added_minutes(story),
        *more_time(story.material.figures.get("extensions") or {}),
        *guards_set_aside(story),
    ]


def changed_phases(story: Story) -> list[str]:
    titles = {n: phase.title for n, phase in enumerate(story.material.plan.phases, start=1)}

    changed = []
    for line in story.of_kind("phase_set_aside", "phase_returned"):
        phase = line.get("phase")
        changed.append(f"{entry_name(line.kind)}: {phase} {titles.get(phase, '')}")
    return changed


def added_minutes(story: Story) -> list[str]:
    return [
        _("%(n)s minutes added to phase %(phase)s") % {"n": line.get("minutes"), "phase": line.get("phase")}
        for line in story.of_kind("minutes_added")
    ]


def more_time(extensions: Mapping[str, Any]) -> list[str]:
    if not extensions.get("proposed"):
        return []

    counts = {
        "proposed": extensions["proposed"],
        "agreed": extensions["agreed"],
        "minutes": extensions.get("minutes", 0),
    }
    return [_("More time: proposed %(proposed)s, agreed %(agreed)s, %(minutes)s minutes") % counts]


def guards_set_aside(story: Story) -> list[str]:
    said = []
    for line in story.of_kind("guard_set_aside"):
        if any(code.startswith(NEVER_ON_PAPER) for code in line.get("codes") or ()):
            continue

        name = str(entry_name(line.kind))
        reason = line.get("reason")
        said.append(f"{name}: {reason}" if reason else name)
    return said


def check_summary(figures: Mapping[str, Any]) -> str:
    counts = figures.get("checks") or {}
    if not counts.get("opened"):
        return ""

    text = _(
        "Opened %(opened)s, answered %(answered)s, confirmed %(confirmed)s "
        "(at the first try %(first_try)s), set aside %(set_aside)s, carried over %(carried)s; "
        "corrections %(corrections)s."
    )
    return text % counts


def said(story: Story, who: Mapping[str, str]) -> list[Block]:
    statements = [statement_block(ident, line, story, who) for ident, line in story.statements.items()]
    others = story.of_kind("retreat_purpose_acknowledged", "phrase_used", "closing_word")
    return statements + [other_block(line, who) for line in others]


def statement_block(ident: str, line: SeenLine, story: Story, who: Mapping[str, str]) -> Block:
    """A statement with its feelings, what the other answered, and whether it was said aloud."""
    under = []
    feelings = line.get("feelings")
    if feelings and not line.held_back:
        under.append(", ".join(feelings))

    under += answers(story, ident, who)
    if line.told_to:
        under.append(_("said aloud, entered at the desk"))

    return Block(head(ident, author_of(line, who)), printed_text(line), tuple(under))


def other_block(line: SeenLine, who: Mapping[str, str]) -> Block:
    return Block(head(author_of(line, who), entry_name(line.kind)), printed_text(line))


def head(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def author_of(line: SeenLine, who: Mapping[str, str]) -> str:
    """Nobody where it is held back: who held something back is on no paper."""
    return "" if line.held_back else who.get(line.said_by, "")


def answers(story: Story, ref: str, who: Mapping[str, str]) -> list[str]:
    """What made sense to the other."""
    return [f"{who.get(line.said_by, '')} “{printed_text(line)}”" for line in story.validations_of(ref)]


def fear_block(fear: Fear, story: Story, who: Mapping[str, str]) -> Block:
    if not fear.accepted:
        # The words of a guess that was turned down are on no paper.
        return Block(fear.id, _("a guess was offered and left"))

    under = []
    own = fear.own_words
    if own is not None:
        words = held_back() if own.held_back else own.get("own_words")
        under.append(f"{who.get(fear.to, '')} “{words}”")
    under += answers(story, fear.id, who)

    answer = on_paper(FEAR_ANSWER, fear.answer)
    return Block(head(fear.id, who.get(fear.to), answer), fear.wording, tuple(under))


def views(story: Story, who: Mapping[str, str]) -> list[Block]:
    """How each saw the stepping back."""
    return [
        Block(who.get(line.said_by, ""), on_paper(RETREAT_VIEW, line.get("view")))
        for line in story.of_kind("retreat_view_given")
    ]


def follow_up(story: Story) -> list[str]:
    """What is left for another time: open checks, parked ideas, days to look again, drafts."""
    carried = [check.id for check in story.checks.values() if check.state == "open"]
    ahead = [_("Check %(id)s carried over") % {"id": ident} for ident in carried]
    ahead += [_("For another day: %(text)s") % {"text": printed_text(line)} for line in story.parked]

    for draft in story.agreements:
        again = agreement(draft, story).look_again
        if again:
            ahead.append(_("%(id)s: look again on %(day)s") % {"id": draft.id, "day": again})

    ahead += [_("%(id)s is still a draft") % {"id": draft.id} for draft in story.open_drafts]
    return ahead
