"""Rows of every guarded model in every audience, made from the models themselves, so that none is forgotten."""

import itertools
import uuid
from datetime import date, time
from typing import Any

from django.db import IntegrityError, models, transaction

from clients.access import Audience
from clients.models import Couple, Partner
from facilitator.models import Practice, User
from sessions.models import Line, Moment, Opening
from tests.cast import MORNING, House


def one_of_each(house: House, guarded: list[type[models.Model]]) -> list[Any]:
    """Rows of each guarded model: per audience it can have, of A and of B where it has an owner."""
    maker = Maker(house)
    for model in guarded:
        has_owner = model.guard.owner is not None
        owners = (house.a, house.b) if has_owner else (None,)
        for audience in audiences(model):
            for owner in owners:
                maker.make_if_possible(model, audience=audience, owner=owner)

    lines = Line.objects.unscoped("a test releases some")
    said = next(line for line in lines if line.audience == Audience.REL)
    Opening.objects.create(moment=said.moment, at=MORNING)

    found: list[Any] = []
    for model in guarded:
        rows = model.objects.unscoped("a test compares every row")
        found += rows.filter(**{model.guard.couple or "pk": house.couple.pk})
    return found


def audiences(model: type[models.Model]) -> list[Audience]:
    """Those that a row of this model can have; SYS rows of these models are never made."""
    fixed = model.guard.audience
    if isinstance(fixed, Audience):
        return [fixed]
    if "__" in fixed:
        return [Audience.JOINT]

    allowed = [Audience(value) for value, _ in model._meta.get_field(fixed).choices]
    return [audience for audience in allowed if audience != Audience.SYS]


ONE_PER_PARENT = {"clients.Casefile", "clients.Seat", "clients.Couple", "clients.Partner"}


class Maker:
    """Fills what a model demands: relations by making their rows, columns by their type."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.count = 100

    def make_if_possible(self, model: type[models.Model], *, audience: Audience, owner: Any) -> None:
        """The database's own rules say which kinds an audience can have; one that fits is enough."""
        for facts in [{}, *kinds(model)]:
            try:
                with transaction.atomic():
                    self.make(model, audience=audience, owner=owner, **facts)
                    return
            except IntegrityError as refused:
                if "not null" in str(refused).lower():
                    raise
                continue

    def make(
        self, model: type[models.Model], *, audience: Audience | None = None, owner: Any = None, **facts: Any
    ) -> Any:
        if model._meta.label in ONE_PER_PARENT:
            return self._there_already(model, owner)

        self.count += 1
        for field in model._meta.concrete_fields:
            is_given = field.attname in facts or field.name in facts
            makes_itself = field.primary_key and not field.is_relation
            if is_given or makes_itself:
                continue
            value = self._value(model, field, audience, owner)
            if value is not models.NOT_PROVIDED:
                facts[field.name] = value

        return model.objects.create(**facts)

    def _there_already(self, model: type[models.Model], owner: Any) -> Any:
        rows = model.objects.unscoped("a test starts from the household")
        if model is Couple:
            return rows.get(pk=self.house.couple.pk)
        if model is Partner:
            return rows.get(pk=(owner or self.house.a).pk)

        return rows.filter(pk__in=[self.house.couple.pk, (owner or self.house.a).pk]).get()

    def _value(
        self, model: type[models.Model], field: models.Field, audience: Audience | None, owner: Any
    ) -> Any:
        if hasattr(model, "guard") and field.name == model.guard.audience:
            return audience
        if field.is_relation:
            return self._related(model, field, audience, owner)
        return self._plain(field, owner)

    def _related(
        self, model: type[models.Model], field: models.Field, audience: Audience | None, owner: Any
    ) -> Any:
        target = field.related_model
        if target is Practice:
            return self.house.practice
        if target is Couple:
            return self.house.couple
        if target is Partner:
            return self._partner(field, audience, owner)
        if field.null:
            return models.NOT_PROVIDED
        if target is User:
            # One role at a time: the lead is on the team already.
            is_on_the_team = model._meta.model_name == "assignment"
            return self._another_user() if is_on_the_team else self.house.facilitator

        wanted = self._audience_towards(target, audience)
        return self.make(target, audience=wanted, owner=owner)

    def _partner(self, field: models.Field, audience: Audience | None, owner: Any) -> Any:
        """ "Shared or of one": a joint row has no owner of its own unless it must have one."""
        if field.null and audience in (Audience.JOINT, Audience.FAC):
            return None
        return owner or self.house.a

    def _audience_towards(self, target: type[models.Model], audience: Audience | None) -> Audience | None:
        """What a row hangs on has the same audience where it can; a session is joint where it can."""
        if target in (Moment, Line):
            return audience

        possible = audiences(target)
        if audience in possible and target._meta.model_name != "session":
            return audience
        return possible_joint(possible)

    def _another_user(self) -> User:
        return User.objects.create_user(f"gil{self.count}@practice.example", practice=self.house.practice)

    def _plain(self, field: models.Field, owner: Any) -> Any:
        if field.name == "at":
            return MORNING
        if field.has_default() or field.null:
            return models.NOT_PROVIDED
        if field.choices:
            return next(value for value, _ in field.flatchoices if value)

        match field:
            case models.UUIDField() if field.name == "author":
                return (owner or self.house.couple).pk
            case models.UUIDField():
                return uuid.uuid4()
            case models.DateTimeField():
                return MORNING
            case models.DateField():
                return date(2026, 3, 10)
            case models.TimeField():
                return time(9)
            case models.JSONField():
                return {}
            case models.BooleanField():
                return False
            case models.IntegerField():
                return self.count
            case models.TextField() if "JSON" in type(field).__name__:
                return {}
            case models.TextField() | models.CharField():
                text = f"{field.name[:6]}{self.count}"
                return text[: field.max_length or 40]
        raise AssertionError(f"rows.py knows no value for {field}")


def kinds(model: type[models.Model]) -> list[dict[str, Any]]:
    """Every combination of a model's closed choices."""
    closed: dict[str, list[Any]] = {}
    for field in model._meta.concrete_fields:
        if field.name not in ("kind", "scope", "after_release"):
            continue
        if isinstance(field, models.BooleanField):
            closed[field.name] = [True, False]
        elif field.choices:
            closed[field.name] = [value for value, _ in field.flatchoices if value]

    return [dict(zip(closed, values, strict=True)) for values in itertools.product(*closed.values())]


def possible_joint(possible: list[Audience]) -> Audience:
    return Audience.JOINT if Audience.JOINT in possible else possible[0]
