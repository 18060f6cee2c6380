"""Papers to start with: printed before anybody has an account, in the words the app uses as well.

They know nobody: no couple, no session, only the name of whoever prints them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients import agreement
from clients.words import GROUND_RULES, SIX_CARDS
from sessions.engine.formats import feelings, needs

BLANK = "……………………"


@dataclass(frozen=True)
class StartingPaper:
    slug: str
    title: Promise
    purpose: Promise
    words: Callable[[str], Mapping[str, Any]]

    @property
    def template(self) -> str:
        return f"reports/blank_papers/{self.slug}.html"


def nothing(facilitator: str) -> Mapping[str, Any]:
    return {}


def with_name(facilitator: str) -> Mapping[str, Any]:
    return {"facilitator": facilitator}


def to_sign(facilitator: str) -> Mapping[str, Any]:
    two = _("%(one)s and %(other)s") % {"one": BLANK, "other": BLANK}
    return {
        "paragraphs": agreement.paragraphs(facilitator, two),
        "ticks": [label for _scope, label in agreement.ticks(facilitator)],
        "places": range(2),
    }


def lists(facilitator: str) -> Mapping[str, Any]:
    return {
        "lists": [
            {
                "title": title,
                "families": [(_(family), [_(word) for word in words]) for family, words in of.items()],
            }
            for title, of in ((_("Feelings"), feelings()), (_("Needs"), needs()))
        ]
    }


def scale(facilitator: str) -> Mapping[str, Any]:
    return {"facilitator": facilitator, "numbers": range(11)}


def rules(facilitator: str) -> Mapping[str, Any]:
    return {"facilitator": facilitator, "rules": GROUND_RULES}


def six(facilitator: str) -> Mapping[str, Any]:
    return {"sheets": [SIX_CARDS[at : at + 2] for at in range(0, len(SIX_CARDS), 2)]}


def capture(facilitator: str) -> Mapping[str, Any]:
    return {"twice": range(2)}


PAPERS = {
    paper.slug: paper
    for paper in (
        StartingPaper(
            "agreement",
            gettext_lazy("Agreement"),
            gettext_lazy("The words of the turned screen, with two places to sign."),
            to_sign,
        ),
        StartingPaper(
            "how-today-works",
            gettext_lazy("How today works"),
            gettext_lazy("Six sentences to begin with. For the table."),
            rules,
        ),
        StartingPaper(
            "feelings-and-needs",
            gettext_lazy("Feelings and needs"),
            gettext_lazy("Words to point at. One sheet for each, so that nobody has to reach across."),
            lists,
        ),
        StartingPaper(
            "number-card",
            gettext_lazy("Number card"),
            gettext_lazy("How stirred up, 0 to 10. Shown to you alone, never aloud in front of both."),
            scale,
        ),
        StartingPaper(
            "pause-card",
            gettext_lazy("Pause card"),
            gettext_lazy("A sign, a time to come back, a sentence. Both fill it in together."),
            nothing,
        ),
        StartingPaper(
            "speaker-listener",
            gettext_lazy("Speaking and listening"),
            gettext_lazy("Two halves to cut apart; they change hands with the turn."),
            nothing,
        ),
        StartingPaper(
            "six-cards",
            gettext_lazy("Six cards"),
            gettext_lazy("Half a page each, to show or to give away."),
            six,
        ),
        StartingPaper(
            "capture-sheet",
            gettext_lazy("Capture sheet"),
            gettext_lazy(
                "For an hour with pen and paper. It has the fields of “Write up a session”, in their order."
            ),
            capture,
        ),
    )
}
