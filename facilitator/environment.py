"""Reads one environment variable at a time, each kind of value with one function, and refuses a wrong value by name.

An unset or empty variable means its default. A refusal repeats what was given, except of an address that may hold a
password.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

# A name or an address, a whole domain (".example.org"), or everything ("*"), as ALLOWED_HOSTS has them.
HOST = re.compile(r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE | re.ASCII)


class WrongValue(ImproperlyConfigured):
    """An environment variable holds something that cannot be meant."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name) or default


def folder(name: str, default: Path) -> Path:
    return Path(text(name) or default).resolve()


def number(name: str, default: int, *, least: int, most: int) -> int:
    given = text(name)
    if not given:
        return default

    if not given.isascii() or not given.isdigit() or not least <= int(given) <= most:
        raise WrongValue(f"{name} is {given!r}: it wants a number from {least} to {most}.")
    return int(given)


def switch(name: str) -> bool:
    """On with 1, off with 0 or unset."""
    given = text(name, "0")
    if given not in ("0", "1"):
        raise WrongValue(f"{name} is {given!r}: it wants 1 or 0.")
    return given == "1"


def address(name: str, default: str) -> str:
    """The address of a house: scheme, host, perhaps a port, and nothing after them. Without a slash at the end."""
    given = text(name, default)
    wrong = WrongValue(f"{name} is {given!r}: it wants an address such as https://chair.example.org.")

    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise wrong from None

    has_host = bool(parts.hostname) and port != 0 and "@" not in parts.netloc
    has_more = parts.path.rstrip("/") or parts.query or parts.fragment
    if parts.scheme not in ("http", "https") or not has_host or has_more:
        raise wrong
    return f"{parts.scheme}://{parts.netloc}"


def hosts(name: str) -> list[str]:
    """Host names with commas between them."""
    given = [host.strip() for host in text(name).split(",") if host.strip()]
    for host in given:
        if not HOST.fullmatch(host):
            raise WrongValue(f"{name} holds {host!r}: it wants names of hosts, without scheme, port or path.")
    return given


def service(name: str, *schemes: str) -> str:
    """The address of a database or a broker. It may hold a password, so a refusal does not repeat it."""
    given = text(name)
    if not given:
        return ""

    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    wrong = WrongValue(f"{name} is not an address that can be used: it wants one that begins with {wanted}")

    try:
        parts = urlsplit(given)
        _ = parts.port
    except ValueError:
        raise wrong from None

    if parts.scheme not in schemes or not parts.netloc:
        raise wrong
    return given
