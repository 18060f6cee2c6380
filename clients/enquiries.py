"""Enquiries that nothing followed are erased after sixty days, with their accounts and their keys.

An enquiry is a couple of whom not both have ever said yes to taking part (practice.md 1).
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, Max, OuterRef, Q

from clients.audit_notes import note_couple
from clients.models import Consent, Couple, Partner
from facilitator import crypto
from facilitator.models import DataKey, Purge, User

# Counted where the couple lives.
KEPT_DAYS = 60
SWEEP = "system:enquiries"


def forget_enquiries(now: datetime) -> int:
    """Erase what is over, and say how many couples that were.

    Their keys are destroyed too: a backup that still holds the rows holds them unread.
    """
    # Somewhere it is already tomorrow.
    may_be_over = Q(began_on__lte=now.date() - timedelta(days=KEPT_DAYS - 1))
    couples = Couple.objects.unscoped("enquiries that nothing followed are erased")
    enquiries = couples.filter(may_be_over, *_is_enquiry()).order_by("began_on", "pk")

    forgotten = 0
    for couple in enquiries:
        if _is_over(couple, now):
            forgotten += _forget(couple, now)
    return forgotten


def _is_enquiry() -> list[Q]:
    """Never both said yes to taking part, and no room above knows the two. A yes taken back was a yes."""
    yes = Consent.objects.unscoped("an enquiry is one where not both agreed").filter(
        partner__couple=OuterRef("pk"), scope=Consent.Scope.FACILITATION
    )
    not_both = ~Q(Exists(yes.filter(partner__slot="A"))) | ~Q(Exists(yes.filter(partner__slot="B")))

    relations = Couple._meta.related_objects
    from_above = [each.name for each in relations if each.related_model._meta.app_label != "clients"]
    unknown_above = [Q(**{f"{name}__isnull": True}) for name in from_above]

    return [not_both, *unknown_above]


def _is_over(couple: Couple, now: datetime) -> bool:
    """Whether the days have passed since the last thing that happened."""
    today = now.astimezone(ZoneInfo(couple.zone)).date()
    return today >= _last_happened_on(couple) + timedelta(days=KEPT_DAYS)


def _last_happened_on(couple: Couple) -> date:
    """The day of the first word, or of the latest talk alone, yes or address; where the couple lives."""
    people = Partner.objects.unscoped("what follows keeps an enquiry").filter(couple=couple)
    latest = people.aggregate(
        Max("screenings__recorded_at"), Max("consents__given_at"), Max("channels__created_at")
    )

    zone = ZoneInfo(couple.zone)
    days = [at.astimezone(zone).date() for at in latest.values() if at is not None]
    return max([couple.began_on, *days])


def _forget(couple: Couple, now: datetime) -> int:
    """Rows, accounts and keys, or nothing at all: looked at once more under a lock."""
    rows = Couple.objects.unscoped("an enquiry is erased").filter(pk=couple.pk)

    with Purge.opened(reason="an enquiry that nothing followed", actor=SWEEP, at=now):
        rows.select_for_update().first()
        if not rows.filter(*_is_enquiry()).exists():
            return 0

        User.objects.filter(seat__partner__couple=couple.pk).delete()
        rows.delete()
        note_couple(couple, "enquiry erased", by=SWEEP, now=now)
        DataKey.objects.filter(couple=couple.pk).update(destroyed_at=now, wrapped="")

    crypto.keys.clear()
    return 1
