"""`./run manage reset_password EMAIL`: for whoever has forgotten it."""

import getpass
import secrets
import sys
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from facilitator import audit
from facilitator.models import User


class Command(BaseCommand):
    help = "Give somebody a new password. Whoever is signed in under the old one is signed out."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--generate", action="store_true", help="make one and print it, ask nothing")

    def handle(self, *, email: str, generate: bool, **options: Any) -> None:
        user = User.objects.filter(email__iexact=email.strip()).first()
        if not user:
            raise CommandError("Nobody here signs in with that address.")

        if generate or not sys.stdin.isatty():
            password = secrets.token_urlsafe(12)
            done = f"New password: {password}"
        else:
            password = self.ask(user)
            done = "The new password is set."

        with transaction.atomic():
            user.set_password(password)
            user.save(update_fields=["password"])
            if user.practice_id:
                audit.record(
                    practice=user.practice_id,
                    actor="system:console",
                    action="password reset",
                    subject=audit.actor_of(user),
                )
        self.stdout.write(done)

    def ask(self, user: User) -> str:
        first = getpass.getpass("New password: ")
        if first != getpass.getpass("Once more: "):
            raise CommandError("The two differ. Nothing was changed.")
        try:
            validate_password(first, user)
        except ValidationError as weak:
            raise CommandError(" ".join(weak.messages)) from weak
        return first
