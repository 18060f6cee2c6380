"""Celery, the bell-ringer. The database remembers; every message here may be lost without harm."""

import os
from pathlib import Path

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facilitator.settings")

from django.conf import settings

from facilitator import bell

TICK_S = 15
SWEEPS = {"deliveries": "rituals.sweep", "documents": "documents.sweep"}
# Nobody waits for these, so no bell rings for them.
HOUR_S = 3600
HOURLY = {"enquiries": "couples.forget_enquiries"}


def _broker() -> dict[str, object]:
    if settings.REDIS_URL:
        return {
            "broker_url": settings.REDIS_URL,
            "broker_transport_options": {
                "visibility_timeout": 3600,
                "unacked_restore_interval": 10,
                "unacked_restore_throttle": 1,
                "socket_timeout": 5,
                "socket_connect_timeout": 1,
            },
        }
    folder: Path = settings.DATA / "broker"
    for name in ("queue", "done", "control"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "broker_url": "filesystem://",
        "broker_transport_options": {
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "processed_folder": str(folder / "done"),
            "control_folder": str(folder / "control"),
            # Kept briefly and swept, because without it kombu moves messages through the system's temp folder.
            "store_processed": True,
            "polling_interval": 0.2,
        },
    }


app = Celery("third-chair")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_time_limit=120,
    enable_utc=True,
    timezone="UTC",
    # One static tick for each sweep; a tick that waited longer than its interval is not worth ringing for.
    beat_schedule={
        name: {"task": task, "schedule": every, "options": {"expires": every - 1}}
        for sweeps, every in ((SWEEPS, TICK_S), (HOURLY, HOUR_S))
        for name, task in sweeps.items()
    },
    **_broker(),
)
app.autodiscover_tasks(["clients.rituals", "reports"])


def ring(name: str) -> None:
    """Wake a sweep now. No retry and short limits: nobody waits for a broker in a request."""
    app.send_task(SWEEPS[name], expires=TICK_S - 1, retry=False, ignore_result=True)


bell.hang(ring)
