"""Small things every step needs: whose row it is, and one row's trouble that stops no other."""

import logging
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from django.db.models import QuerySet

from clients.models import Channel, Partner, Seat
from clients.rituals import cadence
from clients.rituals.models import Delivery, Occurrence

log = logging.getLogger(__name__)
Row = TypeVar("Row")
State = Delivery.State


def one_by_one(
    rows: Iterable[Row], act: Callable[[Row], int], *, spoiled: Callable[[Row], None]
) -> tuple[int, int]:
    """One row that cannot be dealt with must not stop the others: the one broad except of this project.

    What was done, and how many could not be dealt with.
    """
    done = 0
    errors = 0

    for row in rows:
        try:
            done += act(row)
        except Exception as problem:
            errors += 1
            _log_place(problem)
            spoiled(row)

    return done, errors


def _log_place(problem: Exception) -> None:
    """The kind of problem and its place only: its text may quote an address."""
    place = traceback.extract_tb(problem.__traceback__)[-1]
    name = type(problem).__name__
    log.error("a row was set aside: %s at %s:%s", name, Path(place.filename).name, place.lineno)


def under_lease(claimed: Delivery, state: str) -> QuerySet[Delivery]:
    """The row as whoever claimed it may move it; nothing where the lease went to somebody else."""
    rows: QuerySet[Delivery] = Delivery.objects.unscoped("only whoever holds the lease moves a row")
    return rows.filter(pk=claimed.pk, state=state, lease_token=claimed.lease_token)


def note(occurrence: Occurrence | None, reminder: str) -> None:
    if occurrence is not None:
        note_all(Occurrence.objects.filter(pk=occurrence.pk), reminder)


def note_all(occurrences: Any, reminder: str) -> None:
    occurrences.unscoped("the desk sees coarsely what became of a reminder").update(reminder=reminder)


def channel_of(partner: Partner) -> Channel | None:
    """The address at which this person may be reached. It is opened when a letter is made, and not before."""
    channels = Channel.objects.unscoped("this person's own address").defer("address")
    reachable = channels.filter(partner=partner, state=Channel.State.OK)
    newest: Channel | None = reachable.order_by("-created_at").first()
    return newest


def hours_of(seat: Seat) -> cadence.Hours:
    return cadence.Hours(opens=seat.quiet_until, closes=seat.quiet_from)
