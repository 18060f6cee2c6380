"""What one partner sees of their rituals: their own answers, and of the other only what both may know."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.access import AsPartner
from clients.couples import lead_in
from clients.models import Assignment
from clients.rituals.library import RitualTemplate, library
from clients.rituals.models import Occurrence, Response, Ritual, RitualConsent, Told
from clients.rituals.rituals import A_NO, STILL_OPEN, is_discreet
from clients.words import RESTING

# States beside those of the ritual's own row: this partner has not answered yet, or rests it themselves.
ASKED = "asked"
SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class SeenRitual:
    """One ritual as one partner sees it; `state` is the joint one, or asked, or set_aside by themselves."""

    id: UUID
    title: str
    is_shared: bool
    state: str

    # From the library; empty where it is in their own words.
    purpose: str
    steps: tuple[str, ...]
    minutes: int | None
    invitation: str
    gentler: tuple[str, ...]

    when: str
    hour: time | None
    due_on: date | None
    due_at: datetime | None

    answer: str | None
    told: str | None
    may_tell: bool

    @property
    def is_due(self) -> bool:
        return self.state == Ritual.State.ACTIVE and self.due_on is not None

    @property
    def may_tell_a_no(self) -> bool:
        """Whether there is a no to tell the other: one's own choice, offered after the answer."""
        return self.may_tell and self.answer in A_NO


@dataclass(frozen=True)
class Portal:
    """Everything on one partner's own page."""

    rituals: tuple[SeenRitual, ...]
    facilitator: str

    def _in(self, state: str) -> list[SeenRitual]:
        return [ritual for ritual in self.rituals if ritual.state == state]

    @property
    def due(self) -> list[SeenRitual]:
        return [ritual for ritual in self.rituals if ritual.is_due]

    @property
    def asked(self) -> list[SeenRitual]:
        return self._in(ASKED)

    @property
    def running(self) -> list[SeenRitual]:
        return [ritual for ritual in self._in(Ritual.State.ACTIVE) if not ritual.is_due]

    @property
    def waiting(self) -> list[SeenRitual]:
        return self._in(Ritual.State.WAITING)

    @property
    def set_aside(self) -> list[SeenRitual]:
        return self._in(SET_ASIDE)

    @property
    def theirs(self) -> list[SeenRitual]:
        return self._in(Ritual.State.GRADUATED)

    @property
    def resting(self) -> str | None:
        """The one neutral sentence, whatever the cause."""
        if not self._in(Ritual.State.RESTING):
            return None
        return str(RESTING).format(facilitator=self.facilitator)

    @property
    def line(self) -> str:
        if self.due:
            return _("Only if it suits you today. No answer is an answer too.")
        return _("There is nothing to do now.")


def portal(viewer: AsPartner, *, now: datetime) -> Portal:
    """Everything for the page and for the API, in a constant number of queries."""
    couple_tells = not is_discreet(viewer.couple_id)
    seen = [_seen(ritual, couple_tells=couple_tells) for ritual in _asked_about(viewer, now)]

    facilitator = lead_in(Assignment.objects.visible_to(viewer))
    return Portal(tuple(seen), facilitator or _("Your facilitator"))


def _asked_about(viewer: AsPartner, now: datetime) -> list[Ritual]:
    """The rituals this partner is asked about, each with what is theirs of it."""
    consents = RitualConsent.objects.visible_to(viewer)
    rounds = Occurrence.objects.visible_to(viewer).filter(due_at__lte=now, due_at__gt=now - STILL_OPEN)

    recent = (now - 2 * STILL_OPEN).date()
    answers = Response.objects.visible_to(viewer).filter(local_date__gte=recent)
    told = Told.objects.visible_to(viewer).filter(local_date__gte=recent)
    told_by_the_other = told.exclude(partner=viewer.partner_id)

    rows = Ritual.objects.visible_to(viewer).exclude(state=Ritual.State.ENDED)
    with_theirs = rows.prefetch_related(
        Prefetch("consents", consents, to_attr="my_consents"),
        Prefetch("occurrences", rounds.order_by("-due_at"), to_attr="my_rounds"),
        Prefetch("responses", answers, to_attr="my_answers"),
        Prefetch("told", told_by_the_other, to_attr="told_me"),
    )
    return [ritual for ritual in with_theirs if ritual.my_consents]


def _seen(ritual: Ritual, *, couple_tells: bool) -> SeenRitual:
    consent: RitualConsent = ritual.my_consents[0]
    last: Occurrence | None = ritual.my_rounds[0] if ritual.my_rounds else None

    return SeenRitual(
        id=ritual.pk,
        title=_(ritual.title),
        is_shared=ritual.is_shared,
        state=_state(ritual, consent),
        when=cadence_words(ritual, consent.hour),
        hour=consent.hour or ritual.usual_time,
        due_on=last.local_date if last else None,
        due_at=last.due_at if last else None,
        answer=_answer_to(last, ritual),
        told=told_words(ritual) if _was_told_of(last, ritual) else None,
        may_tell=couple_tells and ritual.is_shared,
        **_from_library(ritual.template),
    )


def _from_library(template: RitualTemplate | None) -> dict[str, Any]:
    if template is None:
        return {"purpose": "", "steps": (), "minutes": None, "invitation": "", "gentler": ()}

    gentler = [library()[code] for code in template.gentler_alternatives]
    return {
        "purpose": _(template.purpose),
        "steps": tuple(_(step) for step in template.steps),
        "minutes": template.minutes,
        "invitation": _(template.invitation),
        "gentler": tuple(_(other.title) for other in gentler),
    }


def _answer_to(last: Occurrence | None, ritual: Ritual) -> str | None:
    """What this partner answered for the date that came round last."""
    if last is None:
        return None

    for response in ritual.my_answers:
        if response.local_date == last.local_date and response.slot == last.slot:
            return str(response.answer)
    return None


def _was_told_of(last: Occurrence | None, ritual: Ritual) -> bool:
    """Whether the other chose to tell a "not today" of that date."""
    return last is not None and any(told.local_date == last.local_date for told in ritual.told_me)


def _state(ritual: Ritual, consent: RitualConsent) -> str:
    if ritual.state == Ritual.State.GRADUATED:
        return str(ritual.state)
    if consent.answer == RitualConsent.Answer.ASKED:
        return ASKED
    return str(ritual.state) if consent.says_yes else SET_ASIDE


# Words


def told_words(ritual: Ritual) -> str:
    """The words that meet a "not today" which its giver chose to tell."""
    template = ritual.template
    if template is None:
        return _("Not today. All is well.")
    return _(template.decline_acknowledgement)


def cadence_words(ritual: Ritual, hour: time | None = None) -> str:
    """When it comes round, at this hour or at its usual one."""
    at = hour or ritual.usual_time
    if at is None:
        return _("as you wish")

    facts = {"days": _days(ritual), "time": time_format(at, "H:i")}
    return _("%(days)s at %(time)s") % facts


def _days(ritual: Ritual) -> str:
    n = ritual.every_n_days
    if n and n % 7 == 0:
        weeks = n // 7
        return ngettext("every week", "every %(n)s weeks", weeks) % {"n": weeks}
    if n:
        return ngettext("every day", "every %(n)s days", n) % {"n": n}

    if len(ritual.weekdays) == 7:
        return _("every day")
    return ", ".join(str(WEEKDAYS[int(day)]) for day in ritual.weekdays)
