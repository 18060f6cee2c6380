"""Celery, the bell-ringer. The database remembers; every message here may be lost without harm."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facilitator.settings")

from django.conf import settings

from facilitator import bell
from facilitator.operations import broker

TICK_S = 15
SWEEPS = {"deliveries": "rituals.sweep", "documents": "documents.sweep"}
# Nobody waits for these, so no bell rings for them.
HOUR_S = 3600
HOURLY = {"enquiries": "couples.forget_enquiries"}
# Whatever takes longer than this hangs, and is ended.
TASK_LIMIT_S = 120


def _broker() -> dict[str, object]:
    if settings.REDIS_URL:
        return {"broker_url": settings.REDIS_URL, "broker_transport_options": REDIS}

    options = broker.options(settings.DATA / "broker")
    return {"broker_url": f"{broker.SCHEME}://", "broker_transport_options": options}


REDIS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 1,
}


def _schedule() -> dict[str, object]:
    """One static tick for each sweep; a tick that waited longer than its interval is not worth ringing for."""
    ticks: dict[str, object] = {}
    for sweeps, every_s in ((SWEEPS, TICK_S), (HOURLY, HOUR_S)):
        for name, task in sweeps.items():
            ticks[name] = {"task": task, "schedule": every_s, "options": {"expires": every_s - 1}}
    return ticks


app = Celery("third-chair")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_time_limit=TASK_LIMIT_S,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    # Nobody asks a worker how it is, so it need not listen for that.
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    enable_utc=True,
    timezone="UTC",
    beat_schedule=_schedule(),
    **_broker(),
)
app.autodiscover_tasks(["clients.rituals", "reports"])


def ring(name: str) -> None:
    """Wake a sweep now. No retry and short limits: nobody waits for a broker in a request."""
    app.send_task(SWEEPS[name], expires=TICK_S - 1, retry=False, ignore_result=True)


bell.hang(ring)
