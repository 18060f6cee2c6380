"""The only clock. Tests move it for every process at once through one offset file; doctor refuses that elsewhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings


def now() -> datetime:
    """The server's instant, aware, UTC."""
    real = datetime.now(UTC)
    if not settings.TEST_CLOCK:
        return real
    try:
        return real + timedelta(seconds=float(Path(settings.TEST_CLOCK).read_text() or 0))
    except (FileNotFoundError, ValueError):
        return real
