"""A fresh installation key: everything wrapped under the old one is wrapped anew, then the old one is forgotten.

The words themselves are not touched; their data keys are. Killed at any point, the next run goes on where this
one stopped, and until the last step both keys open everything.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from facilitator import audit, crypto
from facilitator.crypto import InstallationText
from facilitator.models import DataKey, Practice
from facilitator.now import now

# Where django-allauth keeps what its adapter sealed.
SEALED = ("secret", "seed", "migrated_codes")


class Command(BaseCommand):
    help = "Wrap every key anew under a fresh installation key and forget the old one. Stop the house first."

    def handle(self, **options: Any) -> None:
        with _alone():
            add_key()
            counted = rewrap()
            prove()
            drop_old()
            for practice in Practice.objects.all():
                audit.record(practice=practice, actor="system:console", action="keys rotated", at=now())
        self.stdout.write(f"{counted} wrapped anew. Make a backup now; then start the house again.")


@contextmanager
def _alone() -> Iterator[None]:
    """A running house would go on wrapping under the key that is about to be forgotten."""
    with (settings.DATA / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                "Third Chair is running on this folder: stop it first.", returncode=1
            ) from None
        yield


def add_key() -> None:
    """A new first key, unless an earlier run that was cut short has added one already."""
    if len(settings.FIELD_KEYS) == 1:
        _keep([Fernet.generate_key().decode(), *settings.FIELD_KEYS])


def rewrap() -> int:
    """Everything under the first key. How many values that were."""
    with transaction.atomic(), transaction.atomic(using="keys"):
        return _data_keys() + _installation_texts() + _second_factors()


def _data_keys() -> int:
    rows = list(DataKey.objects.select_for_update().filter(destroyed_at__isnull=True))
    for row in rows:
        row.wrapped = _anew(row.wrapped)
    DataKey.objects.bulk_update(rows, ["wrapped"], batch_size=200)
    return len(rows)


def _installation_texts() -> int:
    count = 0
    for model, name in installation_columns():
        for pk, value in model._base_manager.filter(**{f"{name}__isnull": False}).values_list("pk", name):
            count += model._base_manager.filter(pk=pk).update(**{name: value})
    return count


def installation_columns() -> list[tuple[Any, str]]:
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, InstallationText)
    ]


def _second_factors() -> int:
    count = 0
    for factor in Authenticator.objects.select_for_update():
        for name in SEALED:
            held = factor.data.get(name)
            if isinstance(held, list):
                factor.data[name] = [_anew(token) for token in held]
            elif held:
                factor.data[name] = _anew(held)
            count += bool(held)

        factor.save(update_fields=["data"])
    return count


def _anew(token: str) -> str:
    return crypto.installation().rotate(token.encode()).decode()


def prove() -> None:
    """Nothing may still need an old key; if anything does, this raises and the old one stays."""
    first = MultiFernet([Fernet(settings.FIELD_KEYS[0])])
    tokens = list(DataKey.objects.filter(destroyed_at__isnull=True).values_list("wrapped", flat=True))

    for factor in Authenticator.objects.all():
        for name in SEALED:
            held = factor.data.get(name) or []
            tokens += held if isinstance(held, list) else [held]

    for token in tokens:
        first.decrypt(token.encode())


def drop_old() -> None:
    _keep(settings.FIELD_KEYS[:1])


def _keep(keys: list[str]) -> None:
    """On disk, whole, before anything is wrapped under it; then in this process."""
    path = settings.DATA / "secrets.json"
    kept = {**json.loads(path.read_text()), "field_keys": keys}

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(kept, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)

    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)

    settings.FIELD_KEYS = keys
    crypto.keys.clear()
