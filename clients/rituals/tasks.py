"""What Celery rings. No rule lives here, and running any of it twice does nothing twice."""

from celery import shared_task

from clients import enquiries
from clients.rituals import deliveries
from facilitator.now import now


@shared_task(name="rituals.sweep", ignore_result=True)
def sweep() -> None:
    deliveries.sweep(now)


@shared_task(name="couples.forget_enquiries", ignore_result=True)
def forget_enquiries() -> None:
    enquiries.forget_enquiries(now())
