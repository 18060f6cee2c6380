"""Who may see what: the one place that decides it.

Every content model is `Guarded`: its queryset refuses to be evaluated until somebody says who is looking
(`visible_to`) or, inside verbs and sweeps, why nobody in particular is (`unscoped("why")`).
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.related_descriptors import ReverseOneToOneDescriptor
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.turned import turned_of
from facilitator.crypto import EncryptedText


class Audience(models.TextChoices):
    OWN = "OWN", _("that partner only")
    OWN_F = "OWN_F", _("that partner and the facilitator")
    REL = "REL", _("its author and the facilitator; both after release")
    JOINT = "JOINT", _("both partners and the facilitator")
    FAC = "FAC", _("the facilitator only")
    SYS = "SYS", _("nobody")


@dataclass(frozen=True)
class AsFacilitator:
    user_id: UUID
    practice_id: UUID | None

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"


@dataclass(frozen=True)
class AsPartner:
    partner_id: UUID
    couple_id: UUID
    practice_id: UUID
    slot: str

    @property
    def actor(self) -> str:
        return f"partner:{self.partner_id}"


@dataclass(frozen=True)
class AsObserver:
    user_id: UUID


@dataclass(frozen=True)
class AsSupervisor:
    user_id: UUID


@dataclass(frozen=True)
class AsRoom:
    """The shared screen of one session: what both may know at once, of that session only; of none, nothing."""

    session_id: UUID | None


@dataclass(frozen=True)
class AsAdmin:
    """Accounts and billing; no clinical content."""

    user_id: UUID


Viewer = AsFacilitator | AsPartner | AsObserver | AsSupervisor | AsRoom | AsAdmin


@dataclass(frozen=True)
class Guard:
    """How a model says who its rows are for. Paths are lookups; "" is the row itself, None is "there is none"."""

    couple: str
    audience: str | Audience
    owner: str | None = None
    released: str | None = None
    session: str | None = None


class Unscoped(RuntimeError):
    """A guarded queryset was evaluated although nobody said who is looking."""


# Every reason ever given, with its count of calls in this process: a test lists them.
REASONS: dict[str, int] = {}


def _path(prefix: str | None, name: str) -> str:
    return name if not prefix else f"{prefix}__{name}"


class GuardedQuerySet(models.QuerySet[Any]):
    """A queryset that fails closed."""

    _scope: object | None = None

    def _clone(self) -> Self:
        clone = super()._clone()
        clone._scope = self._scope
        return clone

    def _guarded(self) -> None:
        if self._scope is None and not self.query.is_empty():
            raise Unscoped(f"{self.model.__name__}: say .visible_to(viewer) or .unscoped(why)")

    def visible_to(self, viewer: Viewer | None) -> Self:
        scoped = self.filter(_visible(self.model.guard, viewer))
        scoped._scope = viewer or "nobody"
        return scoped

    def unscoped(self, why: str) -> Self:
        """For verbs and sweeps that act for nobody in particular. Never at a door."""
        if not why.strip():
            raise Unscoped(f"{self.model.__name__}: unscoped needs a reason")
        REASONS[why] = REASONS.get(why, 0) + 1
        free = self._chain()
        free._scope = why
        return free

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._guarded()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._guarded()
        return super().iterator(*args, **kwargs)

    def aiterator(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        self._guarded()
        return super().aiterator(*args, **kwargs)

    def raw(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unscoped(f"{self.model.__name__}: SQL by hand knows no viewer")

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        """Inside another query: what it may hold there is a question about a viewer too."""
        self._guarded()
        return super().resolve_expression(*args, **kwargs)

    def _both_guarded(self, *others: Any) -> None:
        for one in (self, *others):
            if isinstance(one, GuardedQuerySet):
                one._guarded()

    def __and__(self, other: Any) -> Any:
        self._both_guarded(other)
        return super().__and__(other)

    def __or__(self, other: Any) -> Any:
        self._both_guarded(other)
        return super().__or__(other)

    def __xor__(self, other: Any) -> Any:
        self._both_guarded(other)
        return super().__xor__(other)

    def _combinator_query(self, combinator: str, *others: Any, all: bool = False) -> Any:
        self._both_guarded(*others)
        return super()._combinator_query(combinator, *others, all=all)

    def count(self) -> int:
        self._guarded()
        return super().count()

    def exists(self) -> bool:
        self._guarded()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._guarded()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._guarded()
        for name, value in kwargs.items():
            # An expression would reach the column as it is, unsealed.
            if value is not None and isinstance(self.model._meta.get_field(name), EncryptedText):
                raise TypeError(f"{name} is encrypted: save the row, so that its author's key seals it")
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._guarded()
        return super().delete()

    def contains(self, obj: Any) -> bool:
        self._guarded()
        return super().contains(obj)

    def explain(self, **kwargs: Any) -> str:
        self._guarded()
        return super().explain(**kwargs)


class Guarded(models.Model):
    """Base of every content model."""

    guard: ClassVar[Guard]
    objects: ClassVar[Any] = models.Manager.from_queryset(GuardedQuerySet)()

    class Meta:
        abstract = True


class GuardedReverse(ReverseOneToOneDescriptor):
    """`partner.seat`, `moment.line`: Django would ask the base manager, which asks nobody."""

    def get_queryset(self, **hints: Any) -> Any:
        return self.related.related_model._default_manager.db_manager(hints=hints).all()


def close_reverse_doors() -> None:
    """Once, when all models are known: every reverse one-to-one to guarded rows fails closed too."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if field.one_to_one and issubclass(model, Guarded) and not field.remote_field.hidden:
                name = field.remote_field.get_accessor_name()
                setattr(field.remote_field.model, name, GuardedReverse(field.remote_field))


def _assigned(couple: str, user_id: UUID, roles: tuple[str, ...]) -> Exists:
    """The user works here and is on this couple's care team now: a lead at once, others after both said yes."""
    team = apps.get_model("clients", "Assignment")._base_manager
    agreed = Q(role="lead") | Q(consented_a_at__isnull=False, consented_b_at__isnull=False)
    here = Q(user__is_active=True, user__practice=F("couple__practice"), ended_at__isnull=True)
    return Exists(team.filter(agreed, here, couple=OuterRef(couple or "pk"), user=user_id, role__in=roles))


def _still_here(partner_id: UUID, couple_id: UUID) -> Exists:
    """Asked again at each query: a stream or a page that was open when a partner left shows nothing more."""
    partners = apps.get_model("clients", "Partner")._base_manager
    return Exists(partners.filter(pk=partner_id, couple=couple_id, left_at__isnull=True))


def _audience_is(guard: Guard, *wanted: Audience) -> Q:
    if isinstance(guard.audience, Audience):
        return Q() if guard.audience in wanted else Q(pk__in=[])
    return Q(**{f"{guard.audience}__in": wanted})


def _visible(guard: Guard, viewer: Viewer | None) -> Q:
    nothing = Q(pk__in=[])
    match viewer:
        case AsFacilitator(user_id=user):
            audiences = _audience_is(guard, Audience.OWN_F, Audience.REL, Audience.JOINT, Audience.FAC)
            return Q(_assigned(guard.couple, user, ("lead", "co_facilitator"))) & audiences
        case AsPartner(partner_id=partner, couple_id=couple):
            theirs = Q(**{guard.couple or "pk": couple}) & Q(_still_here(partner, couple))
            seen = _audience_is(guard, Audience.JOINT)
            if guard.owner is not None:
                own = Q(**{guard.owner or "pk": partner})
                seen |= own & _audience_is(guard, Audience.OWN, Audience.OWN_F, Audience.REL)
            if guard.released is not None:
                opened = Q(**{f"{guard.released}__isnull": False})
                seen |= opened & _audience_is(guard, Audience.REL)
            return theirs & seen
        case AsRoom(session_id=UUID() as session) if guard.session is not None:
            return Q(**{guard.session or "pk": session}) & _audience_is(guard, Audience.JOINT)
        case AsObserver(user_id=user):
            return Q(_assigned(guard.couple, user, ("observer",))) & _audience_is(guard, Audience.JOINT)
        case _:
            # Practice admins hold no clinical rights; a supervisor reads copies the facilitator made.
            return nothing


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Who this sign-in is. Looked up once per request; never from anything the client sent."""
    if not hasattr(request, "_viewer"):
        viewer = _viewer_of_user(getattr(request, "user", None))
        turned = turned_of(request) if isinstance(viewer, AsFacilitator) else None
        # A facilitator who turned the screen is nobody but the room, at every door, until they turn it back.
        request._viewer = AsRoom(turned.session) if turned else viewer  # type: ignore[attr-defined]
    return request._viewer  # type: ignore[attr-defined,no-any-return]


def _viewer_of_user(user: Any) -> Viewer | None:
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    if user.is_facilitator:
        return AsFacilitator(user.pk, user.practice_id)
    seats = apps.get_model("clients", "Seat")._base_manager
    seat = (
        seats.filter(account=user, partner__left_at__isnull=True)
        .annotate(practice=F("partner__couple__practice"))
        .values_list("partner", "partner__couple", "practice", "partner__slot")
        .first()
    )
    if seat:
        return AsPartner(*seat)
    # An account whose partner has left is nobody here.
    return AsAdmin(user.pk) if user.is_practice_admin or user.is_staff else None


def as_facilitator(request: HttpRequest) -> AsFacilitator:
    """This request's facilitator; anybody else gets 404, never "forbidden"."""
    viewer = viewer_of(request)
    if not isinstance(viewer, AsFacilitator):
        raise Http404
    return viewer


def as_partner(request: HttpRequest) -> AsPartner:
    viewer = viewer_of(request)
    if not isinstance(viewer, AsPartner):
        raise Http404
    return viewer
