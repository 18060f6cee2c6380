"""Words that exist once: planted in every text there is, tagged with who may read them, looked for everywhere."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connection, models

from clients.access import Audience
from clients.guarded import Guarded
from facilitator.crypto import EncryptedJSON, EncryptedText, InstallationText
from facilitator.models import Practice, User
from sessions.engine.kinds import KINDS
from tests.cast import House
from tests.clients.rows import Maker, audiences

OURS = {"facilitator", "clients", "rituals", "facilitation", "reports"}
TEXTS = (models.CharField, models.TextField, models.JSONField, EncryptedText, EncryptedJSON, InstallationText)
FOUND = re.compile(rb"cny[a-z]{9}|[a-z]{9}ync|636e79(?:6[1-9a-f]|7[0-9a]){9}|y255[a-z0-9+/]{12}")
TEAM = frozenset({"fay", "co"})
BOTH = TEAM | {"ana", "ben"}
COLLEAGUES = frozenset({"fay", "co", "co not agreed", "co removed", "colleague"})

_code = "a word of a closed list of the house; nothing can be written there"
_setting = "a time zone or a language"
_digest = "a digest, an HMAC, a version or a token's hash"
# Fields that can hold no canary, and why.
EXCEPT = {
    "Practice.zone": _setting, "Practice.language": _setting, "Couple.zone": _setting, "Couple.language": _setting,
    "Seat.zone": _setting, "Seat.language": _setting, "Consent.language": _setting, "RitualConsent.due_zone": _setting,
    "User.password": "a hash, by which a sign-in stands", "User.short_code": _digest,
    "DataKey.wrapped": "a sealed key: changed, nothing opens",
    "Ritual.code": _code, "Ritual.weekdays": _code, "Session.format_code": _code, "Session.state": _code,
    "Delivery.text": _code, "Moment.kind": _code, "Moment.part": _code, "Moment.by": _code, "Line.kind": _code,
    "DeliveryAttempt.stage": _code, "DeliveryAttempt.code": _code, "Posting.poster": _code,
    "Moment.words_mac": _digest, "Moment.prev_hash": _digest, "Moment.hash": _digest, "AuditEntry.prev_hash": _digest,
    "AuditEntry.hash": _digest, "AuditHead.hash": _digest, "RitualConsent.due_tzdb": _digest,
    "Occurrence.tzdb": _digest, "Document.content_hash": _digest, "SignInLink.digest": _digest,
    "Posting.fields_digest": _digest,
    "Beat.name": _code,
    "Document.sealed": "a PDF: what it holds comes from the other fields",
    "Moment.facts": "structure; ids are planted through commands",
    "Line.words": "planted through commands", "Line.ref": "planted through commands, as an id",
    "Line.salt": "random, made with the words",
    "Agreement.ref": "as the id of its draft",
    "Session.plan": "planted through the header of a file",
}  # fmt: skip
# What is about nobody in particular.
PLAIN: dict[str, frozenset[str]] = {
    # A poster's own key goes out with the file of the session, and back in.
    "Posting.key": TEAM,
    "Practice.name": COLLEAGUES | {"admin", "operator"},
    "Practice.neutral_name": COLLEAGUES | {"admin", "operator", "ana", "ben", "left", "mail"},
    "User.name": COLLEAGUES | {"admin", "operator", "ana", "ben"},
    "User.email": COLLEAGUES | {"operator"},
    "MailSettings.host": COLLEAGUES, "MailSettings.username": COLLEAGUES, "MailSettings.from_address": COLLEAGUES,
    "MailSettings.password": frozenset(), "MailTest.stage": COLLEAGUES, "MailTest.code": COLLEAGUES,
    "LocalMail.to": COLLEAGUES, "LocalMail.subject": COLLEAGUES, "LocalMail.body": COLLEAGUES,
    "LocalMail.message_id": COLLEAGUES,
}  # fmt: skip


# What the database asks of a row that is made for its texts alone.
NEEDS = {"LocalMail": {"to": "somebody@home.example"}, "Purge": {"open_id": None}}


@dataclass
class Aviary:
    """Every canary: where it was planted, and who may read it."""

    where: dict[str, str] = field(default_factory=dict)
    readers: dict[str, frozenset[str]] = field(default_factory=dict)
    letters: random.Random = field(default_factory=lambda: random.Random(20260322))

    def hatch(self, where: str, readers: frozenset[str]) -> str:
        """A new canary, remembered with its place and its readers."""
        word = self._word()
        while word in self.where:
            word = self._word()

        self.where[word] = where
        self.readers[word] = readers
        return word

    def _word(self) -> str:
        return "cny" + "".join(self.letters.choices("abcdefghijklmnopqrstuvwxyz", k=9))

    def fields(self) -> set[str]:
        return set(self.where.values())

    def in_bytes(self, body: bytes) -> set[str]:
        """Whoever sits in there: as it is, in capitals, backwards, in hex or in base64."""
        found = set()
        for hit in FOUND.findall(body.lower()):
            found |= {word for word in _spelt(hit) if word in self.where}
        return found


def _spelt(hit: bytes) -> set[str]:
    text = hit.decode()
    if text.startswith("cny"):
        return {text}
    if text.startswith("636e79"):
        return {bytes.fromhex(text).decode()}
    return {text[::-1]}


def text_fields() -> Iterator[tuple[type[models.Model], Any]]:
    """Every field of ours in which something can be written."""
    ours = [model for model in apps.get_models() if model._meta.app_label in OURS]
    for model in ours:
        for each in model._meta.concrete_fields:
            is_fixed = each.choices or each.is_relation or each.name == "audience"
            if isinstance(each, TEXTS) and not is_fixed:
                yield model, each


def name_of(model: type[models.Model], each: Any) -> str:
    return f"{model.__name__}.{each.name}"


def readers_of(house: House, row: Any) -> frozenset[str]:
    """By the table of who may see what, from the row's own guard; nothing here asks visible_to."""
    fixed = row.guard.audience
    audience = fixed if isinstance(fixed, Audience) else Audience(_along(row, fixed))

    owner = _along(row, row.guard.owner) if row.guard.owner is not None else None
    own = {house.a.pk: {"ana"}, house.b.pk: {"ben"}}.get(getattr(owner, "pk", owner), set())

    return {
        Audience.OWN: frozenset(own),
        Audience.OWN_F: TEAM | own,
        Audience.REL: TEAM | own,
        Audience.JOINT: TEAM | {"ana", "ben"},
        Audience.FAC: TEAM,
        Audience.SYS: frozenset(),
    }[audience]


def _along(row: Any, path: str) -> Any:
    for step in filter(None, path.split("__")):
        row = getattr(row, step)
    return row


def plant_columns(aviary: Aviary, house: House) -> None:
    """A canary of its own in every text column of every row of this house."""
    maker = Maker(house)
    for model, each in text_fields():
        name = name_of(model, each)
        if name in EXCEPT:
            continue

        for row in _rows(model, house) or _made(model, maker):
            guarded = issubclass(model, Guarded) and name not in PLAIN
            readers = readers_of(house, row) if guarded else PLAIN.get(name, frozenset())
            word = aviary.hatch(name, readers)

            is_address = "email" in each.name or each.name in ("to", "address", "from_address")
            value = f"{word}@home.example" if is_address else word
            _put(model, row, each, value[: each.max_length or 200])


def _made(model: type[models.Model], maker: Maker) -> list[Any]:
    if not issubclass(model, Guarded):
        return [maker.make(model, **NEEDS.get(model.__name__, {}))]
    for audience in audiences(model):
        for owner in (maker.house.a, maker.house.b):
            maker.make_if_possible(model, audience=audience, owner=owner)
    return _rows(model, maker.house)


def _rows(model: type[models.Model], house: House) -> list[Any]:
    """What there is of this house; of what belongs to no house, two rows are enough."""
    rows = model._base_manager.all()
    if issubclass(model, Guarded):
        return list(rows.filter(**{model.guard.couple or "pk": house.couple.pk}))

    if model is User:
        return [house.facilitator]
    if model is Practice:
        return [house.practice]
    if hasattr(model, "practice"):
        return list(rows.filter(practice=house.practice)[:3])
    return list(rows[:2])


def _put(model: type[models.Model], row: Any, each: Any, value: str) -> None:
    if model._meta.db_table in ("facilitator_auditentry", "facilitation_moment", "rituals_deliveryattempt"):
        _behind_the_trigger(model, row, each, value)
        return
    setattr(row, each.name, value)
    row.save(update_fields=[each.name])


def _behind_the_trigger(model: type[models.Model], row: Any, each: Any, value: str) -> None:
    """Append-only rows are changed here as nobody else can: with their trigger away for a moment."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table]
        )
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")

        cursor.execute(f'UPDATE "{table}" SET "{each.column}" = %s WHERE id = %s', [value, row.pk.hex])

        for _, create in triggers:
            cursor.execute(create)


# Words that come by command. Who may read them is written here once more, apart from sessions/engine/kinds.py.

OWN_F = {
    ("redirect_offered", "suggestion"): "to",
    ("fear_offered", "wording"): "to",
    ("fear_answered", "own_words"): "by",
    ("brief_pause_called", "reason"): "by",
}
FAC = {("note", "text")}
# Numbers and ticks hold no words; each is looked at by the table in tests/test_privacy.py.
NUMBERS = {
    (kind, "temperature")
    for kind in ("arrival_temperature", "closing_temperature", "cool_down_called", "ready_again")
}
# A reason has at least three words, and a guess says that it is one.
SPOKEN = {"reason": "because {} there", "wording": "I wonder whether {}"}
# Words a file's lines leave out, added so that every field of every kind is planted.
ADDED = {
    "statement": {"need": "x", "topics": ["x"]},
    "reflection_given": {"text": "x"},
    "reflection_corrected": {"meant": "x"},
    "brief_pause_called": {"reason": "x"},
    "compromise_drafted": {"if_not_working": "x"},
    "bridge_given": {"text": "x"},
    "redirect_rephrased": {"need": "x"},
    "need_named": {"wish": "x"},
}


def sung(aviary: Aviary, path: Path, *, released: bool, held_back: str = "") -> tuple[str, list[str]]:
    """A session file with a canary in every word; and the canaries of whatever `held_back` takes with it."""
    header, *lines = (json.loads(line) for line in path.read_text().splitlines())
    _plant_header(aviary, header)
    if released:
        # Right before the end, which is the last line.
        lines[-1:-1] = [{**extra, "at": lines[-1]["at"]} for extra in _extras(aviary)]

    hidden = {held_back} - {""}
    confirmed = {line["agreement"] for line in lines if line["kind"] == "agreement_confirmed"}
    written = [json.dumps(header)]

    for line in lines:
        quoted = {str(line[name]) for name in ("of", "check", "statement", "fear") if name in line}
        is_hidden = bool(quoted & hidden) or line.get("id") in hidden
        if is_hidden:
            hidden |= {str(line[name]) for name in ("id", "check", "statement", "fear") if name in line}

        for name, value in ADDED.get(line["kind"], {}).items():
            line.setdefault(name, value)
        for name in _words_of(line):
            readers = _readers(line, name, released and not is_hidden)
            if line.get("id") in confirmed:
                readers = BOTH
            word = aviary.hatch(f"{line['kind']}.{name}", readers)
            line[name] = _voiced(line[name], SPOKEN.get(name, "{}").format(word))
        if "override" in line:
            line["override"] = aviary.hatch("override", TEAM)

        written.append(json.dumps(line))

    return "\n".join(written) + "\n", sorted(hidden)


def _plant_header(aviary: Aviary, header: dict[str, Any]) -> None:
    header["joint_intention"] = aviary.hatch("Session.plan", BOTH)
    for goal in header["goals"]:
        goal["wording"] = aviary.hatch("Session.plan", BOTH)
    for name in ("sign", "return_sentence"):
        header["exit_strategy"][name] = aviary.hatch("Session.plan", BOTH)


def _words_of(line: Mapping[str, Any]) -> list[str]:
    """The fields of this line that hold words."""
    described = [each for each in KINDS[line["kind"]].fields if each.holds == "words"]
    return [each.name for each in described if each.name in line and (line["kind"], each.name) not in NUMBERS]


def _extras(aviary: Aviary) -> list[dict[str, Any]]:
    """Lines of the kinds that the file leaves out."""
    idea = aviary.hatch("idea_parked.id", BOTH)
    return [
        {"by": "F", "kind": "note", "text": "x"},
        {"by": "A", "kind": "idea_parked", "id": idea, "text": "x", "told_to": "F", "override": "x"},
        {"by": "A", "kind": "phrase_used", "text": "x", "told_to": "F", "override": "x"},
        {"by": "B", "kind": "closing_word", "text": "x", "told_to": "F", "override": "x"},
    ]


def _readers(line: Mapping[str, Any], name: str, released: bool) -> frozenset[str]:
    person = {"A": {"ana"}, "B": {"ben"}}
    key = (line["kind"], name)
    if key in FAC:
        return TEAM

    whose = OWN_F.get(key)
    if whose == "to":
        return TEAM | person[line["to"]]

    by = person.get(line["by"], set())
    was_said = line["kind"] == "fear_answered" and line["answer"] in ("fits", "partly")
    if whose and not was_said:
        return TEAM | by

    return BOTH | by if released else TEAM | by


def _voiced(value: Any, word: str) -> Any:
    if isinstance(value, list):
        return [{**value[0], "what": word}] if value and isinstance(value[0], dict) else [word]
    return word
