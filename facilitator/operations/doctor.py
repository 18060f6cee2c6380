"""What must hold before anybody is let in. Each check yields the lines that name what to do; none is good."""

import ctypes
import importlib.metadata
import os
import re
import stat
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django
import redis
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection, models

from facilitator import append_only
from facilitator.mail import is_this_machine
from facilitator.models import MailSettings, User

TZDATA_FLOOR = (2026, 1)
WEASYPRINT_FLOOR = (70,)
DJANGO_FLOOR = (5, 2, 15)
# Since 2026 the clocks of Vancouver are not put back in autumn; zone data older than that says -8.
VANCOUVER = ("America/Vancouver", datetime(2026, 12, 1, 17, tzinfo=UTC), timedelta(hours=-7))
SECOND_STEP = "/settings/sign-in/"
LIBRARIES = {
    "linux": ["libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz.so.0", "libharfbuzz-subset.so.0"],
    "darwin": [
        "libpango-1.0.dylib",
        "libpangoft2-1.0.dylib",
        "libharfbuzz.dylib",
        "libharfbuzz-subset.dylib",
    ],
}


@dataclass(frozen=True)
class Problem:
    code: str
    line: str


Check = Callable[[], Iterator[Problem]]


def release(version: str) -> tuple[int, ...]:
    """The numbers a version begins with: "70.0rc1" is (70, 0)."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    if not found:
        return ()
    return tuple(int(part) for part in found.group().split("."))


def keys() -> Iterator[Problem]:
    place = settings.DATA / "secrets.json"
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 12:
        yield Problem("weak_key", f"secret_key in {place} is weak: put 64 random characters there.")

    if len(settings.INDEX_KEY) < 32 or len(set(settings.INDEX_KEY)) < 8:
        yield Problem(
            "weak_key", f"index_key in {place} is weak: put it back from the keys file of a backup."
        )

    if not settings.FIELD_KEYS or not all(map(_is_fernet_key, settings.FIELD_KEYS)):
        yield Problem(
            "field_keys", f"field_keys in {place} are unusable: put them back from a backup's keys file."
        )


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def data_folder() -> Iterator[Problem]:
    """Folder and files are their owner's alone; each may hold what no other account should read."""
    if _open_to_others(settings.DATA):
        yield Problem("data_open", f"Others can read {settings.DATA}: chmod 700 {settings.DATA}")

    secret = settings.DATA / "secrets.json"
    if secret.exists() and _open_to_others(secret):
        yield Problem("secrets_open", f"Others can read {secret}: chmod 600 {secret}")

    if not os.access(settings.DATA, os.R_OK | os.W_OK | os.X_OK):
        yield Problem(
            "data_shut", f"This account cannot write {settings.DATA}: chown -R $(id -u) {settings.DATA}"
        )


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def zones() -> Iterator[Problem]:
    """A stale copy of the zone data sends tomorrow's message at the wrong hour, and says nothing."""
    if zoneinfo.TZPATH:
        yield Problem(
            "zone_path", 'Zone data comes from the system: start with PYTHONTZPATH="" set, as ./run does.'
        )

    version = importlib.metadata.version("tzdata")
    if release(version) < TZDATA_FLOOR:
        yield Problem("zone_age", f"Zone data is of {version}: remove .venv and start ./run again.")

    name, instant, offset = VANCOUVER
    zoneinfo.ZoneInfo.clear_cache(only_keys=[name])
    if instant.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() != offset:
        yield Problem(
            "zone_stale", f"Zone data for {name} is out of date: pip install --upgrade tzdata in .venv."
        )


def broker() -> Iterator[Problem]:
    """A Redis that evicts throws messages away when its memory is full."""
    if not settings.REDIS_URL:
        return

    where = urlsplit(settings.REDIS_URL)
    place = f"{where.hostname}:{where.port or 6379}"

    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
    try:
        policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except redis.RedisError:
        yield Problem("redis_silent", f"Redis at {place} does not answer: start it, or unset REDIS_URL.")
        return
    finally:
        client.close()

    if policy != "noeviction":
        remedy = "redis-cli config set maxmemory-policy noeviction"
        yield Problem(
            "redis_evicts", f"Redis at {place} may drop messages ({policy}): {remedy}, and in its file."
        )


def libraries() -> Iterator[Problem]:
    missing = [name for name in LIBRARIES.get(sys.platform, []) if not _loads(name)]
    if missing:
        packages = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        yield Problem(
            "pdf_libraries", f"{', '.join(missing)} missing, needed for PDFs: apt-get install {packages}"
        )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def versions() -> Iterator[Problem]:
    """Below these, known holes are open."""
    if django.VERSION[:3] < DJANGO_FLOOR:
        yield Problem(
            "django_age", f"Django {django.__version__} is too old: remove .venv and start ./run again."
        )

    found = importlib.metadata.version("weasyprint")
    if release(found) < WEASYPRINT_FLOOR:
        yield Problem("weasyprint_age", f"WeasyPrint {found} is too old: remove .venv and start ./run again.")


def switches() -> Iterator[Problem]:
    """What is for developing and testing has no place in a house with people in it."""
    if settings.DEBUG:
        yield Problem("debug", "DEBUG is on and shows what it should not: set it to False.")
    if settings.TEST_CLOCK and not settings.TESTING:
        yield Problem("test_clock", "THIRD_CHAIR_TEST_CLOCK moves the clock and is for tests: unset it.")


def mail() -> Iterator[Problem]:
    """Mail in clear text stays on this machine."""
    if not _has_tables(MailSettings):
        return
    remedy = "choose STARTTLS or TLS on the mail page"
    for row in MailSettings.objects.filter(security=MailSettings.Security.NONE):
        if not is_this_machine(row.host):
            yield Problem("mail_clear", f"Mail to {row.host}:{row.port} would travel unprotected: {remedy}.")


def triggers() -> Iterator[Problem]:
    """Without them, what was written could be changed or taken away, and only a broken chain would tell."""
    for table in append_only.unguarded(connection):
        yield Problem(
            "unguarded",
            f"Append-only table {table} has lost its triggers: run ./run manage renew_triggers, then start again.",
        )


def second_factor(listen: str) -> Iterator[Problem]:
    """Beyond this machine a password alone opens no house. Before anybody is there, the one-time code guards it."""
    if is_this_machine(listen) or not _has_tables(User, Authenticator):
        return

    people = User.objects.filter(is_active=True).exclude(is_facilitator=False, is_staff=False)
    guarded = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user")
    without = people.exclude(pk__in=guarded).count()
    if not without:
        return

    who = f"{without} facilitators have"
    if without == 1:
        who = "1 facilitator has"
    yield Problem(
        "second_factor",
        f"{who} no second step to sign in: start without --listen, set it up at {SECOND_STEP}, then listen.",
    )


def _has_tables(*of: type[models.Model]) -> bool:
    return {model._meta.db_table for model in of} <= set(connection.introspection.table_names())


CHECKS: tuple[Check, ...] = (keys, data_folder, zones, broker, libraries, versions, switches, mail, triggers)


def checks(*, listen: str = "") -> list[Problem]:
    """`listen` is where this start will listen, when it is not where the settings say."""
    found = [problem for check in CHECKS for problem in check()]
    return [*found, *second_factor(listen or settings.LISTEN)]
