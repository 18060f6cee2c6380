"""`./run manage renew_triggers`: give an append-only table back the triggers it has lost."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from facilitator import append_only, audit
from facilitator.models import Practice
from facilitator.now import now


class Command(BaseCommand):
    help = "Set the triggers of every append-only table that has lost them. It is noted in the audit log."
    requires_system_checks: list[str] = []

    @transaction.atomic
    def handle(self, **options: Any) -> None:
        tables = append_only.unguarded(connection)
        if not tables:
            self.stdout.write("No append-only table has lost its triggers.")
            return

        for table in tables:
            append_only.renew(connection, table)
        for practice in Practice.objects.all():
            audit.record(practice=practice, actor="system:console", action="triggers renewed", at=now())
        self.stdout.write(f"The triggers of {', '.join(tables)} are set again.")
