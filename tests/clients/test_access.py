"""Who may see what: every guarded model, every viewer, every audience."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.test import RequestFactory

from clients import couples
from clients.access import (
    AsAdmin,
    AsFacilitator,
    AsObserver,
    AsPartner,
    AsRoom,
    AsSupervisor,
    Audience,
    viewer_of,
)
from clients.guarded import Guarded
from clients.models import Assignment, Boundary, Casefile, Couple, Partner, Seat
from facilitator.models import User
from sessions.models import Line, Moment, Session
from tests.cast import MORNING, House, signed_in
from tests.clients.rows import one_of_each

pytestmark = pytest.mark.django_db

GUARDED = [model for model in apps.get_models() if issubclass(model, Guarded)]


def colleague(house: House, role: str = Assignment.Role.CO, *, agreed: str = "AB", **facts: Any) -> User:
    user = User.objects.create_user(
        f"gil{User.objects.count()}@practice.example", practice=house.practice, is_facilitator=True
    )
    said_yes = {f"consented_{slot.lower()}_at": MORNING for slot in agreed}
    Assignment.objects.create(couple=house.couple, user=user, role=role, **said_yes, **facts)
    return user


def seen(model: type[models.Model], viewer: Any) -> set:
    return set(model.objects.visible_to(viewer).values_list("pk", flat=True))


def seen_models(viewer: Any) -> list[type[models.Model]]:
    """The models of which this viewer sees any row at all."""
    return [model for model in GUARDED if seen(model, viewer)]


def ana_leaves(house: House) -> None:
    partners = Partner.objects.unscoped("a test lets Ana leave")
    partners.filter(pk=house.a.pk).update(left_at=MORNING)


# The table


@dataclass(frozen=True)
class Wanted:
    """The table of design.md 4: who reads a row of this audience when the row is A's."""

    own: bool
    other: bool
    other_after_release: bool
    team: bool


TABLE = {
    Audience.OWN: Wanted(own=True, other=False, other_after_release=False, team=False),
    Audience.OWN_F: Wanted(own=True, other=False, other_after_release=False, team=True),
    Audience.REL: Wanted(own=True, other=False, other_after_release=True, team=True),
    Audience.JOINT: Wanted(own=True, other=True, other_after_release=True, team=True),
    Audience.FAC: Wanted(own=False, other=False, other_after_release=False, team=True),
    Audience.SYS: Wanted(own=False, other=False, other_after_release=False, team=False),
}


def audience_of(row: Any) -> Audience:
    fixed = row.guard.audience
    return fixed if isinstance(fixed, Audience) else Audience(_along(row, fixed))


def _along(row: Any, path: str) -> Any:
    for step in filter(None, path.split("__")):
        row = getattr(row, step)
    return row


def is_released(row: Any) -> bool:
    if row.guard.released is None:
        return False

    same = type(row).objects.unscoped("a test asks what was released").filter(pk=row.pk)
    return same.filter(**{f"{row.guard.released}__isnull": False}).exists()


def owner_of(row: Any) -> Any:
    if row.guard.owner is None:
        return None

    found = _along(row, row.guard.owner)
    return getattr(found, "pk", found)


def wanted_of_partner(row: Any, partner: Partner) -> bool:
    table = TABLE[audience_of(row)]
    if table.own and owner_of(row) == partner.pk:
        return True
    return table.other_after_release if is_released(row) else table.other


def test_every_row_is_seen_by_exactly_whom_the_table_names(fay, oli):
    rows = one_of_each(fay, GUARDED)
    team = {
        "lead": fay.viewer,
        "co": AsFacilitator(colleague(fay).pk, fay.practice.pk),
    }
    outsiders = {
        "stranger": oli.seat("A"),
        "other lead": oli.viewer,
        "admin": AsAdmin(fay.facilitator.pk),
        "supervisor": AsSupervisor(colleague(fay, Assignment.Role.SUPERVISOR).pk),
        "nobody": None,
    }

    wanted = {}
    for row in rows:
        for slot in "AB":
            wanted[row, slot] = wanted_of_partner(row, fay.partner(slot))
        for who in team:
            wanted[row, who] = TABLE[audience_of(row)].team
        for who in outsiders:
            wanted[row, who] = False

    viewers = {"A": fay.seat("A"), "B": fay.seat("B"), **team, **outsiders}
    sight = {(who, model): seen(model, viewer) for who, viewer in viewers.items() for model in GUARDED}
    found = {(row, who): row.pk in sight[who, type(row)] for row, who in wanted}
    assert [cell for cell in wanted if found[cell] != wanted[cell]] == []


def test_the_rows_of_that_test_are_of_every_model_and_audience_and_both_sides_of_a_release(fay):
    rows = one_of_each(fay, GUARDED)

    said = [row for row in rows if isinstance(row, Line) and audience_of(row) == Audience.REL]
    assert {type(row) for row in rows} == set(GUARDED)
    assert {audience_of(row) for row in rows} == set(Audience)
    assert {is_released(row) for row in said} == {True, False}


def test_the_room_sees_what_both_know_of_its_own_session_and_nothing_else(fay):
    rows = one_of_each(fay, GUARDED)
    session = next(row for row in rows if isinstance(row, Session) and row.audience == Audience.JOINT)
    room = AsRoom(session.pk)

    assert seen(Session, room) == {session.pk}
    for model in GUARDED:
        visible = list(model.objects.visible_to(room))
        if model.guard.session is None:
            assert visible == [], model
            continue
        of_sessions = {_along(row, model.guard.session) for row in visible}
        assert {audience_of(row) for row in visible} <= {Audience.JOINT}, model
        assert of_sessions <= {session, session.pk}, model


def test_an_observer_reads_what_both_know_once_both_agreed(fay):
    rows = one_of_each(fay, GUARDED)
    asked = AsObserver(colleague(fay, Assignment.Role.OBSERVER, agreed="A").pk)
    agreed = AsObserver(colleague(fay, Assignment.Role.OBSERVER).pk)

    assert seen_models(asked) == []
    for model in GUARDED:
        joint = {row.pk for row in rows if type(row) is model and audience_of(row) == Audience.JOINT}
        visible = list(model.objects.visible_to(agreed))
        assert joint <= {row.pk for row in visible}, model
        assert {audience_of(row) for row in visible} <= {Audience.JOINT}, model


def test_a_row_that_is_seen_leads_forward_only_to_rows_that_may_be_seen(fay):
    """A template follows foreign keys without asking; so none may lead from a readable row to a hidden one."""
    one_of_each(fay, GUARDED)
    colleague(fay)

    wrong = set()
    for viewer in (fay.seat("A"), fay.seat("B"), fay.viewer):
        sight = {model: seen(model, viewer) for model in GUARDED}
        for model in GUARDED:
            relations = [field for field in model._meta.concrete_fields if field.is_relation]
            to_guarded = [field for field in relations if issubclass(field.related_model, Guarded)]
            for row in model.objects.visible_to(viewer):
                for field in to_guarded:
                    target = getattr(row, field.attname)
                    if target is not None and target not in sight[field.related_model]:
                        wrong.add(f"{type(viewer).__name__} {model._meta.label}.{field.name}")

    assert wrong == set()


# Membership


@pytest.mark.parametrize(
    ("role", "agreed", "ended", "sees"),
    [
        (Assignment.Role.LEAD, "", None, True),
        (Assignment.Role.LEAD, "", MORNING, False),
        (Assignment.Role.CO, "AB", None, True),
        (Assignment.Role.CO, "A", None, False),
        (Assignment.Role.CO, "B", None, False),
        (Assignment.Role.CO, "", None, False),
        (Assignment.Role.CO, "AB", MORNING, False),
        (Assignment.Role.OBSERVER, "AB", None, False),
        (Assignment.Role.SUPERVISOR, "AB", None, False),
    ],
)
def test_the_care_team_sees_while_it_is_one_and_everybody_agreed(fay, role, agreed, ended, sees):
    user = colleague(fay, role, agreed=agreed, ended_at=ended)

    viewer = AsFacilitator(user.pk, fay.practice.pk)

    theirs = {fay.couple.pk} if sees else set()
    assert seen(Couple, viewer) == theirs
    assert seen(Casefile, viewer) == theirs


def test_a_facilitator_of_the_practice_without_the_couple_sees_nothing(fay):
    user = User.objects.create_user("hal@practice.example", practice=fay.practice, is_facilitator=True)

    assert seen_models(AsFacilitator(user.pk, fay.practice.pk)) == []


def test_a_lead_who_changed_practice_sees_nothing_here_any_more(fay, oli):
    User.objects.filter(pk=fay.facilitator.pk).update(practice=oli.practice)

    assert seen_models(fay.viewer) == []


def test_a_facilitator_whose_account_was_closed_sees_nothing(fay):
    User.objects.filter(pk=fay.facilitator.pk).update(is_active=False)

    assert seen_models(fay.viewer) == []


def test_a_partner_who_left_sees_nothing_and_the_other_still_does(fay):
    ana_leaves(fay)

    assert seen_models(fay.seat("A")) == []
    assert seen(Couple, fay.seat("B")) == {fay.couple.pk}


def test_a_partner_id_with_another_couples_id_opens_nothing(fay, oli):
    mixed = AsPartner(fay.a.pk, oli.couple.pk, fay.practice.pk, "A")

    assert seen_models(mixed) == []


def test_a_boundary_moves_to_both_only_when_its_row_says_so(fay):
    mine = Boundary.objects.create(partner=fay.a, topic="family", wording="not my mother")
    assert seen(Boundary, fay.seat("B")) == set()
    assert seen(Boundary, fay.viewer) == {mine.pk}

    Boundary.objects.visible_to(fay.seat("A")).update(audience=Audience.JOINT)

    assert seen(Boundary, fay.seat("B")) == {mine.pk}


def test_private_moments_of_one_are_no_moments_for_the_other(fay):
    session = Session.objects.create(couple=fay.couple, facilitator=fay.facilitator, plan={})
    moments = [("JOINT", None), ("OWN_F", fay.a), ("FAC", None), ("OWN_F", fay.b)]
    for number, (audience, owner) in enumerate(moments, 1):
        Moment.objects.create(
            session=session, number=number, command=number, at=MORNING, recorded_at=datetime.now(UTC),
            kind="arrived", audience=audience, owner=owner,
        )  # fmt: skip

    def numbers(viewer: Any) -> list[int]:
        return list(Moment.objects.visible_to(viewer).values_list("number", flat=True))

    assert numbers(fay.seat("A")) == [1, 2]
    assert numbers(fay.seat("B")) == [1, 4]
    assert numbers(fay.viewer) == [1, 2, 3, 4]
    assert numbers(AsRoom(session.pk)) == [1]


# Who a sign-in is


def viewer_for(user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return viewer_of(request)


def test_a_sign_in_is_one_viewer(fay):
    admin = User.objects.create_user("ida@practice.example", practice=fay.practice, is_practice_admin=True)

    assert viewer_for(fay.facilitator) == fay.viewer
    assert viewer_for(couples.account_of(fay.a)) == fay.seat("A")
    assert viewer_for(couples.account_of(fay.b)) == fay.seat("B")
    assert viewer_for(admin) == AsAdmin(admin.pk)


def test_nobody_inactive_or_gone_is_a_viewer_of_anything(fay):
    account_of_ana = couples.account_of(fay.a)

    ana_leaves(fay)
    fay.facilitator.is_active = False

    assert viewer_for(AnonymousUser()) is None
    assert viewer_for(account_of_ana) is None
    assert viewer_for(fay.facilitator) is None


def test_the_viewer_comes_from_the_sign_in_and_never_from_the_request(fay):
    claims = {"partner": str(fay.b.pk), "viewer": "facilitator"}
    request = RequestFactory().get("/", claims, HTTP_X_USER=str(fay.facilitator.pk))
    request.user = couples.account_of(fay.a)

    assert viewer_of(request) == fay.seat("A")


def test_a_seat_is_one_account_and_an_account_is_one_seat(fay):
    account = couples.account_of(fay.a)

    assert couples.account_of(fay.a) == account
    assert account.email is None
    assert not account.has_usable_password()
    assert Seat.objects.unscoped("a test counts").filter(account=account).count() == 1
    assert signed_in(account).session["_auth_user_id"] == str(account.pk)
