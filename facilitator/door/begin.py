"""The first visit: one practice and its facilitator, made once."""

import hashlib
import hmac
import ipaddress
from pathlib import Path
from zoneinfo import available_timezones

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from facilitator import audit
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import Practice, User
from facilitator.now import now

CODE_IN_SESSION = "first_run"
# Where a machine says which zone it stands in; Django has set TZ to its own.
LOCALTIME = Path("/etc/localtime")
PROXIED = {"HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP"}


def may_begin(request: HttpRequest) -> bool:
    """From the machine itself the page is open; from anywhere else only with the one-time code `./run` printed."""
    if from_this_machine(request) or request.session.get(CODE_IN_SESSION) == _code_hash():
        return True

    given = hashlib.sha256(request.GET.get("code", "").encode()).hexdigest()
    kept = _code_hash()
    if kept and hmac.compare_digest(given, kept):
        request.session[CODE_IN_SESSION] = kept
        return True

    return False


def from_this_machine(request: HttpRequest) -> bool:
    """A proxy in front speaks for somebody else, so a forwarded request never counts as local."""
    if any(name.startswith("HTTP_X_FORWARDED") or name in PROXIED for name in request.META):
        return False

    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _code_hash() -> str:
    try:
        return settings.FIRST_RUN_CODE_FILE.read_text().strip()
    except FileNotFoundError:
        return ""


def first_of_all() -> None:
    """Within a transaction: refuses when there is a practice already, also one begun at the same moment."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE facilitator_practice IN SHARE ROW EXCLUSIVE MODE")
    if Practice.objects.exists():
        raise Refusal(
            gettext_noop("There is a practice here already. Please sign in."), "begun_already", "absolute"
        )


@transaction.atomic
def begin(*, name: str, email: str, password: str) -> User:
    """The practice takes its facilitator's name until somebody changes it. The code is spent."""
    first_of_all()

    practice = Practice.objects.create(name=name, zone=zone_here())
    user = User.objects.create_user(
        email, password, name=name, practice=practice, is_facilitator=True, is_practice_admin=True
    )

    audit.record(practice=practice, actor=audit.actor_of(user), action="practice begun", at=now())
    transaction.on_commit(lambda: settings.FIRST_RUN_CODE_FILE.unlink(missing_ok=True))
    return user


def zone_here() -> str:
    """The time zone of this machine, which stands where the practice does; UTC where it does not say."""
    _before, found, name = str(LOCALTIME.resolve()).partition("/zoneinfo/")
    name = name.removeprefix("posix/")
    if not found or name not in available_timezones():
        return "UTC"
    return name
