"""How lengths read on a page."""

from collections.abc import Mapping

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def as_minutes(seconds: int | None) -> str:
    """Whole minutes, rounded; short lengths keep their seconds."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return _("%(count)s s") % {"count": seconds}
    return _("%(count)s min") % {"count": round(seconds / 60)}


@register.filter
def plus(seconds: int, more: int) -> int:
    return seconds + more


@register.filter
def of(seconds: Mapping[str, int], who: str) -> int:
    return seconds.get(who, 0)
