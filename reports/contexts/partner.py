"""One partner's own copy: the summary as that partner may read it, and what is for this partner alone."""

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from reports.contexts.joint import JointSummary
from reports.contexts.material import Material, Meeting
from reports.contexts.pieces import Foot, PauseSign, foot, next_meeting, pause_sign
from reports.contexts.story import ACCEPTED, Story
from reports.contexts.words import day
from sessions.wording.codes import (
    FEAR_ANSWER,
    GOAL_CATEGORY,
    REACTION,
    RETREAT_VIEW,
    TEMPERATURE_AT,
    on_paper,
)

Slot = Literal["A", "B"]


@dataclass(frozen=True)
class Number:
    when: str
    value: int


@dataclass(frozen=True)
class Offered:
    """Something that was put to this partner, and what they made of it."""

    text: str
    answer: str


@dataclass(frozen=True)
class OnlyForYou:
    numbers: tuple[Number, ...]
    own_goals: tuple[str, ...]
    guesses: tuple[Offered, ...]
    wordings: tuple[str, ...]
    reactions: tuple[Offered, ...]
    view: str

    @property
    def is_empty(self) -> bool:
        return not (
            self.numbers or self.own_goals or self.guesses or self.wordings or self.reactions or self.view
        )


@dataclass(frozen=True)
class PartnerCopy:
    day: str
    summary: JointSummary
    only_for_you: OnlyForYou
    with_name: str
    your_part: tuple[str, ...]
    pause: PauseSign | None
    next_meeting: str
    foot: Foot

    @classmethod
    def of(cls, material: Material, slot: Slot) -> "PartnerCopy":
        assert slot in ("A", "B")
        meeting = material.meeting
        story = Story(material, slot)

        return cls(
            day=day(meeting.held_on),
            summary=JointSummary.of(material, slot),
            only_for_you=only_for_you(story, slot),
            with_name=meeting.names.get("F", ""),
            your_part=tuple(own_part(story, slot)),
            pause=pause_sign(meeting),
            next_meeting=next_meeting(meeting),
            foot=foot(meeting, _("Your copy")),
        )


def only_for_you(story: Story, slot: Slot) -> OnlyForYou:
    return OnlyForYou(
        numbers=tuple(numbers(story, slot)),
        own_goals=tuple(own_goals(story.material.meeting, slot)),
        guesses=tuple(guesses(story, slot)),
        wordings=tuple(wordings(story, slot)),
        reactions=tuple(reactions(story, slot)),
        view=own_view(story, slot),
    )


def numbers(story: Story, slot: Slot) -> list[Number]:
    return [
        Number(on_paper(TEMPERATURE_AT, line.kind), line.get("temperature"))
        for line in story.own_numbers(slot)
    ]


def own_goals(meeting: Meeting, slot: Slot) -> list[str]:
    return [
        _("%(category)s: %(wording)s")
        % {"category": on_paper(GOAL_CATEGORY, goal.category), "wording": goal.wording}
        for goal in meeting.goals
        if goal.owner == slot
    ]


def guesses(story: Story, slot: Slot) -> list[Offered]:
    """A guess that was turned down leaves no trace on paper, for anybody."""
    return [
        Offered(fear.wording, on_paper(FEAR_ANSWER, fear.answer))
        for fear in story.fears.values()
        if fear.to == slot and fear.wording and fear.answer in ACCEPTED
    ]


def wordings(story: Story, slot: Slot) -> list[str]:
    """Other wordings that were offered to this partner."""
    return [
        redirect.suggestion
        for redirect in story.redirects.values()
        if redirect.to == slot and redirect.suggestion
    ]


def reactions(story: Story, slot: Slot) -> list[Offered]:
    """To the ideas this partner may read."""
    given = story.reactions.get(slot, {})
    known = {ident: story.options[ident].get("text") for ident in given if ident in story.options}
    return [Offered(text, on_paper(REACTION, given[ident])) for ident, text in known.items() if text]


def own_view(story: Story, slot: Slot) -> str:
    """How they saw the stepping back, as they said it last."""
    views = [line.get("view") for line in story.of_kind("retreat_view_given") if line.said_by == slot]
    return on_paper(RETREAT_VIEW, views[-1]) if views else ""


def own_part(story: Story, slot: Slot) -> list[str]:
    """What they said they would do, alone or together."""
    return [
        part["what"]
        for draft in story.agreements
        for part in draft.line.get("who_does_what") or ()
        if part["who"] in (slot, "both")
    ]
