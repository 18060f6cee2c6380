"""ring(name) wakes a sweep once the surrounding transaction has committed. No bell hung: nothing happens."""

from collections.abc import Callable

from django.db import transaction

_bell: Callable[[str], None] | None = None


def hang(bell: Callable[[str], None]) -> None:
    """facilitator/celery.py hangs the real bell when a process starts."""
    global _bell
    _bell = bell


def ring(name: str) -> None:
    """`name` is a sweep: "deliveries" or "documents"."""

    def ring_now() -> None:
        if _bell:
            _bell(name)

    transaction.on_commit(ring_now, robust=True)
