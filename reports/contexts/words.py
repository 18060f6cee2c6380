"""How days, hours and lengths read on paper."""

from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions.engine.clock.state import EPOCH


def day(value: date | datetime | None) -> str:
    """Nothing for a session written up without a date: the clock puts it at its epoch."""
    if value is None or value.year <= EPOCH.year:
        return ""
    return date_format(value, "j F Y")


def iso_day(value: Any) -> str:
    """A date of a file (text) or of a row (date)."""
    return day(date.fromisoformat(value) if isinstance(value, str) else value)


def hour(value: datetime) -> str:
    return date_format(value, "H:i")


def minutes(seconds: int) -> str:
    whole = seconds // 60
    if whole == 0:
        return _("less than a minute")
    return ngettext("%(n)d minute", "%(n)d minutes", whole) % {"n": whole}


def clock(seconds: int | None) -> str:
    """Minutes and seconds."""
    if seconds is None:
        return ""
    return f"{seconds // 60}:{seconds % 60:02d}"


def listed(parts: list[str]) -> str:
    """Ana, Ben and Fay."""
    if len(parts) < 2:
        return "".join(parts)
    return _("%(some)s and %(last)s") % {"some": ", ".join(parts[:-1]), "last": parts[-1]}
