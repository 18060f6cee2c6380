"""`./run manage backup FILE`: copy the running house."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facilitator.now import now
from facilitator.operations import backups


class Command(BaseCommand):
    help = "Copy the running house into FILE, and its keys into FILE.keys. Keep the two apart."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            words, keys = backups.make(file, now=now())
        except backups.BackupRefused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{words}\n{keys}")
        self.stdout.write("Keep the keys file somewhere else, and destroy keys files older than 30 days.")
