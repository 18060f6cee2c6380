"""`./run manage restore FILE`: put a backup into an empty house."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facilitator.now import now
from facilitator.operations import backups


class Command(BaseCommand):
    help = "Put a backup back into an empty house. It stays mute until ./run manage unmute."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--keys", type=Path, help="the keys file made with it")

    def handle(self, *, file: Path, keys: Path | None, **options: Any) -> None:
        try:
            said = backups.restore(file, keys=keys, now=now())
        except backups.BackupRefused as refused:
            raise CommandError(str(refused)) from refused
        for line in said:
            self.stdout.write(line)
