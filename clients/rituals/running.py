"""Whether a ritual runs now, what both may read of that, and when it comes round next.

A ritual of two runs while both say yes and nothing holds it. Its own row (`state`) says only what both may know;
why it rests stands in rows of one person's, or of the facilitator's. So that no hour tells who or what stopped
it, that row follows at the couple's next midnight, while nothing is sent from the very instant it stopped.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from clients.models import Partner, Quiet, Seat
from clients.rituals import cadence
from clients.rituals.models import FacilitatorRest, Occurrence, Ritual, RitualConsent
from clients.safety import latest_talks_against_meeting

OVER = (Ritual.State.GRADUATED, Ritual.State.ENDED)


def runs(ritual: Ritual, now: datetime) -> bool:
    """Everybody asked says yes, and nothing holds it. Read before anything is laid out or sent."""
    return ritual.state not in OVER and not stopped_since(ritual, now)


def stopped_since(ritual: Ritual, now: datetime) -> list[datetime]:
    """The instants from which something has kept it from running; empty when nothing does."""
    since = [*_no_since(ritual), *_facilitator_rests_since(ritual)]
    if ritual.is_shared:
        since += _couple_held_since(ritual, now)
    return since


def _no_since(ritual: Ritual) -> list[datetime]:
    """A no, a rest of one's own, or no answer yet."""
    without_yes = consents_of(ritual).exclude(answer=RitualConsent.Answer.YES, is_resting=False)
    answered_at = without_yes.values_list("answered_at", flat=True)
    return [at or ritual.proposed_at for at in answered_at]


def _facilitator_rests_since(ritual: Ritual) -> list[datetime]:
    rests = FacilitatorRest.objects.unscoped("does the facilitator let it rest")
    return list(rests.filter(ritual=ritual, ended_at__isnull=True).values_list("at", flat=True))


def _couple_held_since(ritual: Ritual, now: datetime) -> list[datetime]:
    """The facilitator's decisions that hold everything these two share."""
    quiets = Quiet.objects.unscoped("shared things rest while held").filter(
        Quiet.open_at(now), couple=ritual.couple_id, cause=Quiet.Cause.HELD
    )
    talks = latest_talks_against_meeting().filter(partner__couple=ritual.couple_id)

    return [*quiets.values_list("from_at", flat=True), *talks.values_list("recorded_at", flat=True)]


# The row that both may read


@transaction.atomic
def settle(ritual: Ritual, now: datetime) -> Ritual:
    """Let the row that both may read follow what stopped the ritual, or let it run again."""
    locked = locked_row(ritual)
    since = stopped_since(locked, now)

    state = _state_now(locked, since, now)
    if state != locked.state:
        locked.state = state
        locked.save(update_fields=["state"])

    if locked.state == Ritual.State.ACTIVE and not since:
        for mine in consents_of(locked).select_related("partner"):
            mine.ritual = locked
            plan_next(mine, now)
    return locked


def _state_now(ritual: Ritual, since: list[datetime], now: datetime) -> str:
    """It begins at once; it stops at the couple's next midnight."""
    if not since:
        may_begin = ritual.state in (Ritual.State.WAITING, Ritual.State.RESTING)
        return Ritual.State.ACTIVE if may_begin else ritual.state

    zone = ritual.couple.zone
    today = cadence.local_date(now, zone)
    stopped_before_today = any(cadence.local_date(at, zone) < today for at in since)
    if ritual.state == Ritual.State.ACTIVE and stopped_before_today:
        return Ritual.State.RESTING
    return ritual.state


def lagging(now: datetime) -> QuerySet[Ritual]:
    """Rituals whose row may say something else than what stops them: few at any time."""
    why = "rows both may read follow"
    this_ritual = OuterRef("pk")
    this_couple = OuterRef("couple")

    no_yes = ~Q(answer=RitualConsent.Answer.YES) | Q(is_resting=True)
    noes = RitualConsent.objects.unscoped(why).filter(no_yes, ritual=this_ritual)
    rests = FacilitatorRest.objects.unscoped(why).filter(ritual=this_ritual, ended_at__isnull=True)
    quiets = Quiet.objects.unscoped(why).filter(
        Quiet.open_at(now), couple=this_couple, cause=Quiet.Cause.HELD
    )
    talks = latest_talks_against_meeting().filter(partner__couple=this_couple)

    is_held = Q(owner__isnull=True) & (Q(Exists(quiets)) | Q(Exists(talks)))
    is_stopped = Q(Exists(noes)) | Q(Exists(rests)) | is_held
    says_running = Q(state=Ritual.State.ACTIVE)

    rows: QuerySet[Ritual] = Ritual.objects.unscoped(why).exclude(state__in=OVER)
    return rows.filter((says_running & is_stopped) | (~says_running & ~is_stopped))


# When it comes round


def plan_next(mine: RitualConsent, now: datetime, *, after: datetime | None = None) -> None:
    """Work out anew when it next comes round for this person."""
    seat = seat_of(mine.partner)

    mine.due_zone = seat.zone
    mine.due_tzdb = cadence.TZDB
    mine.next_due_at = _next_due_at(mine, seat, after or now)
    mine.save(update_fields=["due_zone", "due_tzdb", "next_due_at"])


def _next_due_at(mine: RitualConsent, seat: Seat, after: datetime) -> datetime | None:
    """None where nothing is to come. An unknown zone plans nothing."""
    if not mine.says_yes or mine.ritual.state in OVER:
        return None

    try:
        rule = rule_of(mine, seat)
    except cadence.UnknownZone:
        return None
    if rule is None:
        return None

    return cadence.next_occurrence(rule, after, last_round(mine)).due_at


def rule_of(mine: RitualConsent, seat: Seat) -> cadence.Rule | None:
    """The rule of the ritual where this person is, at the hour they chose."""
    return mine.ritual.rule(zone=seat.zone, hour=mine.hour)


def last_round(mine: RitualConsent) -> cadence.Occurrence | None:
    """The one that came round last for this person."""
    rounds = Occurrence.objects.unscoped("what came round last").filter(
        ritual=mine.ritual, partner=mine.partner, slot=0
    )
    last = rounds.order_by("-due_at").first()
    return cadence.Occurrence(last.local_date, last.slot, last.due_at) if last else None


# Rows that every verb and sweep needs


def locked_row(ritual: Ritual) -> Ritual:
    """The ritual under a lock. The order is always ritual, then seat; the final check takes the same."""
    rows = Ritual.objects.unscoped("verbs lock the ritual").select_related("couple")
    locked: Ritual = rows.select_for_update(of=("self",)).get(pk=ritual.pk)
    return locked


def consents_of(ritual: Ritual) -> QuerySet[RitualConsent]:
    """What everybody asked has answered."""
    answers: QuerySet[RitualConsent] = RitualConsent.objects.unscoped("does everybody asked say yes")
    return answers.filter(ritual=ritual)


def seat_of(partner: Partner) -> Seat:
    seat: Seat = Seat.objects.unscoped("a person's own hours and zone").get(partner=partner)
    return seat
