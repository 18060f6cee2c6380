"""The questions of the hand-over cards. Each answers None where its moment has not come or is over."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from django.utils.translation import gettext as _

from sessions.engine.kinds import PAUSED, Command
from sessions.engine.rules.order import must_say_ready
from sessions.engine.values import written
from sessions.models import Line
from sessions.record.corrected import spoken_lines
from sessions.room.card_in_hand import Answers, Ask, CardInHand, Choices, Question
from sessions.wording import codes
from sessions.wording.goals import came_for

NEARLY = timedelta(minutes=10)
SCALE: Choices = tuple((str(number), str(number)) for number in range(11))


# How stirred up, and ready again


def _number(hand: CardInHand) -> Question:
    """How stirred up they are: on arriving, on leaving, or before going on after a cool-down."""
    if must_say_ready(hand.session_now.state):
        return _ready(hand)

    def command(said: Answers, own_words: str) -> Command:
        return hand.says(_kind_of_number(hand), temperature=int(said["number"]))

    return Question(
        _("How stirred up are you right now?"),
        hand.between_two(),
        (Ask("number", SCALE, required=True),),
        command,
    )


def _kind_of_number(hand: CardInHand) -> str:
    """In the last part, and while wrapping up, it is the number on leaving."""
    reading = hand.reading
    is_last_part = reading.phase == len(hand.session_now.plan.phases)
    is_closing = reading.state == "wrapping_up" or is_last_part
    if is_closing and reading.state not in PAUSED:
        return "closing_temperature"
    return "arrival_temperature"


def _ready(hand: CardInHand) -> Question:
    """Both always get the same question."""

    def command(said: Answers, own_words: str) -> Command:
        if said["ready"] == "nearly":
            return hand.says("need_longer", return_at=_ten_minutes_more(hand))
        if "number" in said:
            return hand.says("ready_again", temperature=int(said["number"]))
        return hand.says("ready_again")

    choices = (("ready", _("I am ready")), ("nearly", _("Nearly: about ten minutes more")))
    note = _("If another day would be better, tell %(facilitator)s so. That is as good an answer as any.")
    return Question(
        _("Are you ready to go on?"),
        hand.between_two(),
        (
            Ask("ready", choices, required=True),
            Ask("number", SCALE, about=_("If you are: how stirred up are you now?")),
        ),
        command,
        note=note % {"facilitator": hand.facilitator},
    )


def _ten_minutes_more(hand: CardInHand) -> str:
    """From now, or from the time to come back where that is still ahead."""
    start = hand.at
    if hand.reading.return_at is not None:
        start = max(start, hand.reading.return_at)
    return written((start + NEARLY).replace(second=0, microsecond=0))


# A fear


def _fear(hand: CardInHand) -> Question | None:
    """The guess that was offered to them; one offered to the other is not found."""
    wording = _offered_wording(hand)
    if not wording:
        return None

    def command(said: Answers, own_words: str) -> Command:
        answer = said["answer"]
        if own_words:
            return hand.says("fear_answered", fear=hand.card.ref, answer=answer, own_words=own_words)
        return hand.says("fear_answered", fear=hand.card.ref, answer=answer)

    readers = _(
        "Only you and %(facilitator)s read this. If you say that it fits, even partly, your own words may stand "
        "in what both of you can read later, and you are asked before."
    )
    return Question(
        _("A guess, which may be wrong. Does it fit?"),
        readers % {"facilitator": hand.facilitator},
        (Ask("answer", codes.card_choices(codes.FEAR_ANSWER), required=True),),
        command,
        quoted=wording,
        own_words=True,
    )


def _offered_wording(hand: CardInHand) -> str:
    fear = hand.session_now.state.fears.get(hand.card.ref)
    if fear is None or fear.to != hand.partner.slot or fear.answer:
        return ""

    lines = Line.objects.visible_to(hand.viewer).filter(session=hand.session)
    for line in spoken_lines(lines):
        if line.kind == "fear_offered" and line.ref == hand.card.ref:
            return str(line.words["wording"])
    return ""


# Options


def _reactions(hand: CardInHand) -> Question | None:
    """How the options on the table sit with this person."""
    options = dict(_options(hand))
    if not options:
        return None

    # The names of the fields say nothing about what else there is.
    refs = {f"option-{place}": ref for place, ref in enumerate(options, 1)}
    choices = codes.card_choices(codes.REACTION)
    asks = tuple(Ask(name, choices, about=options[ref]) for name, ref in refs.items())

    def command(said: Answers, own_words: str) -> Command:
        reactions = {refs[name]: value for name, value in said.items()}
        return hand.says("option_reactions", reactions=reactions)

    readers = _(
        "Only you and %(facilitator)s read this. What you can both live with may be shown to both; "
        "the other may guess the rest."
    )
    return Question(_("How is this for you?"), readers % {"facilitator": hand.facilitator}, asks, command)


def _options(hand: CardInHand) -> Iterator[tuple[str, str]]:
    """(ref, words) of what lies on the table; options are named only while both are in the room."""
    rows = Line.objects.unscoped("an option said at the table is put to the one who is asked about it")
    lines = rows.filter(session=hand.session, kind__in=("option_added", "corrected"))
    for line in spoken_lines(lines):
        is_on_the_table = hand.session_now.state.ids.get(line.ref) == "option"
        is_asked_about = hand.card.ref in ("", line.ref)
        if is_on_the_table and is_asked_about:
            yield line.ref, str(line.words["text"])


# The stepping back, more time, the goal


def _retreat(hand: CardInHand) -> Question:
    """What the distance between the two needs; the answer goes to the facilitator alone."""
    view_of = {value: view for view, value in RETREAT_ON_CARD.items()}
    choices = tuple(
        (value, codes.on_card(codes.RETREAT_VIEW, view)) for view, value in RETREAT_ON_CARD.items()
    )

    def command(said: Answers, own_words: str) -> Command:
        return hand.says("retreat_view_given", view=view_of[said["answer"]])

    return Question(
        _("The distance between you: what does it need?"),
        hand.between_two(),
        (Ask("answer", choices, required=True),),
        command,
    )


# No page carries the word that the log uses for a distance that needs mending.
RETREAT_ON_CARD = {"temporary_retreat": "rest", "lasting_rift": "mending", "not_sure": "not_sure"}


def _extension(hand: CardInHand) -> Question | None:
    """Whether they want the minutes that were proposed."""
    extension = hand.session_now.state.extension
    if extension is None or extension.outcome:
        return None

    def command(said: Answers, own_words: str) -> Command:
        return hand.says("extension_answered", answer=said["answer"])

    title = _("%(minutes)s minutes more for this part?") % {"minutes": extension.minutes}
    choices = codes.card_choices(codes.EXTENSION_ANSWER)
    return Question(title, hand.between_two(), (Ask("answer", choices, required=True),), command)


def _goal(hand: CardInHand) -> Question | None:
    """Whether they came closer to what they came for."""
    goals = [goal for goal in hand.session_now.plan.goals if hand.card.ref in ("", goal.id)]
    if not goals:
        return None
    goal = goals[0]

    def command(said: Answers, own_words: str) -> Command:
        return hand.says("goal_viewed", goal=goal.id, view=said["answer"])

    readers = _("You and %(facilitator)s read this; the other of you only after a yes from both.")
    return Question(
        _("Did we come closer to it?"),
        readers % {"facilitator": hand.facilitator},
        (Ask("answer", codes.card_choices(codes.GOAL_VIEW), required=True),),
        command,
        quoted=came_for(goal.wording),
    )


QUESTIONS: Mapping[str, Callable[[CardInHand], Question | None]] = {
    "number": _number,
    "fear": _fear,
    "reactions": _reactions,
    "retreat": _retreat,
    "extension": _extension,
    "goal": _goal,
}
