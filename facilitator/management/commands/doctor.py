"""`./run manage doctor`: say what is unsafe about this set-up."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from facilitator.operations import doctor


class Command(BaseCommand):
    help = "Look for unsafe set-ups; each line says what to do. Exit status 1 if there is one."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        problems = doctor.checks()
        for problem in problems:
            self.stderr.write(f"{problem.code}: {problem.line}")
        if problems:
            raise CommandError(f"{len(problems)} to mend.", returncode=1)
        self.stdout.write("All is well.")
