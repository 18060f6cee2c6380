"""The standing cast: Fay with Ana & Ben; Oli, elsewhere, with Cleo & Dev. Rows are real, made by the verbs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client, TransactionTestCase

from clients import consents, couples, safety
from clients.access import AsFacilitator, AsPartner
from clients.models import Consent, Couple, Partner, Screening
from facilitator import crypto
from facilitator.models import Practice, Purge, User
from tests import standing

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
MORNING = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
PASSWORD = "a warm room with three chairs"


@dataclass
class House:
    """One practice, its facilitator, and one couple walked in."""

    practice: Practice
    facilitator: User
    couple: Couple
    a: Partner
    b: Partner

    @property
    def viewer(self) -> AsFacilitator:
        return AsFacilitator(self.facilitator.pk, self.practice.pk)

    def seat(self, slot: str) -> AsPartner:
        partner = self.partner(slot)
        return AsPartner(partner.pk, self.couple.pk, self.practice.pk, slot)

    def partner(self, slot: str) -> Partner:
        return {"A": self.a, "B": self.b}[slot]

    def client(self) -> Client:
        """The facilitator's browser."""
        return signed_in(self.facilitator)

    def partner_client(self, slot: str) -> Client:
        """One partner's phone."""
        return signed_in(couples.account_of(self.partner(slot)))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def household(name: str, names: tuple[str, str], **how: Any) -> House:
    """A practice with one couple; `ready` couples have had their talks and given their consents."""
    return standing.once((name, names, *sorted(how.items())), lambda: _made(name, names, **how))


def _made(
    name: str,
    names: tuple[str, str],
    *,
    at: datetime = MORNING,
    zone: str = "Europe/Lisbon",
    ready: bool = True,
) -> House:
    practice = Practice.objects.create(name=f"{name}'s practice")
    user = User.objects.create_user(
        f"{name.lower()}@practice.example", PASSWORD, name=name, practice=practice, is_facilitator=True
    )

    couple = couples.welcome(
        facilitator=user,
        label=f"{names[0]} and {names[1]}",
        names={"A": names[0], "B": names[1]},
        zone=zone,
        now=at,
    )

    both = couples.partners_of(couple.pk)
    if ready:
        for partner in both.values():
            talked(user, partner, at=at)
    return House(practice, user, couple, both["A"], both["B"])


def talked(
    user: User, partner: Partner, *, at: datetime = MORNING, outcome: str = Screening.Outcome.GO
) -> None:
    safety.record_talk(partner=partner, user=user, spoken_alone_on=at.date(), outcome=outcome, now=at)
    for scope in Consent.Scope:
        consents.give(partner=partner, scope=scope, how=Consent.How.OWN_HAND, by=f"user:{user.pk}", now=at)


@pytest.fixture
def fay(db: Any) -> House:
    """Fay with Ana (A) and Ben (B)."""
    return household("Fay", ("Ana", "Ben"))


@pytest.fixture
def oli(db: Any) -> House:
    """Oli, in another practice, with Cleo (A) and Dev (B)."""
    return household("Oli", ("Cleo", "Dev"), zone="America/New_York")


@pytest.fixture(autouse=True)
def _no_keys_from_an_earlier_test() -> Iterator[None]:
    crypto.keys.clear()
    yield
    crypto.keys.clear()


def empty_every_table(self: TransactionTestCase) -> None:
    """Append-only tables are emptied through the same door as everything else: an open Purge."""
    for alias in ("default", "keys"):
        connection = connections[alias]
        tables = connection.introspection.django_table_names(only_existing=True)

        with transaction.atomic(using=alias), connection.cursor() as cursor:
            if alias == "default":
                Purge.objects.create(reason="a test ends", actor="system:tests", open_id=1)
            for table in tables:
                if table not in ("facilitator_purge", "django_content_type", "auth_permission"):
                    cursor.execute(f'DELETE FROM "{table}"')

            if alias == "default":
                cursor.execute('DELETE FROM "facilitator_purge"')


TransactionTestCase._fixture_teardown = empty_every_table  # type: ignore[method-assign]
