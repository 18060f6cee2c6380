"""What one partner sees of their rituals: their own answers, and of the other only what both may know."""

from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from django.db.models import Prefetch
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.access import AsPartner
from clients.models import Assignment
from clients.rituals.library import library
from clients.rituals.models import Occurrence, Response, Ritual, RitualConsent, Told
from clients.rituals.rituals import STILL_OPEN, is_discreet
from clients.words import RESTING

ASKED, SET_ASIDE = "asked", "set_aside"


@dataclass(frozen=True)
class Mine:
    """One ritual as one partner sees it; `state` is the joint one, or asked, or set_aside by myself."""

    id: UUID
    title: str
    purpose: str
    steps: tuple[str, ...]
    minutes: int | None
    is_shared: bool
    state: str
    when: str
    hour: time | None
    due_on: date | None
    due_at: datetime | None
    answer: str | None
    invitation: str
    gentler: tuple[str, ...]
    told: str | None
    may_tell: bool

    @property
    def is_due(self) -> bool:
        return self.state == Ritual.State.ACTIVE and self.due_on is not None


@dataclass(frozen=True)
class Portal:
    rituals: tuple[Mine, ...]
    facilitator: str

    def _in(self, *states: str) -> list[Mine]:
        return [each for each in self.rituals if each.state in states]

    @property
    def due(self) -> list[Mine]:
        return [each for each in self.rituals if each.is_due]

    @property
    def asked(self) -> list[Mine]:
        return self._in(ASKED)

    @property
    def running(self) -> list[Mine]:
        return [each for each in self._in(Ritual.State.ACTIVE) if not each.is_due]

    @property
    def waiting(self) -> list[Mine]:
        return self._in(Ritual.State.WAITING)

    @property
    def set_aside(self) -> list[Mine]:
        return self._in(SET_ASIDE)

    @property
    def theirs(self) -> list[Mine]:
        return self._in(Ritual.State.GRADUATED)

    @property
    def resting(self) -> str | None:
        """The one neutral sentence, whatever the cause."""
        return str(RESTING).format(facilitator=self.facilitator) if self._in(Ritual.State.RESTING) else None

    @property
    def line(self) -> str:
        if self.due:
            return _("Only if it suits you today. No answer is an answer too.")
        return _("There is nothing to do now.")


def portal(viewer: AsPartner, *, now: datetime) -> Portal:
    """Everything for the page and for the API, in a constant number of queries."""
    recent = (now - 2 * STILL_OPEN).date()
    rounds = Occurrence.objects.visible_to(viewer).filter(due_at__lte=now, due_at__gt=now - STILL_OPEN)
    answers = Response.objects.visible_to(viewer).filter(local_date__gte=recent)
    told = Told.objects.visible_to(viewer).filter(local_date__gte=recent).exclude(partner=viewer.partner_id)
    rows = (
        Ritual.objects.visible_to(viewer)
        .exclude(state=Ritual.State.ENDED)
        .prefetch_related(
            Prefetch("consents", RitualConsent.objects.visible_to(viewer), to_attr="my_consents"),
            Prefetch("occurrences", rounds.order_by("-due_at"), to_attr="my_rounds"),
            Prefetch("responses", answers, to_attr="my_answers"),
            Prefetch("told", told, to_attr="told_me"),
        )
    )
    tells = not is_discreet(viewer.couple_id)
    lead = Assignment.objects.visible_to(viewer).filter(role=Assignment.Role.LEAD, ended_at__isnull=True)
    name = lead.values_list("user__name", flat=True).first()
    return Portal(
        tuple(_mine(row, tells=tells) for row in rows if row.my_consents), name or _("Your facilitator")
    )


def _mine(ritual: Ritual, *, tells: bool) -> Mine:
    consent: RitualConsent = ritual.my_consents[0]
    template, last = ritual.template, next(iter(ritual.my_rounds), None)
    key = (last.local_date, last.slot) if last else None
    answered = next((r.answer for r in ritual.my_answers if (r.local_date, r.slot) == key), None)
    told = bool(last and any(t.local_date == last.local_date for t in ritual.told_me))
    return Mine(
        id=ritual.pk,
        title=_(ritual.title),
        purpose=_(template.purpose) if template else "",
        steps=tuple(_(step) for step in template.steps) if template else (),
        minutes=template.minutes if template else None,
        is_shared=ritual.is_shared,
        state=_state(ritual, consent),
        when=cadence_words(ritual, consent.hour),
        hour=consent.hour or ritual.usual_time,
        due_on=last.local_date if last else None,
        due_at=last.due_at if last else None,
        answer=answered,
        invitation=_(template.invitation) if template else "",
        gentler=tuple(_(library()[code].title) for code in template.gentler_alternatives) if template else (),
        told=told_words(ritual) if told else None,
        may_tell=tells and ritual.is_shared,
    )


def _state(ritual: Ritual, consent: RitualConsent) -> str:
    if ritual.state == Ritual.State.GRADUATED:
        return ritual.state
    if consent.answer == RitualConsent.Answer.ASKED:
        return ASKED
    return str(ritual.state) if consent.says_yes else SET_ASIDE


def told_words(ritual: Ritual) -> str:
    """The words that meet a "not today" which its giver chose to tell."""
    return _(ritual.template.decline_acknowledgement) if ritual.template else _("Not today. All is well.")


def cadence_words(ritual: Ritual, hour: time | None = None) -> str:
    at = hour or ritual.usual_time
    if at is None:
        return _("as you wish")
    facts = {"days": _days(ritual), "time": time_format(at, "H:i")}
    return _("%(days)s at %(time)s") % facts


def _days(ritual: Ritual) -> str:
    if ritual.every_n_days:
        n = ritual.every_n_days
        if n % 7 == 0:
            return ngettext("every week", "every %(n)s weeks", n // 7) % {"n": n // 7}
        return ngettext("every day", "every %(n)s days", n) % {"n": n}
    if len(ritual.weekdays) == 7:
        return _("every day")
    return ", ".join(str(WEEKDAYS[int(day)]) for day in ritual.weekdays)
