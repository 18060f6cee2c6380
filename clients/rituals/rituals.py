"""Propose, say yes, decline, rest, resume, graduate, answer: what people do with a ritual."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from clients.couples import partners_of
from clients.models import Casefile, Couple, Partner, Seat
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
from clients.rituals.running import OVER, consents_of, lagging, locked_row, seat_of, settle
from clients.safety import can_meet
from facilitator import audit, bell
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import User

# The gentle pace: so many shared rituals of one couple (domain.md 2.1).
MOST_SHARED = 3
# How long after its hour something may still be answered as "today's".
STILL_OPEN = timedelta(hours=20)
# A date may be moved to a later hour so many times.
MOST_MOVES = 3
A_NO = (Response.Answer.NOT_TODAY, Response.Answer.GENTLER)

NO_TALK = gettext_noop(
    "Not yet: something shared waits until you have spoken with each of them alone, and both can meet."
)
AT_REST = gettext_noop("There is nothing to do here just now.")


# The facilitator proposes


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
    _check_words(code, words)
    _check_who(couple, code, owner)
    if owner is None and not override:
        _check_pace(couple)

    if usual_time and not weekdays and not every_n_days:
        weekdays = cadence.EVERY_DAY

    ritual = Ritual.objects.create(
        couple=couple,
        owner=owner,
        audience="OWN_F" if owner else "JOINT",
        code=code,
        words=words,
        usual_time=usual_time,
        weekdays="".join(str(day) for day in sorted(weekdays)),
        every_n_days=every_n_days,
        start_on=start_on,
        proposed_by=by,
        proposed_at=now,
    )
    asked = [owner] if owner else partners_of(couple.pk).values()
    RitualConsent.objects.bulk_create([RitualConsent(ritual=ritual, partner=partner) for partner in asked])

    action = "ritual proposed, pace set aside" if override else "ritual proposed"
    _log(ritual, audit.actor_of(by), action, now)
    return ritual


def _check_words(code: str, words: str) -> None:
    if code == OWN and not words.strip():
        raise Refusal(gettext_noop("Say in a few words what it is."), "words_missing", "form")
    if code != OWN and code not in library():
        raise Refusal(gettext_noop("There is no such ritual in the library."), "unknown_ritual", "form")


def _check_who(couple: Couple, code: str, owner: Partner | None) -> None:
    """Some are for one person only; what is shared waits until the two can meet."""
    if owner is not None:
        return

    template = library().get(code)
    if template is not None and not template.is_shared:
        raise Refusal(gettext_noop("This one is for one person: choose who."), "for_one", "form")
    if not can_meet(couple.pk):
        raise Refusal(NO_TALK, "not_together", "absolute")


def _check_pace(couple: Couple) -> None:
    shared = Ritual.objects.unscoped("pace counts what runs").filter(couple=couple, owner=None)
    if shared.exclude(state__in=OVER).count() >= MOST_SHARED:
        text = gettext_noop("Three shared rituals at once are enough for a gentle pace.")
        raise Refusal(text, "pace", "soft")


@transaction.atomic
def facilitator_rests(*, ritual: Ritual, by: User, now: datetime) -> None:
    """The facilitator lets it rest, until they take it up again."""
    locked = locked_row(ritual)

    rests = FacilitatorRest.objects.unscoped("one rest at a time")
    rests.get_or_create(ritual=locked, ended_at=None, defaults={"user": by, "at": now})
    _cancel_reminders(locked.pk, now)

    _log(locked, audit.actor_of(by), "ritual rests", now)


@transaction.atomic
def facilitator_resumes(*, ritual: Ritual, by: User, now: datetime) -> None:
    """Ends the facilitator's own rest, and nobody else's."""
    locked = locked_row(ritual)

    rests = FacilitatorRest.objects.unscoped("the rest that is on").filter(ritual=locked, ended_at=None)
    rests.update(ended_at=now)
    settle(locked, now)

    _log(locked, audit.actor_of(by), "ritual taken up", now)


@transaction.atomic
def graduate(*, ritual: Ritual, by: User, now: datetime) -> Ritual:
    """It is theirs now: no more messages."""
    locked = locked_row(ritual)

    locked.state = Ritual.State.GRADUATED
    locked.save(update_fields=["state"])
    consents_of(locked).update(next_due_at=None)
    _cancel_reminders(locked.pk, now)

    _log(locked, audit.actor_of(by), "ritual graduated", now)
    return locked


# Each partner says yes or no for themselves


@transaction.atomic
def consent(
    *, ritual: Ritual, partner: Partner, answer: str, hour: time | None = None, now: datetime
) -> RitualConsent:
    """One person's answer to being asked. Only they can change it, either way, on any day."""
    mine = _locked_consent(ritual, partner)
    if answer not in RitualConsent.Answer.values or answer == RitualConsent.Answer.ASKED:
        raise Refusal(gettext_noop("Please choose one of the answers."), "answer", "form")

    if answer != RitualConsent.Answer.YES:
        return _stop(mine, answer=answer, is_resting=False, until=None, now=now)

    mine.hour = hour
    return _say_yes(mine, now)


def decline(*, ritual: Ritual, partner: Partner, now: datetime) -> RitualConsent:
    """Final until its giver says otherwise, silent, and with effect from this transaction on."""
    return consent(ritual=ritual, partner=partner, answer=RitualConsent.Answer.NOT_NOW, now=now)


@transaction.atomic
def rest(*, ritual: Ritual, partner: Partner, until: date | None = None, now: datetime) -> RitualConsent:
    """One person lets it rest, until a day or until they take it up again. From the other side: a rest."""
    mine = _locked_consent(ritual, partner)
    if mine.answer != RitualConsent.Answer.YES:
        return mine
    return _stop(mine, answer=mine.answer, is_resting=True, until=until, now=now)


@transaction.atomic
def resume(*, ritual: Ritual, partner: Partner, now: datetime) -> RitualConsent:
    """Take back one's own rest or no. It runs again when nothing else holds it; nothing says what does."""
    mine = _locked_consent(ritual, partner)
    if mine.says_yes:
        return mine
    return _say_yes(mine, now)


def _say_yes(mine: RitualConsent, now: datetime) -> RitualConsent:
    mine.answer = RitualConsent.Answer.YES
    mine.answered_at = now
    mine.is_resting = False
    mine.rest_until = None
    mine.save(update_fields=["answer", "answered_at", "hour", "is_resting", "rest_until"])

    settle(mine.ritual, now)
    return mine


def _stop(
    mine: RitualConsent, *, answer: str, is_resting: bool, until: date | None, now: datetime
) -> RitualConsent:
    says_the_same = mine.answer == answer and mine.is_resting == is_resting
    if not says_the_same:
        mine.answered_at = now

    mine.answer = answer
    mine.is_resting = is_resting
    mine.rest_until = until
    mine.next_due_at = None
    mine.save(update_fields=["answer", "answered_at", "is_resting", "rest_until", "next_due_at"])

    _cancel_reminders(mine.ritual_id, now)
    _raise_epoch(mine.partner_id)
    return mine


def _cancel_reminders(ritual_id: UUID, now: datetime) -> None:
    why = "nothing already due goes out afterwards"
    due = Delivery.objects.unscoped(why).filter(occurrence__ritual=ritual_id, state__in=Delivery.READY)

    occurrences = Occurrence.objects.unscoped(why).filter(deliveries__in=due)
    occurrences.update(reminder=Occurrence.Reminder.NONE)
    due.update(state=Delivery.State.CANCELLED, reason="rests", outcome_at=now)


def _raise_epoch(partner_id: UUID) -> None:
    """Nothing decided before this no is sent. What waits for other rituals of theirs is decided anew: it stays."""
    seats = Seat.objects.unscoped("a no raises the epoch").filter(partner=partner_id)
    seats.update(epoch=F("epoch") + 1)

    others = Delivery.objects.unscoped("what else awaits this person stays").filter(
        person=partner_id, state__in=Delivery.READY
    )
    others.update(person_epoch=seats.values("epoch")[:1])


def _locked_consent(ritual: Ritual, partner: Partner) -> RitualConsent:
    """This person's own answer, with the ritual under its lock."""
    locked = locked_row(ritual)

    answers = RitualConsent.objects.unscoped("a person's own answer").select_related("partner")
    mine: RitualConsent | None = answers.filter(ritual=locked, partner=partner).first()
    if mine is None or locked.state in OVER:
        raise Refusal(AT_REST, "over")

    mine.ritual = locked
    return mine


# Each partner answers for a date that came round


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
    mine = _locked_consent(ritual, partner)
    if answer not in Response.Answer.values:
        raise Refusal(gettext_noop("Please choose one of the answers."), "answer", "form")

    zone = seat_of(partner).zone
    day, slot = _answered_date(mine, zone, now)
    moved_to = None
    if answer == Response.Answer.MOVED_TO and hour:
        moved_to = _next_at(hour, zone, now)

    responses = Response.objects.unscoped("a person's own answer")
    response, _is_new = responses.update_or_create(
        ritual=ritual,
        partner=partner,
        local_date=day,
        slot=slot,
        defaults={"answer": answer, "moved_to": moved_to, "before": before, "after": after, "at": now},
    )

    if note:
        _keep_note(response, note)
    if tell and answer in A_NO:
        _tell_the_other(ritual, partner, day)
    if moved_to and slot < MOST_MOVES:
        _come_again(mine, day=day, slot=slot + 1, due_at=moved_to)
    return response


def _answered_date(mine: RitualConsent, zone: str, now: datetime) -> tuple[date, int]:
    """Date and slot of what came round last; today where nothing did."""
    rounds = Occurrence.objects.unscoped("which date is being answered").filter(
        ritual=mine.ritual, partner=mine.partner
    )
    still_open = rounds.filter(due_at__lte=now, due_at__gt=now - STILL_OPEN)

    last = still_open.order_by("-due_at").first()
    if last is None:
        return cadence.local_date(now, zone), 0
    return last.local_date, last.slot


def _next_at(hour: time, zone: str, now: datetime) -> datetime:
    """That hour today, or tomorrow where it has gone by."""
    place = cadence.zone(zone)
    today = cadence.local_date(now, zone)

    at = cadence.instant(today, hour, place)
    if at > now:
        return at
    return cadence.instant(today + cadence.DAY, hour, place)


def _keep_note(response: Response, text: str) -> None:
    notes = ResponseNote.objects.unscoped("a person's own note")
    notes.update_or_create(response=response, defaults={"text": text})


def _tell_the_other(ritual: Ritual, partner: Partner, day: date) -> None:
    """Once a date. Of one's own ritual, and in a couple that is set discreet, there is no telling."""
    if ritual.is_shared and not is_discreet(ritual.couple_id):
        told = Told.objects.unscoped("told once a date")
        told.get_or_create(ritual=ritual, partner=partner, local_date=day)


def _come_again(mine: RitualConsent, *, day: date, slot: int, due_at: datetime) -> None:
    """The same date once more, at the hour its answerer named; the next sweep plans the reminder."""
    occurrences = Occurrence.objects.unscoped("a person moves their own hour")
    occurrences.update_or_create(
        ritual=mine.ritual,
        partner=mine.partner,
        local_date=day,
        slot=slot,
        defaults={"due_at": due_at, "tzdb": cadence.TZDB, "reminder": Occurrence.Reminder.PLANNED},
    )
    bell.ring("deliveries")


def is_discreet(couple_id: UUID) -> bool:
    """Whether telling does not exist for this couple."""
    casefiles = Casefile.objects.unscoped("does telling exist for this couple")
    return casefiles.filter(couple=couple_id, discreet=True).exists()


# What time brings


def settle_all(now: datetime) -> int:
    """Ended rests wake up, and every row that lags behind follows. Returns how many rows changed."""
    _wake_up(now)

    changed = 0
    for ritual in lagging(now):
        settled = settle(ritual, now)
        if settled.state != ritual.state:
            changed += 1
    return changed


def _wake_up(now: datetime) -> None:
    """Rests until a day end on that day, where its giver is."""
    # Somewhere it is already tomorrow.
    latest_today = (now + timedelta(hours=15)).date()
    rests = RitualConsent.objects.unscoped("rests that were asked until a day")
    rests = rests.exclude(ritual__state__in=OVER)
    may_be_over = rests.filter(is_resting=True, rest_until__lte=latest_today)

    for asleep in may_be_over.select_related("ritual", "partner"):
        zone = seat_of(asleep.partner).zone
        if asleep.rest_until <= cadence.local_date(now, zone):
            resume(ritual=asleep.ritual, partner=asleep.partner, now=now)


def _log(ritual: Ritual, actor: str, action: str, now: datetime) -> None:
    practice_id = ritual.couple.practice_id
    audit.record(practice=practice_id, actor=actor, action=action, subject=f"ritual:{ritual.pk}", at=now)
