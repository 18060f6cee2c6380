"""Where the tests stand, and what the programs that they start may know."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def clean_env(**more: str) -> dict[str, str]:
    """This environment without what would point a child at somebody else's data."""
    ours = ("THIRD_CHAIR_", "DATABASE_URL", "KEYS_DATABASE_URL", "REDIS_URL", "DJANGO_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "PYTHONTZPATH": "",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "facilitator.settings",
        **more,
    }
