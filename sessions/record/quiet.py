"""While a session runs, and on the evening after it, nothing is sent to its couple."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from clients.models import Quiet
from sessions.engine.plan import Plan
from sessions.models import Session

# For everybody else (rituals, documents) a session is over this long after its latest end, whatever the desk says.
OVER_AFTER = timedelta(minutes=30)
MORNING = time(8)


def begin(session: Session, plan: Plan, *, now: datetime) -> None:
    """From now until the session must be over. A talk with one makes no quiet.

    A reminder that did not come would tell the other of that talk.
    """
    if plan.with_ != "both" or _quiet_of(session).exists():
        return

    until = None
    if plan.latest_end is not None:
        until = max(plan.latest_end, now) + OVER_AFTER

    Quiet.objects.create(
        couple_id=session.couple_id,
        from_at=now,
        until_at=until,
        cause=Quiet.Cause.SESSION,
        of=session.pk,
    )


def end(session: Session, plan: Plan, *, now: datetime) -> None:
    """Until the next morning where the couple lives."""
    if plan.with_ != "both":
        return
    _quiet_of(session).update(until_at=next_morning(now, session.couple.zone))


def next_morning(now: datetime, zone: str) -> datetime:
    """Eight o'clock where the couple lives, on the day after `now`."""
    local = now.astimezone(ZoneInfo(zone))
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, MORNING, ZoneInfo(zone))


def _quiet_of(session: Session):  # type: ignore[no-untyped-def]
    return Quiet.objects.unscoped("a session keeps its couple's quiet").filter(of=session.pk)
