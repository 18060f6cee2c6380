"""The bell wakes this; the rows say what is due."""

from celery import shared_task

from facilitator.now import now
from reports.documents import render_due


@shared_task(name="documents.sweep")
def sweep() -> int:
    return render_due(now())
