"""Hand-over cards: the machine in one partner's hands, one question, and then nothing of the answer remains.

A card is read and answered as that partner: what they may not see is not on it, and their answer is sealed under
their own key. Nobody has told it to the facilitator, so it is not `told_to`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext as _

from clients.access import AsPartner
from clients.models import Partner
from clients.turned import Card
from facilitator.errors import Refusal, gettext_noop
from sessions.engine import clock, rules
from sessions.engine.kinds import PAUSED, Command
from sessions.engine.rules.order import must_say_ready
from sessions.engine.values import written
from sessions.models import Line, Session
from sessions.record import conduct
from sessions.room.shared_view import spoken
from sessions.wording.goals import came_for

NEARLY = timedelta(minutes=10)
Choices = tuple[tuple[str, str], ...]
Answers = Mapping[str, str]


@dataclass(frozen=True)
class Ask:
    """One choice among a few, and what it is about where a card asks about several things."""

    name: str
    choices: Choices
    about: str = ""
    required: bool = False


@dataclass(frozen=True)
class Question:
    title: str
    readers: str
    asks: tuple[Ask, ...]
    # What the answers come to; `own` is what somebody wrote in their own words.
    command: Callable[[Answers, str], Command]
    quoted: str = ""
    own_words: bool = False
    note: str = ""


@dataclass(frozen=True)
class Hand:
    """One card in front of one person, and the session as that person may know it."""

    card: Card
    partner: Partner
    session: Session
    room: conduct.Room
    at: datetime

    @property
    def viewer(self) -> AsPartner:
        return as_themselves(self.partner)

    @property
    def reading(self) -> clock.Reading:
        return clock.read(self.room.plan, self.room.state, self.at)

    @property
    def facilitator(self) -> str:
        return self.session.facilitator.name

    def says(self, kind: str, **fields: object) -> Command:
        return Command(by=self.partner.slot, kind=kind, fields=fields)

    def between_two(self) -> str:
        return _("Only you and %(facilitator)s read this.") % {"facilitator": self.facilitator}


def as_themselves(partner: Partner) -> AsPartner:
    return AsPartner(partner.pk, partner.couple_id, partner.couple.practice_id, partner.slot)


def whose(card: Card) -> Partner | None:
    """The one whose name stands on it; nobody, once they have left."""
    people = Partner.objects.unscoped("a card lies in front of one person")
    found: Partner | None = (
        people.select_related("couple").filter(pk=card.partner, left_at__isnull=True).first()
    )
    return found


def held(card: Card, session_id: UUID | None, now: datetime) -> Hand | None:
    partner = whose(card)
    if partner is None or session_id is None:
        return None
    mine = Session.objects.visible_to(as_themselves(partner)).select_related("facilitator", "couple")
    session = mine.filter(pk=session_id).first()
    return Hand(card, partner, session, conduct.looked_at(session), now) if session else None


def lay(session: Session, *, name: str, partner: Partner, ref: str = "", now: datetime) -> Card:
    """A card that could be answered now. Refuses one that has nothing to ask, before anybody is handed anything."""
    card = Card(name, partner.pk, ref)
    hand = held(card, session.pk, now)
    question = question_of(hand) if hand else None
    if hand is None or question is None:
        raise Refusal(gettext_noop("Not yet: there is nothing to ask on this card."), "no_card")
    first = {ask.name: ask.choices[0][0] for ask in question.asks}
    room = hand.room
    rules.check(room.plan, room.state, room.standing(), question.command(first, ""), now)
    return card


def question_of(hand: Hand) -> Question | None:
    asked = CARDS.get(hand.card.name)
    return asked(hand) if asked else None


def missing(question: Question, posted: Mapping[str, str]) -> bool:
    """Whether nothing was chosen, or not all that has to be."""
    said = answers(question, posted)
    return not said or any(ask.required and ask.name not in said for ask in question.asks)


def answers(question: Question, posted: Mapping[str, str]) -> dict[str, str]:
    """What was chosen among what was offered; anything else is as good as nothing."""
    return {
        ask.name: posted[ask.name]
        for ask in question.asks
        if posted.get(ask.name) in {value for value, _words in ask.choices}
    }


def take(hand: Hand, question: Question, posted: Mapping[str, str], *, now: datetime) -> None:
    """Keep what this person said. A refusal means that the moment for it is over."""
    own = posted.get("own_words", "").strip() if question.own_words else ""
    command = question.command(answers(question, posted), own)
    conduct.post(
        hand.session.pk,
        replace(command, key=posted.get("key") or uuid4().hex),
        poster=hand.viewer.actor,
        author=hand.partner.pk,
        now=now,
    )


# The cards


def _number(hand: Hand) -> Question:
    """Which number it is follows from where the session stands."""
    reading = hand.reading
    if must_say_ready(hand.room.state):
        return _ready(hand)
    closing = reading.state == "wrapping_up" or reading.phase == len(hand.room.plan.phases)
    kind = "closing_temperature" if closing and reading.state not in PAUSED else "arrival_temperature"
    return Question(
        _("How stirred up are you right now?"),
        hand.between_two(),
        (Ask("number", SCALE, required=True),),
        lambda said, own: hand.says(kind, temperature=int(said["number"])),
    )


def _ready(hand: Hand) -> Question:
    """Both always get the same question."""

    def command(said: Answers, own: str) -> Command:
        if said["ready"] == "nearly":
            return hand.says("need_longer", return_at=_later(hand))
        number = {"temperature": int(said["number"])} if "number" in said else {}
        return hand.says("ready_again", **number)

    words = _("If another day would be better, tell %(facilitator)s so. That is as good an answer as any.")
    return Question(
        _("Are you ready to go on?"),
        hand.between_two(),
        (
            Ask(
                "ready",
                (("ready", _("I am ready")), ("nearly", _("Nearly: about ten minutes more"))),
                required=True,
            ),
            Ask("number", SCALE, about=_("If you are: how stirred up are you now?")),
        ),
        command,
        note=words % {"facilitator": hand.facilitator},
    )


def _later(hand: Hand) -> str:
    """Ten minutes after now, or after the time to come back where that is still ahead."""
    known = hand.reading.return_at
    start = max(hand.at, known) if known else hand.at
    return written((start + NEARLY).replace(second=0, microsecond=0))


def _fear(hand: Hand) -> Question | None:
    """The wording that was offered to them, in their eyes only; another's is not found."""
    fear = hand.room.state.fears.get(hand.card.ref)
    if fear is None or fear.to != hand.partner.slot or fear.answer:
        return None
    lines = Line.objects.visible_to(hand.viewer).filter(session=hand.session).select_related("moment")
    wording = next((ln.words["wording"] for ln in spoken(lines) if _is(ln, "fear_offered", hand)), "")
    if not wording:
        return None
    choices = (
        ("fits", _("It fits")),
        ("partly", _("Partly")),
        ("does_not_fit", _("It does not fit")),
        ("not_now", _("Not now")),
    )

    def command(said: Answers, own: str) -> Command:
        words = {"own_words": own} if own else {}
        return hand.says("fear_answered", fear=hand.card.ref, answer=said["answer"], **words)

    readers = _(
        "Only you and %(facilitator)s read this. If you say that it fits, even partly, your own words may stand "
        "in what both of you can read later, and you are asked before."
    )
    return Question(
        _("A guess, which may be wrong. Does it fit?"),
        readers % {"facilitator": hand.facilitator},
        (Ask("answer", choices, required=True),),
        command,
        quoted=wording,
        own_words=True,
    )


def _is(line: Line, kind: str, hand: Hand) -> bool:
    return line.kind == kind and line.ref == hand.card.ref


def _reactions(hand: Hand) -> Question | None:
    options = dict(_options(hand))
    if not options:
        return None
    choices = (
        ("gladly", _("Gladly")),
        ("can_live_with", _("I can live with it")),
        ("not_for_me", _("Not for me")),
        ("need_to_think", _("I need to think")),
    )
    # The names of the fields say nothing about what else there is.
    refs = {f"option-{place}": ref for place, ref in enumerate(options, 1)}
    readers = _(
        "Only you and %(facilitator)s read this. What you can both live with may be shown to both; "
        "the other may guess the rest."
    )
    return Question(
        _("How is this for you?"),
        readers % {"facilitator": hand.facilitator},
        tuple(Ask(name, choices, about=options[ref]) for name, ref in refs.items()),
        lambda said, own: hand.says(
            "option_reactions", reactions={refs[name]: value for name, value in said.items()}
        ),
    )


def _options(hand: Hand) -> Iterator[tuple[str, str]]:
    """(ref, words) of what lies on the table; options are named only while both are in the room."""
    rows = Line.objects.unscoped("an option said at the table is put to the one who is asked about it")
    kinds = ("option_added", "corrected")
    lines = rows.filter(session=hand.session, kind__in=kinds).select_related("moment")
    for line in spoken(lines):
        is_one = hand.room.state.ids.get(line.ref) == "option"
        if line.kind == "option_added" and is_one and hand.card.ref in ("", line.ref):
            yield line.ref, str(line.words["text"])


def _retreat(hand: Hand) -> Question:
    choices = (
        ("rest", _("It needs rest")),
        ("mending", _("It needs mending")),
        ("not_sure", _("I am not sure")),
    )
    return Question(
        _("The distance between you: what does it need?"),
        hand.between_two(),
        (Ask("answer", choices, required=True),),
        lambda said, own: hand.says("retreat_view_given", view=RETREAT[said["answer"]]),
    )


def _extension(hand: Hand) -> Question | None:
    extension = hand.room.state.extension
    if extension is None or extension.outcome:
        return None
    title = _("%(minutes)s minutes more for this part?") % {"minutes": extension.minutes}
    return Question(
        title,
        hand.between_two(),
        (Ask("answer", (("yes", _("Yes")), ("not_now", _("Not now"))), required=True),),
        lambda said, own: hand.says("extension_answered", answer=said["answer"]),
    )


def _goal(hand: Hand) -> Question | None:
    goals = [g for g in hand.room.plan.goals if hand.card.ref in ("", g.id)]
    if not goals:
        return None
    choices = (
        ("yes", _("Yes")),
        ("a_little", _("A little")),
        ("not_today", _("Not today")),
        ("no_longer_wanted", _("I no longer want it")),
    )
    readers = _("You and %(facilitator)s read this; the other of you only after a yes from both.")
    return Question(
        _("Did we come closer to it?"),
        readers % {"facilitator": hand.facilitator},
        (Ask("answer", choices, required=True),),
        lambda said, own: hand.says("goal_viewed", goal=goals[0].id, view=said["answer"]),
        quoted=came_for(goals[0].wording),
    )


# No page carries the word that the log uses for a distance that needs mending.
RETREAT = {"rest": "temporary_retreat", "mending": "lasting_rift", "not_sure": "not_sure"}
SCALE: Choices = tuple((str(number), str(number)) for number in range(11))
CARDS: Mapping[str, Callable[[Hand], Question | None]] = {
    "number": _number,
    "fear": _fear,
    "reactions": _reactions,
    "retreat": _retreat,
    "extension": _extension,
    "goal": _goal,
}


def shape(hand: Hand, question: Question) -> dict[str, Any]:
    """For the template. The key is made with the page, so that the same press sent twice is one answer."""
    return {"name": hand.partner.name, "slot": hand.partner.slot, "question": question, "key": uuid4().hex}
