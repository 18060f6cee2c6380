"""What a value of a command or a session file may look like. Pure; a shape refuses with the field's name."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NoReturn, Protocol

from facilitator.errors import Refusal, gettext_noop

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,39}")

UNKNOWN_KEY = gettext_noop("%(field)s is not something that can be given here")
MISSING = gettext_noop("%(field)s is missing")


def malformed(field: str, text: str, code: str = "malformed", **params: object) -> NoReturn:
    raise Refusal(text, code, "form", field=field, **params)


def instant(text: str) -> datetime:
    """An RFC 3339 instant with Z; finer than microseconds is cut."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    microseconds = fraction[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{seconds}.{microseconds}").replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """The instant as files carry it, cut to whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shape(Protocol):
    def check(self, value: object, field: str) -> None: ...


@dataclass(frozen=True)
class Text:
    most: int = 4000
    may_be_empty: bool = False

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, str):
            malformed(field, gettext_noop("%(field)s is not a text"))
        if len(value) > self.most:
            malformed(field, gettext_noop("%(field)s is longer than %(most)s characters"), most=self.most)
        if not self.may_be_empty and not value.strip():
            malformed(field, gettext_noop("%(field)s is empty"))

        for letter in value:
            if letter not in "\n\t" and unicodedata.category(letter) in ("Cc", "Cs"):
                malformed(field, gettext_noop("%(field)s holds a control character"))


SHORT = Text(120)


@dataclass(frozen=True)
class Id:
    def check(self, value: object, field: str) -> None:
        if not isinstance(value, str) or not ID.fullmatch(value):
            malformed(field, gettext_noop("%(field)s is not an id"))


@dataclass(frozen=True)
class OneOf:
    values: tuple[str, ...]

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, str) or value not in self.values:
            choices = " ".join(self.values)
            malformed(field, gettext_noop("%(field)s is not one of: %(choices)s"), choices=choices)


@dataclass(frozen=True)
class Whole:
    least: int
    most: int

    def check(self, value: object, field: str) -> None:
        # bool is an int in Python, and `true` is no temperature.
        if type(value) is not int or not self.least <= value <= self.most:
            malformed(
                field,
                gettext_noop("%(field)s is not a whole number from %(least)s to %(most)s"),
                least=self.least,
                most=self.most,
            )


@dataclass(frozen=True)
class YesNo:
    def check(self, value: object, field: str) -> None:
        if not isinstance(value, bool):
            malformed(field, gettext_noop("%(field)s is neither true nor false"))


@dataclass(frozen=True)
class Instant:
    def check(self, value: object, field: str) -> None:
        if not _is_instant(value):
            malformed(field, gettext_noop("%(field)s is not an instant like 2025-03-13T18:00:00Z"))


def _is_instant(value: object) -> bool:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return False

    try:
        instant(value)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Day:
    def check(self, value: object, field: str) -> None:
        if not _is_day(value):
            malformed(field, gettext_noop("%(field)s is not a date like 2025-03-27"))


def _is_day(value: object) -> bool:
    if not isinstance(value, str) or not DAY.fullmatch(value):
        return False

    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class ListOf:
    shape: Shape
    least: int = 0
    most: int = 40
    once_each: bool = False

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, list | tuple):
            malformed(field, gettext_noop("%(field)s is not a list"))
        if not self.least <= len(value) <= self.most:
            malformed(
                field,
                gettext_noop("%(field)s does not hold %(least)s to %(most)s entries"),
                least=self.least,
                most=self.most,
            )

        for place, entry in enumerate(value):
            self.shape.check(entry, f"{field}[{place}]")
        if self.once_each and len(set(value)) != len(value):
            malformed(field, gettext_noop("%(field)s names something twice"))


@dataclass(frozen=True)
class MapOf:
    key: Shape
    shape: Shape
    least: int = 1
    most: int = 60

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, Mapping) or not self.least <= len(value) <= self.most:
            malformed(field, gettext_noop("%(field)s is not an object with entries"))
        for key, entry in value.items():
            self.key.check(key, field)
            self.shape.check(entry, f"{field}.{key}")


@dataclass(frozen=True)
class PhaseKey:
    """A phase number written as the key of a JSON object."""

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, str) or not re.fullmatch(r"[1-9]\d?", value):
            malformed(field, gettext_noop("%(field)s names something that is not a phase number"))


@dataclass(frozen=True)
class Part:
    """One key of an object, and what it may hold."""

    shape: Shape
    required: bool = True


@dataclass(frozen=True)
class Object:
    parts: Mapping[str, Part]

    def check(self, value: object, field: str) -> None:
        if not isinstance(value, Mapping):
            malformed(field, gettext_noop("%(field)s is not an object"))

        prefix = f"{field}." if field else ""
        for key in value:
            if key not in self.parts:
                malformed(f"{prefix}{key}", UNKNOWN_KEY, "unknown_key")

        for key, part in self.parts.items():
            if key in value:
                part.shape.check(value[key], f"{prefix}{key}")
            elif part.required:
                malformed(f"{prefix}{key}", MISSING, "missing")
