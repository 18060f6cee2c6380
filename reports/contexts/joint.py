"""The summary for both: what was felt, needed, meant and agreed. No measure of anybody."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.contexts.material import Material, PaperFor, SeenLine
from reports.contexts.pieces import (
    AgreementSeen,
    Foot,
    PauseSign,
    agreement,
    foot,
    next_meeting,
    pause_sign,
    people,
    phrases,
    written_up,
)
from reports.contexts.story import Story
from reports.contexts.words import day, minutes
from sessions.wording.codes import GOAL_VIEW, MILESTONE, on_paper
from sessions.wording.goals import came_for


@dataclass(frozen=True)
class Answer:
    """What the other said to it. `own_only`: its author holds it back, and this is the author's copy."""

    name: str
    text: str
    own_only: bool = False


@dataclass(frozen=True)
class Quote:
    text: str
    feelings: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    own_only: bool = False


@dataclass(frozen=True)
class NeedSaid:
    need: str
    wish: str
    both: bool
    quote: Quote | None
    own_only: bool = False


@dataclass(frozen=True)
class Side:
    slot: str
    name: str
    initial: str
    said: tuple[Quote, ...]
    needs: tuple[NeedSaid, ...]
    fears: tuple[Quote, ...]
    seen: tuple[Quote, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.said or self.needs or self.fears or self.seen)


@dataclass(frozen=True)
class GoalSeen:
    wording: str
    whose: str
    views: tuple[Answer, ...]


@dataclass(frozen=True)
class JointSummary:
    # A talk with one: the same page, without anything that two do together.
    alone: bool

    day: str
    people: str
    format_title: str
    length: str
    from_name: str
    opening_words: str

    intention: str
    goals: tuple[GoalSeen, ...]
    sides: tuple[Side, ...]
    said_back: str

    agreements: tuple[AgreementSeen, ...]
    still_open: tuple[str, ...]
    another_day: tuple[str, ...]

    milestones: tuple[str, ...]
    phrases: tuple[str, ...]
    closing: tuple[Answer, ...]

    next_meeting: str
    pause: PauseSign | None
    foot: Foot

    @classmethod
    def of(cls, material: Material, paper_for: PaperFor = "both") -> "JointSummary":
        meeting = material.meeting
        story = Story(material, paper_for)
        sides = [side(story, slot) for slot in meeting.order]

        return cls(
            alone=meeting.who_meets != "both",
            day=day(meeting.held_on),
            people=people(meeting),
            format_title=meeting.format_title,
            length=length(material),
            from_name=meeting.names.get("F", ""),
            opening_words=meeting.opening_words,
            intention=meeting.joint_intention,
            goals=tuple(goals(story)),
            sides=tuple(one for one in sides if not one.is_empty),
            said_back=said_back(len(story.confirmed_checks)),
            agreements=tuple(agreement(draft, story) for draft in story.agreements),
            still_open=tuple(still_open(story)),
            another_day=tuple(line.get("text") for line in story.parked if line.get("text")),
            milestones=tuple(on_paper(MILESTONE, what) for what in story.milestones),
            phrases=tuple(phrases(story)),
            closing=tuple(closing(story)),
            next_meeting=next_meeting(meeting),
            pause=pause_sign(meeting),
            foot=foot(meeting, _("Summary"), draft=meeting.released_on is None),
        )


def length(material: Material) -> str:
    """Talked and rested, and nothing finer: no share of anybody."""
    meeting = material.meeting
    if not meeting.timed:
        return written_up(meeting)

    figures = material.figures
    said = [_("talked %(time)s") % {"time": minutes(figures["active_s"])}]

    rested = figures["brief_pause_s"] + figures["cool_down_s"]
    if rested:
        said.append(_("rested %(time)s") % {"time": minutes(rested)})

    if figures["caucus_s"]:
        said.append(
            _("each on your own with %(name)s, %(time)s together")
            % {"name": meeting.names.get("F", ""), "time": minutes(figures["caucus_s"])}
        )

    return " · ".join(said)


def said_back(n: int) -> str:
    if n == 0:
        return ""
    return ngettext(
        "%(n)d thing was said back and confirmed.", "%(n)d things were said back and confirmed.", n
    ) % {"n": n}


def goals(story: Story) -> list[GoalSeen]:
    """What they came for, and how each who met sees it now."""
    meeting = story.material.meeting

    seen = []
    for goal in meeting.goals:
        views = story.goal_views.get(goal.id, {})
        answers = [
            Answer(meeting.names[slot], on_paper(GOAL_VIEW, views[slot]))
            for slot in meeting.order
            if slot in views
        ]
        whose = "" if goal.owner == "both" else meeting.names.get(goal.owner, "")
        seen.append(GoalSeen(came_for(goal.wording), whose, tuple(answers)))
    return seen


def side(story: Story, slot: str) -> Side:
    """What one of the two said: statements, needs, fears, and what they saw in stepping back."""
    name = story.material.meeting.names[slot]
    return Side(
        slot=slot,
        name=name,
        initial=name[:1].upper(),
        said=tuple(statements(story, slot)),
        needs=tuple(needs(story, slot)),
        fears=tuple(fears(story, slot)),
        seen=tuple(purposes_seen(story, slot)),
    )


def statements(story: Story, slot: str) -> list[Quote]:
    """Those that stand by themselves; the others stand with the need they name."""
    with_a_need = {line.get("statement") for line in story.needs.values()}
    return [
        quote(line, story, ident)
        for ident, line in story.statements.items()
        if line.said_by == slot and ident not in with_a_need
    ]


def fears(story: Story, slot: str) -> list[Quote]:
    return [
        quote(fear.own_words, story, fear.id)
        for fear in story.fears.values()
        if fear.own_words is not None and fear.own_words.said_by == slot and fear.accepted
    ]


def purposes_seen(story: Story, slot: str) -> list[Quote]:
    return [
        Quote(line.get("text"), own_only=line.held_back)
        for line in story.of_kind("retreat_purpose_acknowledged")
        if line.said_by == slot and line.get("text")
    ]


def quote(line: SeenLine, story: Story, ref: str) -> Quote:
    """Somebody's words, with what was meant by them and what the other answered."""
    names = story.material.meeting.names
    answers = [
        Answer(names.get(answer.said_by, ""), answer.get("text") or "", answer.held_back)
        for answer in story.validations_of(ref)
        if answer.get("text")
    ]

    return Quote(
        text=line.get("text") or line.get("own_words") or "",
        feelings=tuple(line.get("feelings") or ()),
        meant=tuple(meant for check in story.checks_of(ref) for meant in check.meant),
        answers=tuple(answers),
        own_only=line.held_back,
    )


def needs(story: Story, slot: str) -> list[NeedSaid]:
    """A need that both said stands on both sides."""
    named = [need_named(line, story, slot) for line in story.needs.values() if slot in owners_of(line)]

    # A statement may name a need in passing.
    for line in story.statements.values():
        if line.said_by == slot and line.get("need") and line.kind != "need_named":
            named.append(NeedSaid(line.get("need"), "", both=False, quote=None, own_only=line.held_back))

    return each_once(named)


def owners_of(line: SeenLine) -> set[str]:
    return set(line.get("shared_by") or ()) | {line.said_by}


def need_named(line: SeenLine, story: Story, slot: str) -> NeedSaid:
    """The words and the wish stand with whoever said them."""
    is_speaker = line.said_by == slot

    said = None
    if is_speaker and line.get("statement"):
        said = quote(line, story, line.get("statement"))

    return NeedSaid(
        need=line.get("need") or "",
        wish=(line.get("wish") or "") if is_speaker else "",
        both=len(owners_of(line)) > 1,
        quote=said,
        own_only=line.held_back,
    )


def each_once(named: list[NeedSaid]) -> list[NeedSaid]:
    """The same bare need said twice is printed once."""
    kept: dict[tuple[str, str], NeedSaid] = {}
    for one in named:
        is_known = any(need == one.need for need, _words in kept)
        if one.quote is None and is_known:
            continue

        words = one.quote.text if one.quote else one.wish
        kept[one.need, words] = one
    return list(kept.values())


def still_open(story: Story) -> list[str]:
    drafts = [draft.line.get("text") for draft in story.open_drafts]
    options = [line.get("text") for line in story.open_options]
    return [text for text in drafts + options if text]


def closing(story: Story) -> list[Answer]:
    """Each one's word on the way home, the first speaker's first."""
    meeting = story.material.meeting
    return [
        Answer(meeting.names[slot], line.get("text"), line.held_back)
        for slot in meeting.order
        for line in story.of_kind("closing_word")
        if line.said_by == slot and line.get("text")
    ]
