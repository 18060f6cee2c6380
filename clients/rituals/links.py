"""Links that sign one person in: opaque, single use, for a short while. GET shows a page, POST acts."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login
from django.db import transaction
from django.db.models import Q, QuerySet
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
    return _usable(token, now).exists()


@transaction.atomic
def spend(token: str, *, request: HttpRequest, now: datetime) -> Partner | None:
    """Sign its person in on this device, under a new session; None where the link has done its work."""
    link = _usable(token, now).select_related("partner__couple").first()
    if link is None:
        return None

    unspent = SignInLink.objects.unscoped("a link is spent once").filter(pk=link.pk, used_at__isnull=True)
    is_first = unspent.update(used_at=now)
    if not is_first:
        return None

    request.session.flush()
    login(request, account_of(link.partner), backend=BACKEND)
    return link.partner


def _usable(token: str, now: datetime) -> QuerySet[SignInLink]:
    """The link of this token, if a press on it would do something."""
    links: QuerySet[SignInLink] = SignInLink.objects.unscoped("a link is looked up by its hash")
    is_unspent = Q(used_at__isnull=True, expires_at__gt=now)
    is_still_theirs = Q(channel__isnull=True) | ~Q(channel__state=Channel.State.REVOKED)

    found = links.filter(digest=_digest(token), partner__left_at__isnull=True)
    return found.filter(is_unspent, is_still_theirs)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
