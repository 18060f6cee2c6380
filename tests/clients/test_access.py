"""Who may see what: every guarded model, every viewer, every audience; and nothing for whoever does not ask."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.template import Context, Template
from django.test import RequestFactory

from clients import couples, guarded
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
from clients.guarded import Guarded, Unscoped
from clients.models import Assignment, Boundary, Casefile, Couple, Partner, Seat
from facilitator.models import User
from sessions.models import Line, Moment, Session
from tests.cast import MORNING, House, signed_in
from tests.clients.rows import one_of_each

pytestmark = pytest.mark.django_db

GUARDED = [model for model in apps.get_models() if issubclass(model, Guarded)]
OURS = {"facilitator", "clients", "rituals", "facilitation", "reports"}


def colleague(house: House, role: str = Assignment.Role.CO, *, agreed: str = "AB", **facts: Any) -> User:
    user = User.objects.create_user(
        f"gil{User.objects.count()}@practice.example", practice=house.practice, is_facilitator=True
    )
    both = {f"consented_{slot.lower()}_at": MORNING for slot in agreed}
    Assignment.objects.create(couple=house.couple, user=user, role=role, **{**both, **facts})
    return user


def seen(model: type[models.Model], viewer: Any) -> set:
    return set(model.objects.visible_to(viewer).values_list("pk", flat=True))


# The queryset is the lock

EVALUATED = {
    "for": lambda rows: [row.pk for row in rows],
    "list": list,
    "len": len,
    "bool": bool,
    "in": lambda rows: None in rows,
    "repr": repr,
    "index": lambda rows: rows[0],
    "slice": lambda rows: list(rows[:2]),
    "get": lambda rows: rows.get(),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.order_by("pk").last(),
    "latest": lambda rows: rows.latest("pk"),
    "earliest": lambda rows: rows.earliest("pk"),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(how_many=Count("pk")),
    "in_bulk": lambda rows: rows.in_bulk(),
    "iterator": lambda rows: list(rows.iterator()),
    "aiterator": lambda rows: rows.aiterator(),
    "values": lambda rows: list(rows.values()),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "dates": lambda rows: list(rows.values("pk").distinct()),
    "update": lambda rows: rows.update(pk=None),
    "delete": lambda rows: rows.delete(),
    "get_or_create": lambda rows: rows.get_or_create(pk=None),
    "update_or_create": lambda rows: rows.update_or_create(pk=None),
    "contains": lambda rows: rows.contains(rows.model()),
    "explain": lambda rows: rows.explain(),
    "raw": lambda rows: list(rows.raw("SELECT 1 AS id")),
    "after filter": lambda rows: list(rows.filter(pk__isnull=False).exclude(pk=None).order_by("pk")),
    "after annotate": lambda rows: list(rows.annotate(how_many=Count("pk"))),
    "for update": lambda rows: list(rows.select_for_update()),
    "union": lambda rows: list(rows.none().union(rows, rows)),
    "or": lambda rows: list(rows.visible_to(None) | rows),
    "or, the other way": lambda rows: list(rows | rows.visible_to(None)),
    "and": lambda rows: list(rows & rows.visible_to(None)),
    "xor": lambda rows: list(rows ^ rows.visible_to(None)),
    "inside another query": lambda rows: list(rows.unscoped("the outer one").filter(pk__in=rows)),
    "intersection": lambda rows: list(rows.visible_to(None).intersection(rows)),
    "pickle": lambda rows: rows.__reduce__() and rows.__getstate__(),
}


@pytest.mark.parametrize("how", EVALUATED)
def test_nothing_is_evaluated_until_somebody_is_named(how):
    for model in GUARDED:
        with pytest.raises(Unscoped):
            EVALUATED[how](model.objects.all())


def test_whoever_is_named_may_ask_and_a_reason_is_a_reason():
    for model in GUARDED:
        assert model.objects.visible_to(None).count() == 0
        assert list(model.objects.none()) == []
        assert model.objects.unscoped("a test asks").count() == 0
        with pytest.raises(Unscoped, match="reason"):
            model.objects.unscoped(" ")


def test_every_content_model_is_guarded_and_every_guard_points_at_something():
    plain = {
        m._meta.label for m in apps.get_models() if m._meta.app_label in OURS and not issubclass(m, Guarded)
    }
    assert plain == {
        "facilitator.Practice",
        "facilitator.User",
        "facilitator.DataKey",
        "facilitator.AuditEntry",
        "facilitator.AuditHead",
        "facilitator.Never",
        "facilitator.Purge",
        "facilitator.MailSettings",
        "facilitator.LocalMail",
        # Pulses of sweeps and a practice's own test mails: about nobody.
        "rituals.Beat",
        "rituals.MailTest",
    }
    for model in GUARDED:
        every = (AsPartner, AsFacilitator, AsRoom, AsObserver)
        assert [model.objects.visible_to(_anybody(kind)).count() for kind in every] == [0, 0, 0, 0], model


def _anybody(kind: type) -> Any:
    parts = {AsPartner: 3, AsFacilitator: 2, AsRoom: 1, AsObserver: 1}[kind]
    return kind(*(uuid4() for _ in range(parts)), *(["A"] if kind is AsPartner else []))


def test_relations_are_closed_in_both_directions(fay):
    couple = Couple.objects.visible_to(fay.viewer).get()
    for reach in (
        lambda: list(couple.partners.all()),
        lambda: couple.partners.count(),
        lambda: couple.care_team.first(),
        lambda: couple.casefile.code,
        lambda: fay.a.seat.zone,
        lambda: list(Couple.objects.visible_to(fay.viewer).prefetch_related("partners")),
        lambda: list(Couple.objects.visible_to(fay.viewer).prefetch_related("casefile")),
        lambda: list(Partner.objects.visible_to(fay.viewer).prefetch_related("seat")),
    ):
        with pytest.raises(Unscoped):
            reach()
    both = Prefetch("partners", queryset=Partner.objects.visible_to(fay.viewer))
    assert [
        p.slot for p in Couple.objects.visible_to(fay.viewer).prefetch_related(both).get().partners.all()
    ] == ["A", "B"]


def test_every_reverse_one_to_one_is_closed():
    open_doors = [
        f"{model._meta.label}.{relation.get_accessor_name()}"
        for model in apps.get_models()
        for relation in model._meta.related_objects
        if relation.one_to_one
        and issubclass(relation.related_model, Guarded)
        and not isinstance(getattr(model, relation.get_accessor_name()), guarded.GuardedReverse)
    ]
    assert open_doors == []


def test_a_template_that_reaches_for_hidden_rows_fails_closed(fay):
    couple = Couple.objects.visible_to(fay.viewer).get()
    with pytest.raises(Unscoped):
        Template("{% for p in couple.partners.all %}{{ p.name }}{% endfor %}").render(
            Context({"couple": couple})
        )


def test_two_questions_joined_need_two_viewers(fay):
    mine = Partner.objects.visible_to(fay.seat("A"))
    with pytest.raises(Unscoped):
        mine | Partner.objects.all()
    assert (mine | Partner.objects.visible_to(fay.seat("B"))).count() == 2


def test_a_subquery_in_an_exists_keeps_the_scope_of_its_own(fay, oli):
    own = Partner.objects.visible_to(fay.seat("A")).filter(couple=OuterRef("pk"))
    rows = Couple.objects.unscoped("a test looks at both houses").filter(Exists(own))
    assert {c.pk for c in rows} == {fay.couple.pk}


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


def test_every_row_is_seen_by_exactly_whom_the_table_names(fay, oli):
    rows = one_of_each(fay, GUARDED)
    assert {type(row) for row in rows} == set(GUARDED)
    viewers = {
        "A": fay.seat("A"),
        "B": fay.seat("B"),
        "lead": fay.viewer,
        "co": AsFacilitator(colleague(fay).pk, fay.practice.pk),
        "stranger": oli.seat("A"),
        "other lead": oli.viewer,
        "admin": AsAdmin(fay.facilitator.pk),
        "supervisor": AsSupervisor(colleague(fay, Assignment.Role.SUPERVISOR).pk),
        "nobody": None,
    }
    sight = {who: {model: seen(model, viewer) for model in GUARDED} for who, viewer in viewers.items()}
    wrong = []
    cells = 0
    for row in rows:
        owner, table = owner_of(row), TABLE[audience_of(row)]
        for slot in "AB":
            mine = owner == fay.partner(slot).pk
            wanted = (table.own and mine) or (table.other_after_release if is_released(row) else table.other)
            wrong += [(row, slot, wanted)] * ((row.pk in sight[slot][type(row)]) != wanted)
        for who in ("lead", "co"):
            wrong += [(row, who, table.team)] * ((row.pk in sight[who][type(row)]) != table.team)
        for who in ("stranger", "other lead", "admin", "supervisor", "nobody"):
            wrong += [(row, who, False)] * (row.pk in sight[who][type(row)])
        cells += 9
    assert wrong == []
    # Every audience was there, and both sides of every release.
    assert {audience_of(row) for row in rows} == set(Audience)
    assert {
        is_released(row) for row in rows if audience_of(row) == Audience.REL and isinstance(row, Line)
    } == {True, False}
    assert cells >= 9 * len(GUARDED)


def test_the_room_sees_what_both_know_of_its_own_session_and_nothing_else(fay):
    rows = one_of_each(fay, GUARDED)
    sessions = [row for row in rows if isinstance(row, Session) and row.audience == Audience.JOINT]
    room = AsRoom(sessions[0].pk)
    for model in GUARDED:
        visible = model.objects.visible_to(room)
        if model.guard.session is None:
            assert visible.count() == 0, model
        else:
            assert all(audience_of(row) == Audience.JOINT for row in visible), model
            assert {_along(row, model.guard.session) for row in visible} <= {sessions[0], sessions[0].pk}, (
                model
            )
    assert seen(Session, room) == {sessions[0].pk}


def test_an_observer_reads_what_both_know_once_both_agreed(fay):
    rows = one_of_each(fay, GUARDED)
    asked = colleague(fay, Assignment.Role.OBSERVER, agreed="A")
    agreed = colleague(fay, Assignment.Role.OBSERVER)
    for model in GUARDED:
        assert model.objects.visible_to(AsObserver(asked.pk)).count() == 0, model
        joint = {r.pk for r in rows if type(r) is model and audience_of(r) == Audience.JOINT}
        assert joint <= seen(model, AsObserver(agreed.pk)), model
        assert all(
            audience_of(r) == Audience.JOINT for r in model.objects.visible_to(AsObserver(agreed.pk))
        ), model


def test_a_row_that_is_seen_leads_forward_only_to_rows_that_may_be_seen(fay):
    """A template follows foreign keys without asking; so none may lead from a readable row to a hidden one."""
    one_of_each(fay, GUARDED)
    colleague(fay)
    wrong = set()
    for viewer in (fay.seat("A"), fay.seat("B"), fay.viewer):
        for model in GUARDED:
            for field in model._meta.concrete_fields:
                if not field.is_relation or not issubclass(field.related_model, Guarded):
                    continue
                for row in model.objects.visible_to(viewer):
                    target = getattr(row, field.attname)
                    if target is not None and target not in seen(field.related_model, viewer):
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
    assert (seen(Couple, viewer) == {fay.couple.pk}) is sees
    assert (seen(Casefile, viewer) == {fay.couple.pk}) is sees


def test_a_facilitator_of_the_practice_without_the_couple_sees_nothing(fay):
    user = User.objects.create_user("hal@practice.example", practice=fay.practice, is_facilitator=True)
    assert [model for model in GUARDED if seen(model, AsFacilitator(user.pk, fay.practice.pk))] == []


def test_a_lead_who_changed_practice_sees_nothing_here_any_more(fay, oli):
    User.objects.filter(pk=fay.facilitator.pk).update(practice=oli.practice)
    assert [model for model in GUARDED if seen(model, fay.viewer)] == []


def test_a_facilitator_whose_account_was_closed_sees_nothing(fay):
    User.objects.filter(pk=fay.facilitator.pk).update(is_active=False)
    assert [model for model in GUARDED if seen(model, fay.viewer)] == []


def test_a_partner_who_left_sees_nothing_and_the_other_still_does(fay):
    Partner.objects.unscoped("a test lets Ana leave").filter(pk=fay.a.pk).update(left_at=MORNING)
    assert [model for model in GUARDED if seen(model, fay.seat("A"))] == []
    assert seen(Couple, fay.seat("B")) == {fay.couple.pk}


def test_a_partner_id_with_another_couples_id_opens_nothing(fay, oli):
    mixed = AsPartner(fay.a.pk, oli.couple.pk, fay.practice.pk, "A")
    assert [model for model in GUARDED if seen(model, mixed)] == []


def test_a_boundary_moves_to_both_only_when_its_row_says_so(fay):
    mine = Boundary.objects.create(partner=fay.a, topic="family", wording="not my mother")
    assert (seen(Boundary, fay.seat("B")), seen(Boundary, fay.viewer)) == (set(), {mine.pk})
    Boundary.objects.visible_to(fay.seat("A")).update(audience=Audience.JOINT)
    assert seen(Boundary, fay.seat("B")) == {mine.pk}


# Who a sign-in is


def viewer_for(user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return viewer_of(request)


def test_a_sign_in_is_one_viewer(fay):
    assert viewer_for(fay.facilitator) == fay.viewer
    assert viewer_for(couples.account_of(fay.a)) == fay.seat("A")
    assert viewer_for(couples.account_of(fay.b)) == fay.seat("B")
    admin = User.objects.create_user("ida@practice.example", practice=fay.practice, is_practice_admin=True)
    assert viewer_for(admin) == AsAdmin(admin.pk)


def test_nobody_inactive_or_gone_is_a_viewer_of_anything(fay):
    account = couples.account_of(fay.a)
    assert viewer_for(AnonymousUser()) is None
    Partner.objects.unscoped("a test lets Ana leave").filter(pk=fay.a.pk).update(left_at=MORNING)
    assert viewer_for(account) is None
    fay.facilitator.is_active = False
    assert viewer_for(fay.facilitator) is None


def test_the_viewer_comes_from_the_sign_in_and_never_from_the_request(fay):
    request = RequestFactory().get(
        "/", {"partner": str(fay.b.pk), "viewer": "facilitator"}, HTTP_X_USER=str(fay.facilitator.pk)
    )
    request.user = couples.account_of(fay.a)
    assert viewer_of(request) == fay.seat("A")


def test_a_seat_is_one_account_and_an_account_is_one_seat(fay):
    account = couples.account_of(fay.a)
    assert couples.account_of(fay.a) == account
    assert (account.email, account.has_usable_password()) == (None, False)
    assert Seat.objects.unscoped("a test counts").filter(account=account).count() == 1
    assert signed_in(account).session["_auth_user_id"] == str(account.pk)


def test_private_moments_of_one_are_no_moments_for_the_other(fay):
    session = Session.objects.create(couple=fay.couple, facilitator=fay.facilitator, plan={})
    for number, (audience, owner) in enumerate(
        [("JOINT", None), ("OWN_F", fay.a), ("FAC", None), ("OWN_F", fay.b)], 1
    ):
        Moment.objects.create(
            session=session, number=number, command=number, at=MORNING, recorded_at=datetime.now(UTC),
            kind="arrived", audience=audience, owner=owner,
        )  # fmt: skip
    numbers = {
        who: list(Moment.objects.visible_to(viewer).values_list("number", flat=True))
        for who, viewer in {
            "A": fay.seat("A"),
            "B": fay.seat("B"),
            "F": fay.viewer,
            "room": AsRoom(session.pk),
        }.items()
    }
    assert numbers == {"A": [1, 2], "B": [1, 4], "F": [1, 2, 3, 4], "room": [1]}
