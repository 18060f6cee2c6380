"""Propose, say yes, decline, rest, resume, graduate, answer.

A ritual of two runs while both say yes and nothing holds it. What the ritual's own row says (`state`) is
only what both may know; why it rests stands in rows of one person's, or of the facilitator's. So that no hour
tells who or what stopped it, that row follows at the couple's next midnight, while nothing is sent from the
very instant it stopped.
"""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from clients.models import Casefile, Couple, Partner, Quiet, Screening, Seat
from clients.rituals import cadence
from clients.rituals.library import OWN, library
from clients.rituals.models import (
    Delivery,
    FacilitatorRest,
    Occurrence,
    Response,
    ResponseNote,
    Ritual,
    RitualConsent,
    Told,
)
from clients.safety import TOGETHER, latest_talks
from facilitator import audit, bell
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import User

# The gentle pace: so many shared rituals at once (domain.md 2.1).
AT_ONCE = 3
# How long after its hour something may still be answered as "today's".
STILL_OPEN = timedelta(hours=20)
OVER = (Ritual.State.GRADUATED, Ritual.State.ENDED)
A_NO = (Response.Answer.NOT_TODAY, Response.Answer.GENTLER)

NO_TALK = gettext_noop(
    "Not yet: something shared waits until you have spoken with each of them alone, and both can meet."
)
AT_REST = gettext_noop("There is nothing to do here just now.")


@transaction.atomic
def propose(
    *,
    couple: Couple,
    by: User,
    code: str,
    words: str = "",
    owner: Partner | None = None,
    usual_time: time | None = None,
    weekdays: frozenset[int] = frozenset(),
    every_n_days: int = 0,
    start_on: date,
    override: str = "",
    now: datetime,
) -> Ritual:
    """Ask both, or one where `owner` is named. Nothing runs or is sent before everybody asked says yes."""
    _check_proposal(couple, code=code, words=words, owner=owner, override=override)
    ritual = Ritual.objects.create(
        couple=couple,
        owner=owner,
        audience="OWN_F" if owner else "JOINT",
        code=code,
        words=words,
        usual_time=usual_time,
        weekdays="".join(str(day) for day in sorted(weekdays))
        or ("0123456" if usual_time and not every_n_days else ""),
        every_n_days=every_n_days,
        start_on=start_on,
        proposed_by=by,
        proposed_at=now,
    )
    asked = [owner] if owner else _partners(couple.pk)
    RitualConsent.objects.bulk_create([RitualConsent(ritual=ritual, partner=partner) for partner in asked])
    _log(
        ritual, audit.actor_of(by), "ritual proposed, pace set aside" if override else "ritual proposed", now
    )
    return ritual


def _check_proposal(couple: Couple, *, code: str, words: str, owner: Partner | None, override: str) -> None:
    template = library().get(code)
    if template is None and code != OWN:
        raise Refusal(gettext_noop("There is no such ritual in the library."), "unknown_ritual", "form")
    if code == OWN and not words.strip():
        raise Refusal(gettext_noop("Say in a few words what it is."), "words_missing", "form")
    if owner is None and template is not None and not template.is_shared:
        raise Refusal(gettext_noop("This one is for one person: choose who."), "for_one", "form")
    if owner is not None:
        return
    if any(talk.outcome not in TOGETHER for talk in latest_talks(couple.pk).values()):
        raise Refusal(NO_TALK, "not_together", "absolute")
    held = Ritual.objects.unscoped("pace counts what runs").filter(couple=couple, owner=None)
    if held.exclude(state__in=OVER).count() >= AT_ONCE and not override:
        text = gettext_noop("Three shared rituals at once are enough for a gentle pace.")
        raise Refusal(text, "pace", "soft")


@transaction.atomic
def consent(
    *, ritual: Ritual, partner: Partner, answer: str, hour: time | None = None, now: datetime
) -> RitualConsent:
    """One person's answer to being asked. Only they can change it, either way, on any day."""
    mine = _lock(ritual, partner)
    if answer not in RitualConsent.Answer.values or answer == RitualConsent.Answer.ASKED:
        raise Refusal(gettext_noop("Please choose one of the answers."), "answer", "form")
    if answer != RitualConsent.Answer.YES:
        return _stop(mine, answer=answer, is_resting=False, until=None, now=now)
    mine.answer, mine.answered_at, mine.hour, mine.is_resting, mine.rest_until = (
        answer,
        now,
        hour,
        False,
        None,
    )
    mine.save(update_fields=["answer", "answered_at", "hour", "is_resting", "rest_until"])
    settle(ritual, now)
    return mine


def decline(*, ritual: Ritual, partner: Partner, now: datetime) -> RitualConsent:
    """Final until its giver says otherwise, silent, and with effect from this transaction on."""
    return consent(ritual=ritual, partner=partner, answer=RitualConsent.Answer.NOT_NOW, now=now)


@transaction.atomic
def rest(*, ritual: Ritual, partner: Partner, until: date | None = None, now: datetime) -> RitualConsent:
    """One person lets it rest, until a day or until they take it up again. From the other side: a rest."""
    mine = _lock(ritual, partner)
    if mine.answer != RitualConsent.Answer.YES:
        return mine
    return _stop(mine, answer=mine.answer, is_resting=True, until=until, now=now)


@transaction.atomic
def resume(*, ritual: Ritual, partner: Partner, now: datetime) -> RitualConsent:
    """Take back one's own rest or no. It runs again when nothing else holds it; nothing says what does."""
    mine = _lock(ritual, partner)
    if mine.says_yes:
        return mine
    mine.answer, mine.answered_at = RitualConsent.Answer.YES, now
    mine.is_resting, mine.rest_until = False, None
    mine.save(update_fields=["answer", "answered_at", "is_resting", "rest_until"])
    settle(ritual, now)
    return mine


@transaction.atomic
def facilitator_rests(*, ritual: Ritual, by: User, now: datetime) -> None:
    locked = locked_row(ritual)
    FacilitatorRest.objects.unscoped("one rest at a time").get_or_create(
        ritual=locked, ended_at=None, defaults={"user": by, "at": now}
    )
    _cancel(locked.pk, now)
    _log(locked, audit.actor_of(by), "ritual rests", now)


@transaction.atomic
def facilitator_resumes(*, ritual: Ritual, by: User, now: datetime) -> None:
    """Ends the facilitator's own rest, and nobody else's."""
    locked = locked_row(ritual)
    FacilitatorRest.objects.unscoped("the rest that is on").filter(ritual=locked, ended_at=None).update(
        ended_at=now
    )
    settle(locked, now)
    _log(locked, audit.actor_of(by), "ritual taken up", now)


@transaction.atomic
def graduate(*, ritual: Ritual, by: User, now: datetime) -> Ritual:
    """It is theirs now: no more messages."""
    locked = locked_row(ritual)
    locked.state = Ritual.State.GRADUATED
    locked.save(update_fields=["state"])
    _consents(locked).update(next_due_at=None)
    _cancel(locked.pk, now)
    _log(locked, audit.actor_of(by), "ritual graduated", now)
    return locked


@transaction.atomic
def respond(
    *,
    ritual: Ritual,
    partner: Partner,
    answer: str,
    hour: time | None = None,
    before: int | None = None,
    after: int | None = None,
    note: str = "",
    tell: bool = False,
    now: datetime,
) -> Response:
    """One person's answer for the date that came round last. Answering again changes the answer."""
    mine = _lock(ritual, partner)
    if answer not in Response.Answer.values:
        raise Refusal(gettext_noop("Please choose one of the answers."), "answer", "form")
    seat = seat_of(partner)
    day, slot = _answered_date(mine, seat, now)
    moved_to = _next_at(hour, seat, now) if answer == Response.Answer.MOVED_TO and hour else None
    response, _new = Response.objects.unscoped("a person's own answer").update_or_create(
        ritual=ritual,
        partner=partner,
        local_date=day,
        slot=slot,
        defaults={"answer": answer, "moved_to": moved_to, "before": before, "after": after, "at": now},
    )
    if note:
        ResponseNote.objects.unscoped("a person's own note").update_or_create(
            response=response, defaults={"text": note}
        )
    if tell and answer in A_NO and ritual.is_shared and not is_discreet(ritual.couple_id):
        told = Told.objects.unscoped("told once a date")
        told.get_or_create(ritual=ritual, partner=partner, local_date=day)
    if moved_to and slot < 3:
        _come_again(mine, day=day, slot=slot + 1, due_at=moved_to)
    return response


def _come_again(mine: RitualConsent, *, day: date, slot: int, due_at: datetime) -> None:
    """The same date once more, at the hour its answerer named; the next sweep plans the reminder."""
    Occurrence.objects.unscoped("a person moves their own hour").update_or_create(
        ritual=mine.ritual,
        partner=mine.partner,
        local_date=day,
        slot=slot,
        defaults={"due_at": due_at, "tzdb": cadence.TZDB, "reminder": Occurrence.Reminder.PLANNED},
    )
    bell.ring("deliveries")


def _answered_date(mine: RitualConsent, seat: Seat, now: datetime) -> tuple[date, int]:
    rounds = Occurrence.objects.unscoped("which date is being answered").filter(
        ritual=mine.ritual, partner=mine.partner
    )
    last = rounds.filter(due_at__lte=now, due_at__gt=now - STILL_OPEN).order_by("-due_at").first()
    return (last.local_date, last.slot) if last else (now.astimezone(cadence.zone(seat.zone)).date(), 0)


def _next_at(hour: time, seat: Seat, now: datetime) -> datetime:
    place = cadence.zone(seat.zone)
    today = now.astimezone(place).date()
    at = cadence.instant(today, hour, place)
    return at if at > now else cadence.instant(today + cadence.DAY, hour, place)


# What runs


def holds(couple_id: UUID, now: datetime) -> list[datetime]:
    """Since when the facilitator's decisions hold everything these two share; empty when nothing does."""
    quiet = Quiet.objects.unscoped("shared things rest while held").filter(
        Q(until_at__isnull=True) | Q(until_at__gt=now),
        couple=couple_id,
        cause=Quiet.Cause.HELD,
        from_at__lte=now,
    )
    talks = Screening.objects.unscoped("shared things rest while the two cannot meet").filter(
        _is_latest_talk(), partner__couple=couple_id
    )
    apart = talks.exclude(outcome__in=TOGETHER).values_list("recorded_at", flat=True)
    return [*quiet.values_list("from_at", flat=True), *apart]


def _is_latest_talk() -> Q:
    talks = Screening.objects.unscoped("which private talk was the latest")
    later = talks.filter(partner=OuterRef("partner"), recorded_at__gt=OuterRef("recorded_at"))
    return ~Q(Exists(later))


def runs(ritual: Ritual, now: datetime) -> bool:
    """Everybody asked says yes, and nothing holds it. Read before anything is laid out or sent."""
    return ritual.state not in OVER and not stopped_since(ritual, now)


def stopped_since(ritual: Ritual, now: datetime) -> list[datetime]:
    """The instants from which something has kept it from running."""
    consents = _consents(ritual).values_list("answer", "is_resting", "answered_at")
    yes = RitualConsent.Answer.YES
    since = [at or ritual.proposed_at for answer, is_resting, at in consents if answer != yes or is_resting]
    since += (
        FacilitatorRest.objects.unscoped("does the facilitator let it rest")
        .filter(ritual=ritual, ended_at__isnull=True)
        .values_list("at", flat=True)
    )
    return since + (holds(ritual.couple_id, now) if ritual.is_shared else [])


@transaction.atomic
def settle(ritual: Ritual, now: datetime) -> Ritual:
    """Let the row that both may read follow: at once when it begins, at the next midnight when it stops."""
    locked = locked_row(ritual)
    since = stopped_since(locked, now)
    place = cadence.zone(locked.couple.zone)
    before_today = any(at.astimezone(place).date() < now.astimezone(place).date() for at in since)
    follows = {Ritual.State.ACTIVE: Ritual.State.RESTING} if before_today else {}
    if not since:
        follows = {Ritual.State.WAITING: Ritual.State.ACTIVE, Ritual.State.RESTING: Ritual.State.ACTIVE}
    if locked.state in follows:
        locked.state = follows[Ritual.State(locked.state)]
        locked.save(update_fields=["state"])
    if locked.state == Ritual.State.ACTIVE and not since:
        for each in _consents(locked).select_related("partner"):
            each.ritual = locked
            plan_next(each, now)
    return locked


def settle_all(now: datetime) -> int:
    """Ended rests wake up, and every row that lags behind follows."""
    for asleep in (
        RitualConsent.objects.unscoped("rests that were asked until a day")
        .filter(is_resting=True, rest_until__lte=(now + timedelta(hours=15)).date())
        .select_related("ritual", "partner")
    ):
        if asleep.rest_until <= now.astimezone(cadence.zone(seat_of(asleep.partner).zone)).date():
            resume(ritual=asleep.ritual, partner=asleep.partner, now=now)
    return sum(settle(ritual, now).state != ritual.state for ritual in _lagging(now))


def _lagging(now: datetime) -> QuerySet[Ritual]:
    """Rituals whose row may say something else than what holds them: few at any time."""
    why = "rows both may read follow"
    no = RitualConsent.objects.unscoped(why).filter(
        ~Q(answer=RitualConsent.Answer.YES) | Q(is_resting=True), ritual=OuterRef("pk")
    )
    desk = FacilitatorRest.objects.unscoped(why).filter(ritual=OuterRef("pk"), ended_at__isnull=True)
    quiet = Quiet.objects.unscoped(why).filter(
        Q(until_at__isnull=True) | Q(until_at__gt=now), couple=OuterRef("couple"), cause=Quiet.Cause.HELD
    )
    talks = Screening.objects.unscoped(why).filter(_is_latest_talk(), partner__couple=OuterRef("couple"))
    held = Q(owner__isnull=True) & (Q(Exists(quiet)) | Q(Exists(talks.exclude(outcome__in=TOGETHER))))
    stopped = Q(Exists(no)) | Q(Exists(desk)) | held
    running = Q(state=Ritual.State.ACTIVE)
    return (
        Ritual.objects.unscoped(why)
        .filter((running & stopped) | (~running & ~stopped))
        .exclude(state__in=OVER)
    )


def plan_next(mine: RitualConsent, now: datetime, *, after: datetime | None = None) -> None:
    """Work out anew when it next comes round for this person. An unknown zone plans nothing."""
    seat = seat_of(mine.partner)
    mine.due_zone, mine.due_tzdb, mine.next_due_at = seat.zone, cadence.TZDB, None
    try:
        rule = mine.ritual.rule(zone=seat.zone, hour=mine.hour)
    except cadence.UnknownZone:
        rule = None
    if rule is not None and mine.says_yes and mine.ritual.state not in OVER:
        mine.next_due_at = cadence.next_occurrence(rule, after or now, last_round(mine)).due_at
    mine.save(update_fields=["due_zone", "due_tzdb", "next_due_at"])


def last_round(mine: RitualConsent) -> cadence.Occurrence | None:
    rounds = Occurrence.objects.unscoped("what came round last").filter(
        ritual=mine.ritual, partner=mine.partner, slot=0
    )
    last = rounds.order_by("-due_at").first()
    return cadence.Occurrence(last.local_date, last.slot, last.due_at) if last else None


# Locks and small parts. The order is always ritual, then seat; the final check takes the same.


def locked_row(ritual: Ritual) -> Ritual:
    rows = (
        Ritual.objects.unscoped("verbs lock the ritual")
        .select_related("couple")
        .select_for_update(of=("self",))
    )
    return rows.get(pk=ritual.pk)


def _lock(ritual: Ritual, partner: Partner) -> RitualConsent:
    locked = locked_row(ritual)
    mine = (
        RitualConsent.objects.unscoped("a person's own answer")
        .select_related("partner")
        .filter(ritual=locked, partner=partner)
        .first()
    )
    if mine is None or locked.state in OVER:
        raise Refusal(AT_REST, "over")
    mine.ritual = locked
    return mine


def _stop(
    mine: RitualConsent, *, answer: str, is_resting: bool, until: date | None, now: datetime
) -> RitualConsent:
    if (mine.answer, mine.is_resting) != (answer, is_resting):
        mine.answered_at = now
    mine.answer, mine.is_resting, mine.rest_until, mine.next_due_at = answer, is_resting, until, None
    mine.save(update_fields=["answer", "answered_at", "is_resting", "rest_until", "next_due_at"])
    _cancel(mine.ritual_id, now)
    seats = Seat.objects.unscoped("a no raises the epoch").filter(partner=mine.partner_id)
    seats.update(epoch=F("epoch") + 1)
    # Their other reminders stay decided; only what was on its way for this ritual is not.
    Delivery.objects.unscoped("what else awaits this person stays").filter(
        person=mine.partner_id, state__in=Delivery.READY
    ).update(person_epoch=seats.values("epoch")[:1])
    return mine


def _cancel(ritual_id: UUID, now: datetime) -> None:
    why = "nothing already due goes out afterwards"
    due = Delivery.objects.unscoped(why).filter(occurrence__ritual=ritual_id, state__in=Delivery.READY)
    Occurrence.objects.unscoped(why).filter(deliveries__in=due).update(reminder=Occurrence.Reminder.NONE)
    due.update(state=Delivery.State.CANCELLED, reason="rests", outcome_at=now)


def _consents(ritual: Ritual) -> QuerySet[RitualConsent]:
    return RitualConsent.objects.unscoped("does everybody asked say yes").filter(ritual=ritual)


def _partners(couple_id: UUID) -> list[Partner]:
    return list(Partner.objects.unscoped("both are asked").filter(couple=couple_id))


def seat_of(partner: Partner) -> Seat:
    return Seat.objects.unscoped("a person's own hours and zone").get(partner=partner)


def is_discreet(couple_id: UUID) -> bool:
    return (
        Casefile.objects.unscoped("does telling exist for this couple")
        .filter(couple=couple_id, discreet=True)
        .exists()
    )


def _log(ritual: Ritual, actor: str, action: str, now: datetime) -> None:
    audit.record(
        practice=ritual.couple.practice_id, actor=actor, action=action, subject=f"ritual:{ritual.pk}", at=now
    )
