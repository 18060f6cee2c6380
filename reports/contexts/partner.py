"""One partner's own copy: the summary as that partner may read it, and what is for this partner alone."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from reports.contexts.joint import Foot, JointSummary, PauseSign, foot, moment_of, pause_sign
from reports.contexts.material import Heard
from reports.contexts.story import Told
from reports.contexts.words import day
from sessions.wording.codes import (
    FEAR_ANSWER,
    GOAL_CATEGORY,
    REACTION,
    RETREAT_VIEW,
    TEMPERATURE_AT,
    on_paper,
)


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
    def of(cls, heard: Heard, slot: str) -> "PartnerCopy":
        assert slot in ("A", "B")
        told, meeting = Told(heard, slot), heard.meeting  # type: ignore[arg-type]
        return cls(
            day=day(meeting.held_on),
            summary=JointSummary.of(heard, slot),  # type: ignore[arg-type]
            only_for_you=only_for_you(told, slot),
            with_name=meeting.names.get("F", ""),
            your_part=tuple(
                part["what"]
                for draft in told.agreements
                for part in draft.line.get("who_does_what") or ()
                if part["who"] in (slot, "both")
            ),
            pause=pause_sign(meeting),
            next_meeting=moment_of(meeting),
            foot=foot(meeting, _("Your copy")),
        )


def only_for_you(told: Told, slot: str) -> OnlyForYou:
    meeting = told.heard.meeting
    reacted = told.reactions.get(slot, {})
    views = [line.get("view") for line in told.of_kind("retreat_view_given") if slot == line.said_by]
    return OnlyForYou(
        numbers=tuple(
            Number(on_paper(TEMPERATURE_AT, line.kind), line.get("temperature"))
            for line in told.own_numbers(slot)
        ),
        own_goals=tuple(
            _("%(category)s: %(wording)s")
            % {"category": on_paper(GOAL_CATEGORY, goal.category), "wording": goal.wording}
            for goal in meeting.goals
            if goal.owner == slot
        ),
        # A guess that was turned down leaves no trace on paper, for anybody.
        guesses=tuple(
            Offered(fear.wording, on_paper(FEAR_ANSWER, fear.answer))
            for fear in told.fears.values()
            if fear.to == slot and fear.wording and fear.answer in ("fits", "partly")
        ),
        wordings=tuple(
            held.suggestion for held in told.redirects.values() if held.to == slot and held.suggestion
        ),
        reactions=tuple(
            Offered(told.options[ident].get("text"), on_paper(REACTION, answer))
            for ident, answer in reacted.items()
            if ident in told.options and told.options[ident].get("text")
        ),
        view=on_paper(RETREAT_VIEW, views[-1]) if views else "",
    )
