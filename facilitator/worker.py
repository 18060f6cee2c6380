"""The worker process: what Celery rings for is done here, mail and papers side by side.

With Redis each of its two hands is a process of its own. In the embedded default they are threads of one process,
which takes a third of the memory; a task that hangs cannot be ended alone there, so it ends the process.
"""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery.concurrency.thread import TaskPool
from celery.platforms import SecurityWarning
from django.conf import settings

from facilitator.celery import TASK_LIMIT_S, app
from facilitator.operations import broker

logger = logging.getLogger(__name__)

# One for mail, one for papers: neither waits behind the other.
HANDS = 2


class Threads(TaskPool):
    """Celery's own pool of threads knows no time limit."""

    def on_apply(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return super().on_apply(_limited(target), *args, **kwargs)


def _limited(target: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        watch = threading.Timer(TASK_LIMIT_S, _give_up)
        watch.daemon = True
        watch.start()
        try:
            return target(*args, **kwargs)
        finally:
            watch.cancel()

    return run


def _give_up() -> None:
    """End at once: the supervisor starts another worker, and the rows say what is still to be done."""
    logger.error("a task took longer than %s s; the worker starts again", TASK_LIMIT_S)
    os._exit(1)


def main() -> int:
    # Tasks are JSON and never a pickle, so what they can do is the same for root as for anybody.
    warnings.simplefilter("ignore", SecurityWarning)

    pool: Any = "prefork"
    if not settings.REDIS_URL:
        pool = Threads
        # A file does not go away: its connections are kept from task to task.
        app.conf.update(CELERY_DB_REUSE_MAX=1_000)
        broker.tidy(settings.DATA / "broker")

    worker = app.Worker(
        pool_cls=pool,
        concurrency=HANDS,
        loglevel="WARNING",
        quiet=True,
        # There is one worker: nobody to hear from, and nobody to tell.
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
