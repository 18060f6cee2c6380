"""Sentences that several rooms, and the papers, must say in exactly the same way."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# practice.md 8: one sentence for a silent decline, a safety hold and an ordinary rest, so that none can be told apart.
RESTING = _("This is resting for now. {facilitator} can tell you more when you meet.")

# practice.md 3: said at the beginning, shown at the desk and on the turned screen, printed to start with.
GROUND_RULES = (
    _("One speaks, one listens."),
    _("Speak for yourself."),
    _("Say it back before you answer."),
    _("Either of us may pause or stop, no reason needed."),
    _("What is private stays private; what we write down, we choose together."),
    _("Nothing has to be settled today."),
)


@dataclass(frozen=True)
class HalfPage:
    """A card to show or to hand over: half a page, in words that suit anybody."""

    slug: str
    title: Promise
    paragraphs: tuple[Promise, ...]


# practice.md 6: at most ninety words each, nothing that names what somebody is.
SIX_CARDS = (
    HalfPage(
        "going-quiet",
        _("Why people go quiet"),
        (
            _(
                "Going quiet is often a way to rest. When too much comes at once, words stop, and being alone "
                "for a while seems the only way out."
            ),
            _(
                "From outside it can look like not caring. Inside it is often the opposite: so much matters "
                "that nothing comes out."
            ),
            _(
                "What can help is a sign and a time: “I need a breather. I am back at eight.” On the other "
                "side: one message, then room."
            ),
            _("Nobody has to guess. You can ask later, when it is calm."),
        ),
    ),
    HalfPage(
        "two-ways",
        _("Two ways of looking after oneself"),
        (
            _(
                "When it gets tense, some of us come closer: we ask, we call, we want to talk now. Some of us "
                "step back: we grow quiet and want to be alone first."
            ),
            _("Both are ways of looking after oneself. Neither is the wrong one."),
            _("Each makes the other stronger: the more one asks, the more the other steps back."),
            _(
                "So it is not you against me. It is the two of us, caught in a circle. Either of us can slow "
                "it down."
            ),
        ),
    ),
    HalfPage(
        "pause",
        _("What a pause is for"),
        (
            _(
                "A pause is not leaving. It lets a racing heart slow down, so that we can listen again. That "
                "takes about twenty minutes, often more."
            ),
            _("Whoever needs it gives the sign and names a time to come back. The other says: “Until then.”"),
            _(
                "Meanwhile: walk, breathe, wash up, hear some music. No messages, and no practising of the "
                "next sentence."
            ),
            _("Come back at that time, even if only to say: “I need a little longer.”"),
        ),
    ),
    HalfPage(
        "saying-it-back",
        _("Saying it back"),
        (
            _("Before you answer, say what you heard. A few words are enough:"),
            _("“What I heard is …” “You felt … because …” “Did I get it right?”"),
            _(
                "Only the one who spoke can say yes. “Not quite” is a good answer too; it means you are "
                "nearly there. Try once more."
            ),
            _(
                "Saying it back is not the same as agreeing. It says: I was here, and I heard you. Often that "
                "is what was missing."
            ),
        ),
    ),
    HalfPage(
        "small-and-sure",
        _("Small and sure"),
        (
            _("A small step on a tired day is worth more than a big one that is taken once."),
            _(
                "Make it small: five minutes, one sentence, one cup of tea. Make it sure: the same day, the "
                "same hour."
            ),
            _("Ask each other: could we do this in a bad week? If not, make it smaller."),
            _("When a day goes by without it, nothing is broken. Begin again tomorrow, without counting."),
        ),
    ),
    HalfPage(
        "mending",
        _("Mending"),
        (
            _(
                "Between two people a word can land harder than it was meant, and sometimes a promise slips. "
                "What counts is coming back to it."
            ),
            _(
                "When you are calm, say what you did, without a “but”. Say what you think it was like for the "
                "other, and ask whether that is so. Ask what would help now."
            ),
            _("Offer one thing you will do another time."),
            _("The other need not be ready today. “Thank you, I need time” is a whole answer."),
        ),
    ),
)
