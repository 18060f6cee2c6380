"""What two people came for, in words they could have said themselves."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sessions.engine.formats import FORMATS

# What two people came for, where nobody worded a goal of their own: the format they chose says it for them.
CAME_FOR: Final[Mapping[str, str]] = {
    "first-talk": gettext_noop("To talk and to listen. No problem has to be solved."),
    "after-withdrawal": gettext_noop("To look together at a time when one of us went quiet."),
    "needs-compromises": gettext_noop("To find a way with something on which we wish for different things."),
    "incident-repair": gettext_noop("To come back, calmly, to something we both wish had gone otherwise."),
    "boundaries-pace": gettext_noop(
        "To say what is too much, what is too little, and what pace suits us both."
    ),
    "weekly-us": gettext_noop("To see how we are, as we do each week."),
    "shared-language": gettext_noop("To find a few sentences we can both lean on when things are hard."),
    "revisit": gettext_noop("To pick up what we had put down for a while."),
    "commitments": gettext_noop("To look again at what we said we would try."),
    "parenting-spill": gettext_noop("To look at what caring for the children asks of the two of us."),
    "first-meeting": gettext_noop("To meet, all three, and to hear what each of us hopes for."),
    "one-to-one": gettext_noop("A talk on my own."),
    "ending-well": gettext_noop("To end this well, and to keep what was good."),
    "deep-hurt": gettext_noop("To look at something that hurt deeply, at the pace of the one it hurt."),
}
WRITTEN_FOR_PLANNING: Final = {FORMATS[code].use: code for code in CAME_FOR}


def came_for(wording: str) -> str:
    """A goal as the two would say it: the one a format brings by itself is written for who plans it."""
    code = WRITTEN_FOR_PLANNING.get(wording)
    return _(CAME_FOR[code]) if code else wording
