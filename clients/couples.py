"""Couples and their two partners: welcomed or enquiring, what they are called, and how to reach them."""

from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.db import transaction
from django.db.models import QuerySet

from clients.access import AsFacilitator
from clients.audit_notes import note_couple, note_partner
from clients.models import Assignment, Casefile, Channel, Couple, Partner, Seat
from facilitator import audit
from facilitator.errors import Refusal, gettext_noop
from facilitator.mail import can_mail, is_demo_address
from facilitator.models import User

# A new couple


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
    couple = _make(
        facilitator=facilitator,
        label=label,
        names=names,
        zone=zone,
        language=language,
        code=code,
        now=now,
    )

    note_couple(couple, "couple welcomed", by=audit.actor_of(facilitator), now=now)
    return couple


@transaction.atomic
def enquire(*, facilitator: User, name: str, now: datetime, pk: UUID | None = None) -> Partner:
    """A couple of whom one has come, and given a name; the other's comes with their own card.

    Returns partner A. It is an enquiry until both have agreed (clients/enquiries.py).
    """
    practice = facilitator.practice
    assert practice is not None

    couple = _make(
        facilitator=facilitator,
        label=label_of(name),
        names={"A": name, "B": ""},
        zone=practice.zone,
        language=practice.language,
        now=now,
        pk=pk,
    )

    note_couple(couple, "enquiry begun", by=audit.actor_of(facilitator), now=now)
    return partners_of(couple.pk)["A"]


def _make(
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


# What they are called


@transaction.atomic
def call(*, partner: Partner, name: str, by: AsFacilitator, now: datetime) -> Partner:
    """What this person is called. A label made of the two names follows; one in other words stays."""
    both = partners_of(partner.couple_id)
    named = both[partner.slot]
    if named.name == name:
        return named

    couple = partner.couple
    label_is_made_of_names = couple.label == _label_of(both)

    named.name = name
    named.save(update_fields=["name"])
    if label_is_made_of_names:
        couple.label = _label_of(both)
        couple.save(update_fields=["label"])

    note_couple(couple, "partner named", by=by.actor, now=now)
    return named


def _label_of(both: dict[str, Partner]) -> str:
    return label_of(*(partner.name for partner in both.values()))


def label_of(*names: str) -> str:
    """What a facilitator calls two people who have no other label; whoever has no name yet is left out."""
    return " & ".join(name for name in names if name)


def partners_of(couple_id: UUID) -> dict[str, Partner]:
    """Both partners by slot, for verbs."""
    rows = Partner.objects.unscoped("a verb needs both partners of its couple").filter(couple=couple_id)
    return {partner.slot: partner for partner in rows}


def lead_in(care_team: QuerySet[Assignment]) -> str:
    """The first name of whoever leads, out of those on the care team; "" where nobody does."""
    leads = care_team.filter(role=Assignment.Role.LEAD, ended_at__isnull=True)
    return str(leads.values_list("user__name", flat=True).first() or "")


# How to reach them


def take_address(*, partner: Partner, address: str, facilitator: User, now: datetime) -> Channel:
    """Keep an address of a partner: only for a facilitator who has a second step at sign-in.

    Mail of a demo practice stays on this machine, and so do the addresses made up for it.
    """
    practice = partner.couple.practice
    stays_here = practice.is_demo and is_demo_address(address)

    if not stays_here and not is_mfa_enabled(facilitator):
        text = gettext_noop("Not yet: before an address is kept here, your sign-in has a second step.")
        raise Refusal(text, "second_factor")
    if not can_mail(practice, address):
        raise Refusal(gettext_noop("Mail to this address cannot be sent from here yet."), "no_mail")

    return reach_by_email(partner=partner, address=address, by=AsFacilitator.of(facilitator), now=now)


@transaction.atomic
def reach_by_email(*, partner: Partner, address: str, by: AsFacilitator, now: datetime) -> Channel:
    """The one address this person gave, in person. An earlier one is no longer used."""
    earlier = Channel.objects.unscoped("a person has one address at a time").filter(partner=partner)
    earlier.exclude(state=Channel.State.REVOKED).update(state=Channel.State.REVOKED)

    channel = Channel.objects.create(partner=partner, address=address, verified_at=now, created_at=now)
    note_partner(partner, "address set", by=by.actor, now=now)
    return channel


@transaction.atomic
def account_of(partner: Partner) -> User:
    """This partner's own account, made when first needed. It has no address and no password."""
    seat = Seat.objects.unscoped("a partner's own account").select_for_update().get(partner=partner)
    if seat.account is not None:
        return seat.account

    user = User(practice_id=partner.couple.practice_id)
    user.set_unusable_password()
    user.save()

    seat.account = user
    seat.save(update_fields=["account"])
    return user
