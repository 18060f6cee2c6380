"""`./run manage unmute`: let a restored house send mail again."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Let a restored house send mail again."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        if not settings.MUTE_FILE.exists():
            self.stdout.write("It was not mute.")
            return
        settings.MUTE_FILE.unlink()
        self.stdout.write("Mail is sent again.")
