"""The lock: a queryset that refuses to be evaluated until somebody says who is looking.

Every content model is `Guarded`. Its rows are read with `visible_to(viewer)` or, inside verbs and sweeps that act
for nobody in particular, with `unscoped("why")`. Who may see what is decided in clients/access.py.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar, NoReturn, Self

from django.apps import apps
from django.db import models
from django.db.models.fields.related_descriptors import ReverseOneToOneDescriptor

from clients.access import Guard, Viewer, visible_rows
from facilitator.crypto import EncryptedText


class Unscoped(RuntimeError):
    """A guarded queryset was evaluated although nobody said who is looking."""


class GuardedQuerySet(models.QuerySet[Any]):
    """A queryset that fails closed."""

    # The viewer or the reason that was given; None as long as there is neither.
    _scope: object | None = None

    def visible_to(self, viewer: Viewer | None) -> Self:
        scoped = self.filter(visible_rows(self.model.guard, viewer))
        scoped._scope = viewer or "nobody"
        return scoped

    def unscoped(self, why: str) -> Self:
        """For verbs and sweeps that act for nobody in particular. Never at a door."""
        if not why.strip():
            raise Unscoped(f"{self.model.__name__}: unscoped needs a reason")

        scoped = self._chain()
        scoped._scope = why
        return scoped

    def _refuse_unscoped(self) -> None:
        if self._scope is None and not self.query.is_empty():
            raise Unscoped(f"{self.model.__name__}: say .visible_to(viewer) or .unscoped(why)")

    def _clone(self) -> Self:
        clone = super()._clone()
        clone._scope = self._scope
        return clone

    # Everything that evaluates

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._refuse_unscoped()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._refuse_unscoped()
        return super().iterator(*args, **kwargs)

    def aiterator(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self._refuse_unscoped()
        return super().aiterator(*args, **kwargs)

    def raw(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unscoped(f"{self.model.__name__}: SQL by hand knows no viewer")

    def count(self) -> int:
        self._refuse_unscoped()
        return super().count()

    def exists(self) -> bool:
        self._refuse_unscoped()
        return super().exists()

    def contains(self, obj: Any) -> bool:
        self._refuse_unscoped()
        return super().contains(obj)

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._refuse_unscoped()
        return super().aggregate(*args, **kwargs)

    def explain(self, **kwargs: Any) -> str:
        self._refuse_unscoped()
        return super().explain(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_unscoped()
        return super().delete()

    def update(self, **kwargs: Any) -> int:
        self._refuse_unscoped()

        for name, value in kwargs.items():
            # An expression would reach the column as it is, unsealed.
            if value is not None and isinstance(self.model._meta.get_field(name), EncryptedText):
                raise TypeError(f"{name} is encrypted: save the row, so that its author's key seals it")

        return super().update(**kwargs)

    # Everything that puts one query into another, or two together

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        """Inside another query: what it may hold there is a question about a viewer too."""
        self._refuse_unscoped()
        return super().resolve_expression(*args, **kwargs)

    def __and__(self, other: Any) -> Any:
        self._refuse_any_unscoped(other)
        return super().__and__(other)

    def __or__(self, other: Any) -> Any:
        self._refuse_any_unscoped(other)
        return super().__or__(other)

    def __xor__(self, other: Any) -> Any:
        self._refuse_any_unscoped(other)
        return super().__xor__(other)

    def _combinator_query(self, combinator: str, *others: Any, all: bool = False) -> Any:
        self._refuse_any_unscoped(*others)
        return super()._combinator_query(combinator, *others, all=all)

    def _refuse_any_unscoped(self, *others: Any) -> None:
        for queryset in (self, *others):
            if isinstance(queryset, GuardedQuerySet):
                queryset._refuse_unscoped()


class Guarded(models.Model):
    """Base of every content model."""

    guard: ClassVar[Guard]
    objects: ClassVar[Any] = models.Manager.from_queryset(GuardedQuerySet)()

    class Meta:
        abstract = True


# The way back over a one-to-one


class GuardedReverse(ReverseOneToOneDescriptor):
    """`partner.seat`, `moment.line`: Django would ask the base manager, which asks nobody."""

    def get_queryset(self, **hints: Any) -> Any:
        return self.related.related_model._default_manager.db_manager(hints=hints).all()


def close_reverse_doors() -> None:
    """Once, when all models are known: every reverse one-to-one to guarded rows fails closed too."""
    guarded = [model for model in apps.get_models() if issubclass(model, Guarded)]

    for model in guarded:
        for field in model._meta.local_fields:
            if field.one_to_one and not field.remote_field.hidden:
                name = field.remote_field.get_accessor_name()
                setattr(field.remote_field.model, name, GuardedReverse(field.remote_field))
