"""Encryption at rest. Each value names its data key; a data key belongs to one author in one couple.

Data keys are random, wrapped by the installation's MultiFernet and kept in a database of their own ("keys"),
so that destroying one key erases one person's words everywhere, backups included, and nobody else's.
Fails closed: a wrong or missing key raises, it never returns ciphertext.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.db import models

VERSION = "v1"
# A destroyed key must bite soon in every process; within this many seconds a process may still hold it.
CACHE_S = 5.0


class DecryptError(Exception):
    """The value cannot be read: wrong key, missing key, or changed bytes."""


class KeyRouter:
    """DataKey rows live in the key store and nowhere else; everything else lives in the main database."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        return "keys" if model.__name__ == "DataKey" else "default"

    db_for_write = db_for_read

    def allow_relation(self, a: models.Model, b: models.Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        if hints.get("keys"):
            return db == "keys"
        return (db == "keys") == (model_name == "datakey")


def _data_keys() -> Any:
    # Looked up by name: the models module needs the fields of this one.
    return apps.get_model("facilitator", "DataKey").objects


def installation() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])


def wrap(secret: bytes) -> str:
    """Under the installation's own key: for what belongs to no couple (TOTP secrets, the SMTP password)."""
    return installation().encrypt(secret).decode()


def unwrap(token: str) -> bytes:
    try:
        return installation().decrypt(token.encode())
    except InvalidToken as wrong:
        raise DecryptError("wrapped under a key this installation does not have") from wrong


def blind_index(value: str) -> str:
    """HMAC-SHA256 of the folded value, hex: equality without reading."""
    folded = value.strip().casefold()
    return hmac.new(settings.INDEX_KEY.encode(), folded.encode(), hashlib.sha256).hexdigest()


class _Keys:
    """Unwrapped keys of this process for a few seconds. None marks a destroyed key."""

    def __init__(self) -> None:
        self.by_scope: dict[tuple[UUID, UUID], tuple[float, str]] = {}
        self.by_id: dict[str, tuple[float, AESGCM | None]] = {}

    def clear(self) -> None:
        self.by_scope.clear()
        self.by_id.clear()

    def of_scope(self, scope: tuple[UUID, UUID]) -> str:
        held = self.by_scope.get(scope)
        if held and held[0] > time.monotonic():
            return held[1]

        couple, author = scope
        row, _ = _data_keys().get_or_create(
            couple=couple, author=author, defaults={"wrapped": wrap(AESGCM.generate_key(256))}
        )
        if row.destroyed_at:
            raise DecryptError("this author's key has been destroyed; nothing new can be written with it")

        until = time.monotonic() + CACHE_S
        self.by_scope[scope] = (until, row.id.hex)
        self.by_id[row.id.hex] = (until, AESGCM(unwrap(row.wrapped)))
        return row.id.hex

    def of_id(self, key_id: str) -> AESGCM | None:
        held = self.by_id.get(key_id)
        if held and held[0] > time.monotonic():
            return held[1]

        row = _data_keys().filter(pk=UUID(hex=key_id)).first()
        if row is None:
            raise DecryptError("the key store does not hold this value's key")

        key = None
        if not row.destroyed_at:
            key = AESGCM(unwrap(row.wrapped))
        self.by_id[key_id] = (time.monotonic() + CACHE_S, key)
        return key

    def fetch(self, couples: Iterable[UUID]) -> None:
        """The keys of many couples in one question: for a page that lists them all, or a paper that is sealed."""
        until = time.monotonic() + CACHE_S
        for row in _data_keys().filter(couple__in=list(couples)):
            if row.destroyed_at:
                self.by_id[row.id.hex] = (until, None)
                continue

            self.by_id[row.id.hex] = (until, AESGCM(unwrap(row.wrapped)))
            self.by_scope[row.couple, row.author] = (until, row.id.hex)


keys = _Keys()


def seal(plain: bytes, *, scope: tuple[UUID, UUID], bound_to: str) -> str:
    """`bound_to` (the column) is authenticated: a value moved to another column does not open."""
    key_id = keys.of_scope(scope)
    key = keys.of_id(key_id)
    if key is None:
        raise DecryptError("this author's key has been destroyed")

    nonce = secrets.token_bytes(12)
    sealed = key.encrypt(nonce, plain, bound_to.encode())
    body = base64.b64encode(nonce + sealed).decode()
    return f"{VERSION}.{key_id}.{body}"


def open_sealed(token: str, *, bound_to: str) -> bytes | None:
    """None when the author's key was destroyed on purpose."""
    try:
        version, key_id, body = token.split(".")
        raw = base64.b64decode(body, validate=True)
        key = keys.of_id(key_id)
    except ValueError as wrong:
        raise DecryptError("not a sealed value") from wrong

    if version != VERSION:
        raise DecryptError("sealed by an unknown version")
    if key is None:
        return None

    nonce = raw[:12]
    sealed = raw[12:]
    try:
        return key.decrypt(nonce, sealed, bound_to.encode())
    except (InvalidTag, ValueError) as wrong:
        raise DecryptError("wrong key or changed bytes") from wrong


def seal_blob(plain: bytes, *, scopes: list[tuple[UUID, UUID]], bound_to: str) -> str:
    """One layer per author: destroying any one of their keys makes the whole unreadable."""
    if not scopes:
        raise ValueError("somebody's key has to seal it")

    value = plain
    for layer, scope in enumerate(scopes, 1):
        value = seal(value, scope=scope, bound_to=_layer(bound_to, layer, len(scopes))).encode()
    return f"{len(scopes)}:{value.decode()}"


def open_blob(token: str, *, bound_to: str) -> bytes | None:
    count, _, inner = token.partition(":")
    if not count.isdecimal() or int(count) < 1:
        raise DecryptError("not a sealed value")

    value = inner.encode()
    for layer in range(int(count), 0, -1):
        opened = open_sealed(value.decode(), bound_to=_layer(bound_to, layer, int(count)))
        if opened is None:
            return None
        value = opened

    return value


def _layer(bound_to: str, layer: int, count: int) -> str:
    # Bound to the number of layers: none can be left off.
    return f"{bound_to}/{layer} of {count}"


class _Sealed(str):
    """A value that has been through seal(): the only kind of string an encrypted column accepts."""


class EncryptedText(models.TextField):
    """Text in Python, sealed in the database. The model says whose key with `key_scope()`."""

    def _bound_to(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def pack(self, value: Any) -> bytes:
        return str(value).encode()

    def unpack(self, plain: bytes | None) -> Any:
        if plain is None:
            return ""
        return plain.decode()

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = getattr(model_instance, self.attname)
        if value is None:
            return None

        scope = model_instance.key_scope()
        return _Sealed(seal(self.pack(value), scope=scope, bound_to=self._bound_to()))

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, _Sealed):
            raise TypeError(f"{self.name} is encrypted: it cannot be compared, searched or updated in place")
        return str(value)

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        return self.unpack(open_sealed(value, bound_to=self._bound_to()))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: it cannot be searched with {lookup_name}")
        return super().get_lookup(lookup_name)


class EncryptedJSON(EncryptedText):
    """JSON in Python, sealed in the database; `{}` when the key was destroyed."""

    def pack(self, value: Any) -> bytes:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    def unpack(self, plain: bytes | None) -> Any:
        if plain is None:
            return {}
        return json.loads(plain)

    def to_python(self, value: Any) -> Any:
        return value


class InstallationText(models.TextField):
    """Sealed under the installation's key: belongs to no couple."""

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        return wrap(str(value).encode())

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        return unwrap(value).decode()

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: it cannot be searched with {lookup_name}")
        return super().get_lookup(lookup_name)
