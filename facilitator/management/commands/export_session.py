"""./run manage export_session ID > FILE: one session as a session file."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from sessions.models import Session
from sessions.record import import_export


class Command(BaseCommand):
    help = "Write one session as a session file to standard output. It holds everything that was said."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=UUID)

    def handle(self, *args: Any, id: UUID, **options: Any) -> None:
        rows = Session.objects.unscoped("the operator exports a session").select_related(
            "couple", "facilitator"
        )
        session = rows.filter(pk=id).first()
        if session is None:
            raise CommandError("There is no session with this id.")
        for line in import_export.export(session):
            self.stdout.write(json.dumps(line, ensure_ascii=False))
