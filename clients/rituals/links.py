"""Links that sign one person in: opaque, single use, for a short while. GET shows a page, POST acts."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from clients.couples import account_of
from clients.models import Channel, Partner
from clients.rituals.models import SignInLink

LIFE = timedelta(days=2)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def make(*, partner: Partner, channel: Channel | None, now: datetime) -> str:
    """The address of a fresh link. Only its hash is kept, so nobody can look it up again."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        partner=partner, channel=channel, digest=_digest(token), made_at=now, expires_at=now + LIFE
    )
    return settings.PUBLIC_URL + reverse("link", args=[token])


def is_open(token: str, *, now: datetime) -> bool:
    """Whether a press would do something. Asking spends nothing: mail scanners open every link."""
    return SignInLink.objects.unscoped("a link is looked up by its hash").filter(_usable(token, now)).exists()


@transaction.atomic
def spend(token: str, *, request: HttpRequest, now: datetime) -> Partner | None:
    """Sign its person in on this device, under a new session; None where the link has done its work."""
    link = (
        SignInLink.objects.unscoped("a link is looked up by its hash")
        .select_related("partner__couple")
        .filter(_usable(token, now))
        .first()
    )
    mine = SignInLink.objects.unscoped("a link is spent once")
    if link is None or not mine.filter(pk=link.pk, used_at__isnull=True).update(used_at=now):
        return None
    request.session.flush()
    login(request, account_of(link.partner), backend=BACKEND)
    return link.partner


def _usable(token: str, now: datetime) -> Q:
    fresh = Q(digest=_digest(token), used_at__isnull=True, expires_at__gt=now, partner__left_at__isnull=True)
    return fresh & (Q(channel__isnull=True) | ~Q(channel__state=Channel.State.REVOKED))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
