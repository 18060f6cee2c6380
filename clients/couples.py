"""Couples and their care team: who is on it, who may act."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q

from clients.access import AsFacilitator
from clients.models import Assignment, Casefile, Channel, Consent, Couple, Partner, Seat
from facilitator import audit, crypto
from facilitator.errors import Refusal, gettext_noop
from facilitator.mail import can_mail, is_demo_address
from facilitator.models import DataKey, Purge, User

# An enquiry that nothing followed is kept for so many days, counted where the couple lives.
ENQUIRY_DAYS = 60
SWEEP = "system:enquiries"


@transaction.atomic
def welcome(
    *,
    facilitator: User,
    label: str,
    names: dict[str, str],
    zone: str,
    language: str = "en",
    code: str = "",
    now: datetime,
) -> Couple:
    """A couple with its two partners, led by `facilitator`. `names` by slot: {"A": …, "B": …}."""
    couple = _made(
        facilitator=facilitator, label=label, names=names, zone=zone, language=language, code=code, now=now
    )
    _log(couple, audit.actor_of(facilitator), "couple welcomed", now)
    return couple


def _made(
    *,
    facilitator: User,
    label: str,
    names: dict[str, str],
    zone: str,
    language: str,
    now: datetime,
    code: str = "",
    pk: UUID | None = None,
) -> Couple:
    couple = Couple.objects.create(
        pk=pk or uuid4(),
        practice=facilitator.practice,
        label=label,
        zone=zone,
        language=language,
        began_on=now.astimezone(ZoneInfo(zone)).date(),
    )
    Casefile.objects.create(couple=couple, code=code or f"R-{couple.pk.hex[:4].upper()}")
    for slot in ("A", "B"):
        partner = Partner.objects.create(couple=couple, slot=slot, name=names[slot])
        Seat.objects.create(partner=partner, zone=zone, language=language)
    Assignment.objects.create(couple=couple, user=facilitator, role=Assignment.Role.LEAD, began_at=now)
    return couple


# A couple walks in: an enquiry until both have agreed (practice.md 1)


@transaction.atomic
def enquire(*, facilitator: User, name: str, now: datetime, pk: UUID | None = None) -> Partner:
    """Whoever came first has a name; the other's comes with their own card. Returns partner A."""
    practice = facilitator.practice
    assert practice is not None
    couple = _made(
        facilitator=facilitator,
        label=label_of(name),
        names={"A": name, "B": ""},
        zone=practice.zone,
        language=practice.language,
        now=now,
        pk=pk,
    )
    _log(couple, audit.actor_of(facilitator), "enquiry begun", now)
    return partners_of(couple.pk)["A"]


@transaction.atomic
def call(*, partner: Partner, name: str, by: AsFacilitator, now: datetime) -> Partner:
    """What this person is called. A label made of the two names follows; one in other words stays."""
    both = partners_of(partner.couple_id)
    mine, couple = both[partner.slot], partner.couple
    if mine.name == name:
        return mine
    was = label_of(*(each.name for each in both.values()))
    mine.name = name
    mine.save(update_fields=["name"])
    if couple.label == was:
        couple.label = label_of(*(each.name for each in both.values()))
        couple.save(update_fields=["label"])
    _log(couple, by.actor, "partner named", now)
    return mine


def label_of(*names: str) -> str:
    return " & ".join(name for name in names if name)


def forget_enquiries(now: datetime) -> int:
    """Enquiries that nothing followed are erased, their keys with them: a backup that still holds the rows
    holds them unread."""
    found = Couple.objects.unscoped("enquiries that nothing followed are erased").filter(*_enquiry())
    old = found.filter(began_on__lte=now.date() - timedelta(days=ENQUIRY_DAYS - 1)).order_by("began_on", "pk")
    return sum(_forgotten(couple, now) for couple in old if _is_over(couple, now))


def _enquiry() -> list[Q]:
    """Never both said yes to taking part, and no room above knows the two. A yes taken back was a yes."""
    yes = Consent.objects.unscoped("an enquiry is one where not both agreed").filter(
        partner__couple=OuterRef("pk"), scope=Consent.Scope.FACILITATION
    )
    above = [
        each.name for each in Couple._meta.related_objects if each.related_model._meta.app_label != "clients"
    ]
    not_both = ~Q(Exists(yes.filter(partner__slot="A"))) | ~Q(Exists(yes.filter(partner__slot="B")))
    return [not_both, *(Q(**{f"{name}__isnull": True}) for name in above)]


def _is_over(couple: Couple, now: datetime) -> bool:
    """Sixty days, where the couple lives, after the last thing that happened: the first word, a talk alone, a yes
    or an address."""
    zone = ZoneInfo(couple.zone)
    people = Partner.objects.unscoped("what follows keeps an enquiry").filter(couple=couple)
    last = people.aggregate(
        Max("screenings__recorded_at"), Max("consents__given_at"), Max("channels__created_at")
    )
    days = [couple.began_on, *(at.astimezone(zone).date() for at in last.values() if at)]
    return now.astimezone(zone).date() >= max(days) + timedelta(days=ENQUIRY_DAYS)


def _forgotten(couple: Couple, now: datetime) -> bool:
    """Rows, accounts and keys, or nothing at all: looked at once more under a lock."""
    rows = Couple.objects.unscoped("an enquiry is erased").filter(pk=couple.pk)
    with Purge.opened(reason="an enquiry that nothing followed", actor=SWEEP, at=now):
        rows.select_for_update().first()
        if not rows.filter(*_enquiry()).exists():
            return False
        User.objects.filter(seat__partner__couple=couple.pk).delete()
        rows.delete()
        _log(couple, SWEEP, "enquiry erased", now)
        DataKey.objects.filter(couple=couple.pk).update(destroyed_at=now, wrapped="")
    crypto.keys.clear()
    return True


# How to reach them


def take_address(*, partner: Partner, address: str, facilitator: User, now: datetime) -> Channel:
    """Who keeps an address of a partner has a second step at sign-in. Mail of a demo practice stays on this
    machine, and so do the addresses made up for it.
    """
    practice = partner.couple.practice
    stays_here = practice.is_demo and is_demo_address(address)
    if not (stays_here or is_mfa_enabled(facilitator)):
        raise Refusal(
            gettext_noop("Not yet: before an address is kept here, your sign-in has a second step."),
            "second_factor",
        )
    if not can_mail(practice, address):
        raise Refusal(gettext_noop("Mail to this address cannot be sent from here yet."), "no_mail")
    viewer = AsFacilitator(facilitator.pk, facilitator.practice_id)
    return reach_by_email(partner=partner, address=address, by=viewer, now=now)


@transaction.atomic
def reach_by_email(*, partner: Partner, address: str, by: AsFacilitator, now: datetime) -> Channel:
    """The one address this person gave, in person. An earlier one is no longer used."""
    mine = Channel.objects.unscoped("a person has one address at a time").filter(partner=partner)
    mine.exclude(state=Channel.State.REVOKED).update(state=Channel.State.REVOKED)
    channel = Channel.objects.create(partner=partner, address=address, verified_at=now, created_at=now)
    audit.record(
        practice=partner.couple.practice_id,
        actor=by.actor,
        action="address set",
        subject=f"partner:{partner.pk}",
        at=now,
    )
    return channel


def partners_of(couple_id: UUID) -> dict[str, Partner]:
    """Both partners by slot, for verbs."""
    rows = Partner.objects.unscoped("a verb needs both partners of its couple").filter(couple=couple_id)
    return {partner.slot: partner for partner in rows}


@transaction.atomic
def account_of(partner: Partner) -> User:
    """This partner's own account, made when first needed. It has no address and no password."""
    seat = Seat.objects.unscoped("a partner's own account").select_for_update().get(partner=partner)
    if seat.account is None:
        user = User(practice_id=partner.couple.practice_id)
        user.set_unusable_password()
        user.save()
        seat.account = user
        seat.save(update_fields=["account"])
    return seat.account


def _log(couple: Couple, by: str, action: str, now: datetime) -> None:
    audit.record(practice=couple.practice_id, actor=by, action=action, subject=f"couple:{couple.pk}", at=now)
