"""Sentences that several rooms, and the papers, must say in exactly the same way."""

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
