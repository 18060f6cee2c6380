"""The lock: nothing guarded is read until somebody is named, from whichever side it is reached."""

from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.template import Context, Template

from clients.access import AsFacilitator, AsObserver, AsPartner, AsRoom
from clients.guarded import Guarded, GuardedReverse, Unscoped
from clients.models import Couple, Partner

pytestmark = pytest.mark.django_db

GUARDED = [model for model in apps.get_models() if issubclass(model, Guarded)]
OURS = {"facilitator", "clients", "rituals", "facilitation", "reports"}

# Every way to get at rows, or at what can be told of them.
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


def test_whoever_is_named_may_ask():
    for model in GUARDED:
        assert model.objects.visible_to(None).count() == 0
        assert list(model.objects.none()) == []


def test_looking_unscoped_needs_a_reason():
    for model in GUARDED:
        assert model.objects.unscoped("a test asks").count() == 0
        with pytest.raises(Unscoped, match="reason"):
            model.objects.unscoped(" ")


def test_every_model_of_ours_is_guarded_but_for_a_few_without_content():
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]

    plain = {model._meta.label for model in ours if not issubclass(model, Guarded)}

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


STRANGERS: dict[str, Any] = {
    "a partner": AsPartner(uuid4(), uuid4(), uuid4(), "A"),
    "a facilitator": AsFacilitator(uuid4(), uuid4()),
    "a room": AsRoom(uuid4()),
    "an observer": AsObserver(uuid4()),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_every_guard_points_at_something_the_database_can_be_asked(who):
    for model in GUARDED:
        assert model.objects.visible_to(STRANGERS[who]).count() == 0, model


# Reached from another row


def test_relations_are_closed_in_both_directions(fay):
    couple = Couple.objects.visible_to(fay.viewer).get()
    couples = Couple.objects.visible_to(fay.viewer)
    partners = Partner.objects.visible_to(fay.viewer)

    for reach in (
        lambda: list(couple.partners.all()),
        lambda: couple.partners.count(),
        lambda: couple.care_team.first(),
        lambda: couple.casefile.code,
        lambda: fay.a.seat.zone,
        lambda: list(couples.prefetch_related("partners")),
        lambda: list(couples.prefetch_related("casefile")),
        lambda: list(partners.prefetch_related("seat")),
    ):
        with pytest.raises(Unscoped):
            reach()


def test_a_prefetch_that_names_its_viewer_is_open(fay):
    both = Prefetch("partners", queryset=Partner.objects.visible_to(fay.viewer))

    couple = Couple.objects.visible_to(fay.viewer).prefetch_related(both).get()

    assert [partner.slot for partner in couple.partners.all()] == ["A", "B"]


def test_every_reverse_one_to_one_is_closed():
    open_doors = []
    for model in apps.get_models():
        for relation in model._meta.related_objects:
            if not relation.one_to_one or not issubclass(relation.related_model, Guarded):
                continue
            name = relation.get_accessor_name()
            if not isinstance(getattr(model, name), GuardedReverse):
                open_doors.append(f"{model._meta.label}.{name}")

    assert open_doors == []


def test_a_template_that_reaches_for_hidden_rows_fails_closed(fay):
    couple = Couple.objects.visible_to(fay.viewer).get()
    template = Template("{% for p in couple.partners.all %}{{ p.name }}{% endfor %}")

    with pytest.raises(Unscoped):
        template.render(Context({"couple": couple}))


# Two questions in one


def test_two_questions_joined_need_two_viewers(fay):
    mine = Partner.objects.visible_to(fay.seat("A"))

    with pytest.raises(Unscoped):
        mine | Partner.objects.all()

    assert (mine | Partner.objects.visible_to(fay.seat("B"))).count() == 2


def test_a_question_inside_another_keeps_the_viewer_of_its_own(fay, oli):
    own = Partner.objects.visible_to(fay.seat("A")).filter(couple=OuterRef("pk"))

    couples = Couple.objects.unscoped("a test looks at both houses").filter(Exists(own))

    assert {couple.pk for couple in couples} == {fay.couple.pk}
