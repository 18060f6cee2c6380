"""The summary for both: what was felt, needed, meant and agreed. No measure of anybody."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.contexts.material import Heard, Meeting, Reader, SeenLine
from reports.contexts.story import Draft, Told
from reports.contexts.words import day, hour, iso_day, listed, minutes
from sessions.wording.codes import GOAL_VIEW, MILESTONE, on_paper
from sessions.wording.goals import came_for


@dataclass(frozen=True)
class Foot:
    kind: str
    label: str
    version: int
    released: str
    draft: bool


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
class Part:
    name: str
    what: str


@dataclass(frozen=True)
class Confirmation:
    name: str
    on: str
    aloud: bool


@dataclass(frozen=True)
class AgreementSeen:
    text: str
    parts: tuple[Part, ...]
    starts: str
    trial_until: str
    look_again: str
    looks_after: tuple[str, ...]
    if_not_working: str
    confirmed: tuple[Confirmation, ...]

    @property
    def dates(self) -> str:
        said = []
        if self.starts:
            said.append(_("from %(day)s") % {"day": self.starts})
        if self.trial_until and self.trial_until != self.look_again:
            said.append(_("on trial until %(day)s") % {"day": self.trial_until})
        if self.look_again:
            said.append(_("look again on %(day)s") % {"day": self.look_again})
        return " · ".join(said)


@dataclass(frozen=True)
class PauseSign:
    sign: str
    least: str
    sentence: str


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
    def of(cls, heard: Heard, reader: Reader = "both") -> "JointSummary":
        told, meeting = Told(heard, reader), heard.meeting
        sides = tuple(side(told, slot) for slot in meeting.order)
        return cls(
            alone=meeting.who_meets != "both",
            day=day(meeting.held_on),
            people=people(meeting),
            format_title=meeting.format_title,
            length=length(heard),
            from_name=meeting.names.get("F", ""),
            opening_words=meeting.opening_words,
            intention=meeting.joint_intention,
            goals=tuple(goals(told)),
            sides=tuple(one for one in sides if not one.is_empty),
            said_back=said_back(len(told.confirmed_checks)),
            agreements=tuple(agreement(draft, told) for draft in told.agreements),
            still_open=tuple(still_open(told)),
            another_day=tuple(line.get("text") for line in told.parked if line.get("text")),
            milestones=tuple(on_paper(MILESTONE, what) for what in told.milestones),
            phrases=tuple(phrases(told)),
            closing=tuple(closing(told)),
            next_meeting=moment_of(meeting),
            pause=pause_sign(meeting),
            foot=foot(meeting, _("Summary"), draft=meeting.released_on is None),
        )


def foot(meeting: Meeting, kind: str, *, draft: bool = False) -> Foot:
    released_on = day(meeting.released_on)
    released = _("released %(day)s") % {"day": released_on} if released_on else ""
    # The code is the care team's name for the two; a partner's paper carries the label they chose.
    label = meeting.label if meeting.who_meets == "both" else ""
    return Foot(kind, label, meeting.version, released, draft)


def people(meeting: Meeting) -> str:
    partners = listed([meeting.names[slot] for slot in sorted(meeting.order)])
    helpers = [meeting.names[slot] for slot in ("F", "G") if meeting.names.get(slot)]
    helpers += [f"{name} ({why})" if why else name for name, why in meeting.present]
    return _("%(partners)s, with %(helpers)s") % {"partners": partners, "helpers": listed(helpers)}


def length(heard: Heard) -> str:
    """Talked and rested, and nothing finer: no share of anybody."""
    if not heard.meeting.timed:
        return written_up(heard.meeting)
    figures = heard.figures
    said = [_("talked %(time)s") % {"time": minutes(figures["active_s"])}]
    if rested := figures["brief_pause_s"] + figures["cool_down_s"]:
        said.append(_("rested %(time)s") % {"time": minutes(rested)})
    if figures["caucus_s"]:
        said.append(
            _("each on your own with %(name)s, %(time)s together")
            % {"name": heard.meeting.names.get("F", ""), "time": minutes(figures["caucus_s"])}
        )
    return " · ".join(said)


def written_up(meeting: Meeting) -> str:
    """How long it was is what somebody remembers, and says so."""
    said = [_("written up afterwards, not timed")]
    if meeting.about_minutes:
        said.append(_("about %(n)s minutes") % {"n": meeting.about_minutes})
    return " · ".join(said)


def said_back(n: int) -> str:
    if n == 0:
        return ""
    return ngettext(
        "%(n)d thing was said back and confirmed.", "%(n)d things were said back and confirmed.", n
    ) % {"n": n}


def goals(told: Told) -> list[GoalSeen]:
    meeting = told.heard.meeting
    seen = []
    for goal in meeting.goals:
        views = told.goal_views.get(goal.id, {})
        whose = "" if goal.owner == "both" else meeting.names.get(goal.owner, "")
        answers = tuple(
            Answer(meeting.names[s], on_paper(GOAL_VIEW, views[s])) for s in meeting.order if s in views
        )
        seen.append(GoalSeen(came_for(goal.wording), whose, answers))
    return seen


def quote(line: SeenLine, told: Told, ref: str) -> Quote:
    names = told.heard.meeting.names
    return Quote(
        text=line.get("text") or line.get("own_words") or "",
        feelings=tuple(line.get("feelings") or ()),
        meant=tuple(meant for check in told.checks_of(ref) for meant in check.meant),
        answers=tuple(
            Answer(names.get(v.said_by, ""), v.get("text") or "", v.held_back)
            for v in told.validations_of(ref)
            if v.get("text")
        ),
        own_only=line.held_back,
    )


def side(told: Told, slot: str) -> Side:
    meeting = told.heard.meeting
    with_a_need = {line.get("statement") for line in told.needs.values()}
    return Side(
        slot=slot,
        name=meeting.names[slot],
        initial=meeting.names[slot][:1].upper(),
        said=tuple(
            quote(line, told, ident)
            for ident, line in told.statements.items()
            if line.said_by == slot and ident not in with_a_need
        ),
        needs=tuple(needs(told, slot)),
        fears=tuple(
            quote(fear.own_words, told, fear.id)
            for fear in told.fears.values()
            if fear.own_words is not None and fear.own_words.said_by == slot and fear.accepted
        ),
        seen=tuple(
            Quote(line.get("text"), own_only=line.held_back)
            for line in told.of_kind("retreat_purpose_acknowledged")
            if line.said_by == slot and line.get("text")
        ),
    )


def needs(told: Told, slot: str) -> list[NeedSaid]:
    """A need that both said stands on both sides."""
    named = []
    for line in told.needs.values():
        owners = set(line.get("shared_by") or ()) | {line.said_by}
        if slot in owners:
            spoken = line.said_by == slot and line.get("statement")
            said = quote(line, told, line.get("statement")) if spoken else None
            named.append(
                NeedSaid(
                    need=line.get("need") or "",
                    wish=(line.get("wish") or "") if line.said_by == slot else "",
                    both=len(owners) > 1,
                    quote=said,
                    own_only=line.held_back,
                )
            )
    for line in told.statements.values():
        if line.said_by == slot and line.get("need") and line.kind != "need_named":
            named.append(NeedSaid(line.get("need"), "", both=False, quote=None, own_only=line.held_back))
    return merged(named)


def merged(named: list[NeedSaid]) -> list[NeedSaid]:
    """The same bare need said twice is printed once."""
    kept: dict[tuple[str, str], NeedSaid] = {}
    for one in named:
        if one.quote is None and any(need == one.need for need, _wish in kept):
            continue
        kept[one.need, one.quote.text if one.quote else one.wish] = one
    return list(kept.values())


def agreement(draft: Draft, told: Told) -> AgreementSeen:
    meeting, line = told.heard.meeting, draft.line
    names = meeting.names
    served = [told.needs[ident].get("need") for ident in line.get("serves") or () if ident in told.needs]
    return AgreementSeen(
        text=line.get("text") or "",
        parts=tuple(parts(line, names)),
        starts=iso_day(line.get("from") or meeting.held_on),
        trial_until=iso_day(line.get("trial_until")),
        look_again=iso_day(line.get("look_again_on")),
        looks_after=tuple(need for need in served if need),
        if_not_working=line.get("if_not_working") or "",
        confirmed=tuple(confirmation(draft, slot, meeting) for slot in meeting.order),
    )


def parts(line: SeenLine, names: Mapping[str, str]) -> list[Part]:
    return [
        Part(_("Both") if part["who"] == "both" else names.get(part["who"], ""), part["what"])
        for part in line.get("who_does_what") or ()
    ]


def confirmation(draft: Draft, slot: str, meeting: Meeting) -> Confirmation:
    """A yes was given at the meeting; the entry that says so may still be for other eyes."""
    line = draft.confirmed.get(slot)
    on = meeting.local(line.at) if line and line.at else meeting.held_on
    return Confirmation(meeting.names[slot], day(on), aloud=bool(line and line.told_to))


def still_open(told: Told) -> list[str]:
    worded = [draft.line.get("text") for draft in told.drafts.values() if not draft.in_force]
    return [text for text in worded + [line.get("text") for line in told.open_options] if text]


def phrases(told: Told) -> list[str]:
    used = [line.get("text") for line in told.of_kind("phrase_used")]
    return list(dict.fromkeys(text for text in [*told.heard.meeting.phrases, *used] if text))


def closing(told: Told) -> list[Answer]:
    meeting = told.heard.meeting
    return [
        Answer(meeting.names[slot], line.get("text"), line.held_back)
        for slot in meeting.order
        for line in told.of_kind("closing_word")
        if line.said_by == slot and line.get("text")
    ]


def moment_of(meeting: Meeting) -> str:
    if meeting.next_session is None:
        return ""
    local = meeting.local(meeting.next_session)
    return _("%(day)s, %(hour)s (%(zone)s time)") % {
        "day": day(local),
        "hour": hour(local),
        "zone": meeting.zone.rpartition("/")[2].replace("_", " "),
    }


def pause_sign(meeting: Meeting) -> PauseSign | None:
    held = meeting.exit_strategy
    if held is None or not (held.sign or held.return_sentence):
        return None
    return PauseSign(held.sign, minutes(held.minimum_minutes * 60), held.return_sentence)
