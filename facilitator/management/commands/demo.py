"""./run manage demo: a practice to look around in."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facilitator.door import demo
from facilitator.models import User
from facilitator.now import now


class Command(BaseCommand):
    help = "Load a demo practice: one couple with six weeks of history, a session for now, rituals running."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(email=demo.EMAIL).exists():
            raise CommandError("The demo practice is here already.")
        password = secrets.token_urlsafe(9)
        demo.load_demo(at=now(), password=password)
        self.stdout.write(f"Sign in as {demo.EMAIL} with the password {password}")
