"""Who may see what: the one place that decides it.

A guarded model says who its rows are for in a `Guard`. `visible_rows` turns it, with whoever looks, into a
condition; clients/guarded.py sees to it that no row is read without one.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _

from clients.turned import turned_of


class Audience(models.TextChoices):
    OWN = "OWN", _("that partner only")
    OWN_F = "OWN_F", _("that partner and the facilitator")
    REL = "REL", _("its author and the facilitator; both after release")
    JOINT = "JOINT", _("both partners and the facilitator")
    FAC = "FAC", _("the facilitator only")
    SYS = "SYS", _("nobody")


# Whoever looks


@dataclass(frozen=True)
class AsFacilitator:
    user_id: UUID
    practice_id: UUID | None

    @classmethod
    def of(cls, user: Any) -> Self:
        """This user as the facilitator they are, for verbs that were given the user."""
        return cls(user.pk, user.practice_id)

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
    """The shared screen of one session. `session_id` is None where the screen is turned before there is one."""

    session_id: UUID | None


@dataclass(frozen=True)
class AsAdmin:
    """Accounts and billing; no clinical content."""

    user_id: UUID


Viewer = AsFacilitator | AsPartner | AsObserver | AsSupervisor | AsRoom | AsAdmin


# The rule


@dataclass(frozen=True)
class Guard:
    """How a model says who its rows are for. Paths are lookups; "" is the row itself, None is "there is none"."""

    couple: str
    audience: str | Audience
    owner: str | None = None
    released: str | None = None
    session: str | None = None


NOTHING = Q(pk__in=[])


# Kept, because a page asks many times and the condition depends on guard and viewer only: whatever can change is
# asked in SQL.
@lru_cache(maxsize=1024)
def visible_rows(guard: Guard, viewer: Viewer | None) -> Q:
    """Which rows of a model with this guard the viewer may see."""
    match viewer:
        case AsFacilitator():
            return _visible_to_facilitator(guard, viewer)
        case AsPartner():
            return _visible_to_partner(guard, viewer)
        case AsRoom():
            return _visible_to_room(guard, viewer)
        case AsObserver():
            return _visible_to_observer(guard, viewer)
        case _:
            # An admin has no clinical rights; a supervisor reads only copies that the facilitator made.
            return NOTHING


def _visible_to_facilitator(guard: Guard, facilitator: AsFacilitator) -> Q:
    """Of couples on whose care team they are: everything but what a partner keeps to themselves."""
    is_on_the_team = _is_assigned(guard, facilitator.user_id, "lead", "co_facilitator")
    may_read = _audience_is(guard, Audience.OWN_F, Audience.REL, Audience.JOINT, Audience.FAC)

    return is_on_the_team & may_read


def _visible_to_partner(guard: Guard, partner: AsPartner) -> Q:
    """In their own couple, while they are part of it: joint rows, their own, and released ones."""
    in_their_couple = Q(**{guard.couple or "pk": partner.couple_id})
    is_still_here = Q(_still_here(partner.partner_id, partner.couple_id))

    may_read = _audience_is(guard, Audience.JOINT)
    if guard.owner is not None:
        is_owner = Q(**{guard.owner or "pk": partner.partner_id})
        may_read |= is_owner & _audience_is(guard, Audience.OWN, Audience.OWN_F, Audience.REL)
    if guard.released is not None:
        is_released = Q(**{f"{guard.released}__isnull": False})
        may_read |= is_released & _audience_is(guard, Audience.REL)

    return in_their_couple & is_still_here & may_read


def _visible_to_room(guard: Guard, room: AsRoom) -> Q:
    """Joint rows of the one session that is on the shared screen."""
    if room.session_id is None or guard.session is None:
        return NOTHING

    of_this_session = Q(**{guard.session or "pk": room.session_id})
    return of_this_session & _audience_is(guard, Audience.JOINT)


def _visible_to_observer(guard: Guard, observer: AsObserver) -> Q:
    """Joint rows of couples who both agreed to an observer."""
    is_on_the_team = _is_assigned(guard, observer.user_id, "observer")
    return is_on_the_team & _audience_is(guard, Audience.JOINT)


def _audience_is(guard: Guard, *wanted: Audience) -> Q:
    if isinstance(guard.audience, Audience):
        return Q() if guard.audience in wanted else NOTHING
    return Q(**{f"{guard.audience}__in": wanted})


def _is_assigned(guard: Guard, user_id: UUID, *roles: str) -> Q:
    """The user works here and is on this couple's care team now: a lead at once, others after both said yes."""
    team = apps.get_model("clients", "Assignment")._base_manager
    works_here = Q(user__is_active=True, user__practice=F("couple__practice"))
    has_not_ended = Q(ended_at__isnull=True)
    is_agreed = Q(role="lead") | Q(consented_a_at__isnull=False, consented_b_at__isnull=False)

    this_couple = OuterRef(guard.couple or "pk")
    mine = team.filter(couple=this_couple, user=user_id, role__in=roles)
    return Q(Exists(mine.filter(works_here, has_not_ended, is_agreed)))


def _still_here(partner_id: UUID, couple_id: UUID) -> Exists:
    """Asked again at each query: a stream or a page that was open when a partner left shows nothing more."""
    partners = apps.get_model("clients", "Partner")._base_manager
    return Exists(partners.filter(pk=partner_id, couple=couple_id, left_at__isnull=True))


# Who a sign-in is


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Who this sign-in is. Looked up once per request; never from anything the client sent."""
    if not hasattr(request, "_viewer"):
        request._viewer = _viewer_now(request)  # type: ignore[attr-defined]
    return request._viewer  # type: ignore[attr-defined,no-any-return]


def _viewer_now(request: HttpRequest) -> Viewer | None:
    """A facilitator who turned the screen is only the room, at every door, until they turn it back."""
    viewer = _viewer_of_user(getattr(request, "user", None))
    if not isinstance(viewer, AsFacilitator):
        return viewer

    turned = turned_of(request)
    return AsRoom(turned.session) if turned else viewer


def _viewer_of_user(user: Any) -> Viewer | None:
    if user is None or not user.is_authenticated or not user.is_active:
        return None

    if user.is_facilitator:
        return AsFacilitator.of(user)

    partner = _partner_of(user.pk)
    if partner:
        return partner

    # An account whose partner has left is nobody here.
    return AsAdmin(user.pk) if user.is_practice_admin or user.is_staff else None


def _partner_of(user_id: UUID) -> AsPartner | None:
    """The partner whose own account this is, while they have not left."""
    seats = apps.get_model("clients", "Seat")._base_manager
    mine = seats.filter(account=user_id, partner__left_at__isnull=True)

    with_practice = mine.annotate(practice=F("partner__couple__practice"))
    found = with_practice.values_list("partner", "partner__couple", "practice", "partner__slot").first()
    return AsPartner(*found) if found else None


def as_facilitator(request: HttpRequest) -> AsFacilitator:
    """This request's facilitator; anybody else gets 404, never "forbidden"."""
    viewer = viewer_of(request)
    if not isinstance(viewer, AsFacilitator):
        raise Http404
    return viewer


def as_partner(request: HttpRequest) -> AsPartner:
    """This request's partner; anybody else gets 404, never "forbidden"."""
    viewer = viewer_of(request)
    if not isinstance(viewer, AsPartner):
        raise Http404
    return viewer
