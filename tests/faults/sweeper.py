"""A worker of its own for the fault tests: sweeps again and again until it is killed or nothing is open.

`python -m tests.faults.sweeper begin PORT COUPLES` fills the house with reminders that are due now, mailed to a
server on that port; `... sweep` works until killed; `... finish` works until every row has come to an end, and
prints how many ended how.
"""

import os
import sys
from datetime import time, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facilitator.settings")
django.setup()

from django.db.models import Count  # noqa: E402  (Django comes first)

from clients import couples  # noqa: E402
from clients.models import Seat  # noqa: E402
from clients.rituals import deliveries, rituals  # noqa: E402
from clients.rituals.models import Delivery  # noqa: E402
from facilitator.models import MailSettings  # noqa: E402
from facilitator.now import now  # noqa: E402
from tests.cast import household, talked  # noqa: E402

WHY = "a fault test"


def begin(port: int, how_many: int) -> None:
    at = now() - timedelta(hours=1)
    fay = household("Fay", ("Ana 0", "Ben 0"), at=at, zone="UTC")
    MailSettings.objects.create(
        practice=fay.practice, host="127.0.0.1", port=port, security="none",
        from_address="notes@calm.test", tested_at=at,
    )  # fmt: skip

    all_couples = [fay.couple]
    for n in range(1, how_many):
        names = {"A": f"Ana {n}", "B": f"Ben {n}"}
        couple = couples.welcome(facilitator=fay.facilitator, label=str(n), names=names, zone="UTC", now=at)
        for partner in couples.partners_of(couple.pk).values():
            talked(fay.facilitator, partner, at=at)
        all_couples.append(couple)

    # Hours that are open whatever the hour at which this test runs.
    closed = (now() + timedelta(hours=12)).time()
    shut = {"quiet_from": time(closed.hour), "quiet_until": time(closed.hour, 1)}
    Seat.objects.unscoped(WHY).update(**shut)

    due = (now() - timedelta(minutes=1)).time().replace(second=0, microsecond=0)
    for n, couple in enumerate(all_couples):
        ritual = rituals.propose(
            couple=couple, by=fay.facilitator, code="six-breaths", usual_time=time(due.hour, due.minute),
            start_on=at.date(), now=at,
        )  # fmt: skip
        for slot, partner in couples.partners_of(couple.pk).items():
            couples.reach_by_email(partner=partner, address=f"{slot}{n}@home.test", by=fay.viewer, now=at)
            rituals.consent(ritual=ritual, partner=partner, answer="yes", now=at)


def finish() -> None:
    rows = Delivery.objects.unscoped(WHY)
    while True:
        deliveries.sweep(now)
        if not rows.filter(state__in=Delivery.OPEN).exists():
            break

    for state, count in rows.values_list("state").annotate(n=Count("pk")).order_by("state"):
        print(state, count)
    for state, message_id in rows.values_list("state", "message_id"):
        print("row", state, message_id)


def main(what: str, *facts: str) -> None:
    if what == "begin":
        begin(*map(int, facts))
    elif what == "finish":
        finish()
    else:
        print("sweeping", flush=True)
        while True:
            deliveries.sweep(now)


if __name__ == "__main__":
    main(*sys.argv[1:])
