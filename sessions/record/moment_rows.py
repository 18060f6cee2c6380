"""Commands to rows and back: one Moment per audience, words in Lines, a hash chain over the structure.

`split` is decided by `kinds.KINDS` alone; `read` gives the pure Moments that clock, rules and figures fold.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions.engine import clock
from sessions.engine.kinds import KINDS, PARTNERS, Command, Kind, audience_of_own_words
from sessions.models import HeldBack, Line, Moment, Posting, Session

BEGINNING = "0" * 64
COMMAND = "command"
# What a guard that was set aside is called in the log; for the team only.
SET_ASIDE = "guard_set_aside"


@dataclass
class Part:
    """What of a command one audience may know. `owner` is a slot, or None."""

    name: str
    kind: str
    audience: str
    owner: str | None
    by: str = ""
    # Stands with `by`: that somebody spoke through the desk says that it was one of the two.
    told_to: bool = False
    facts: dict[str, object] = field(default_factory=dict)
    words: dict[str, object] = field(default_factory=dict)


def split(
    command: Command, *, target: clock.Moment | None, set_aside: Iterable[str], alone: str = ""
) -> list[Part]:
    """A command as parts, the one that everybody of its kind's audience may know first.

    `target` is the entry that a `corrected` corrects: its content takes that entry's audience and owner.
    In a talk with one, `alone` is that one: nothing of it is anybody else's, the team apart.
    """
    known = KINDS[command.kind]
    shape = KINDS[target.kind] if target else known
    main = Part(
        COMMAND,
        known.shown_as or command.kind,
        shape.audience,
        _slot(shape.owner, command, target),
        by=command.by,
    )
    parts = {(main.audience, main.owner): main}
    for name, value in command.fields.items():
        described = shape.by_name.get(name) or known.by_name[name]
        audience, owner = _whose(command, shape, name, target)
        if command.kind == "corrected" and name == "line":
            audience, owner = main.audience, main.owner
        part = parts.get((audience, owner))
        if part is None:
            part = Part(f"{audience.lower()} {owner or ''}".strip(), command.kind, audience, owner)
            parts[audience, owner] = part
        (part.facts if described.holds == "fact" else part.words)[name] = value
    for part in parts.values():
        # Words that stand apart still say what they belong to, so that what quotes them can be found.
        if part is not main and part.words and command.kind in ("fear_answered", "redirect_offered"):
            name = "fear" if command.kind == "fear_answered" else "id"
            part.facts[name] = command.fields[name]
        if command.kind == "corrected":
            part.facts["line"] = command.fields["line"]
    if known.actor_audience or known.shown_as:
        main.by = "" if known.actor_audience else main.by
        _actor(parts, command, known)
    for part in parts.values():
        part.told_to = command.told_to and part.by != ""
        if alone and part.audience != "FAC":
            part.audience, part.owner = "OWN_F", alone
    return [*parts.values(), *_for_the_team(command, set_aside)]


def _whose(command: Command, shape: Kind, name: str, target: clock.Moment | None) -> tuple[str, str | None]:
    if shape.name == "fear_answered" and name == "own_words":
        facts = {**(target.facts if target else {}), **command.fields}
        return audience_of_own_words(str(facts["answer"])), _slot("actor", command, target)
    if name not in shape.by_name:
        return shape.audience, _slot(shape.owner, command, target)
    return shape.audience_of(name), _slot(shape.owner_of(name), command, target)


def _slot(owner: str, command: Command, target: clock.Moment | None) -> str | None:
    """Whose it is. What the team corrects stays with whoever said it."""
    if owner == "to":
        return str(command.fields["to"] if "to" in command.fields or not target else target.facts["to"])
    by = target.by if target else command.by
    return by if owner in ("actor", "line") and by in PARTNERS else None


def _actor(parts: dict[tuple[str, str | None], Part], command: Command, known: Kind) -> None:
    """Who did it, and what it really was, for those who may know."""
    audience = known.actor_audience or "FAC"
    owner = command.by if audience == "OWN_F" and command.by in ("A", "B") else None
    part = parts.get((audience, owner))
    if part is None:
        part = parts[audience, owner] = Part("actor", command.kind, audience, owner)
    part.by = command.by
    part.kind = command.kind


def _for_the_team(command: Command, set_aside: Iterable[str]) -> list[Part]:
    parts = []
    if command.voice is not None and command.kind not in ("voice_returned", "quiet_started"):
        parts.append(Part("voice", "voice", "FAC", None, facts={"voice": command.voice}))
    codes = sorted(set_aside)
    if codes:
        words = {"reason": command.override or ""}
        parts.append(Part("set_aside", SET_ASIDE, "FAC", None, facts={"codes": codes}, words=words))
    return parts


def write(
    session: Session,
    command: Command,
    parts: Iterable[Part],
    *,
    line: int,
    at: datetime,
    recorded_at: datetime,
    partners: Mapping[str, UUID],
    author: UUID,
    last: tuple[int, str],
) -> tuple[list[Moment], list[Line]]:
    """Append the parts. `author` is the facilitator's user id; `last` the newest (number, hash) of the session."""
    number, prev = last
    moments: list[Moment] = []
    lines: list[Line] = []
    for part in parts:
        number += 1
        moment = Moment(
            session=session,
            number=number,
            command=line,
            at=at,
            recorded_at=recorded_at,
            kind=part.kind,
            part=part.name,
            by=part.by,
            told_to=part.told_to,
            facts=part.facts if not _voiced(command, part) else {**part.facts, "voice": command.voice},
            audience=part.audience,
            owner_id=partners[part.owner] if part.owner else None,
            prev_hash=prev,
        )
        if part.words:
            salt = secrets.token_hex(16)
            moment.words_mac = words_mac(salt, part.words)
            lines.append(
                Line(
                    session=session,
                    moment=moment,
                    kind=part.kind,
                    ref=ref_of(part),
                    audience=part.audience,
                    owner_id=moment.owner_id,
                    author=_author(part, session, partners, author),
                    words=part.words,
                    salt=salt,
                )
            )
        prev = moment.hash = digest(moment)
        moments.append(moment)
    Moment.objects.bulk_create(moments)
    Line.objects.bulk_create(lines)
    return moments, lines


def _voiced(command: Command, part: Part) -> bool:
    return part.name == COMMAND and command.kind in ("voice_returned", "quiet_started")


def ref_of(part: Part) -> str:
    """The id of what the part's words belong to."""
    names = ("id", "check", "fear", "agreement", "redirect", "goal")
    return next((str(part.facts[name]) for name in names if name in part.facts), "")


def _author(part: Part, session: Session, partners: Mapping[str, UUID], facilitator: UUID) -> UUID:
    """Whose key seals the words: whoever they are about to stay with when others erase theirs."""
    if part.audience == "FAC":
        return facilitator
    return partners[part.owner] if part.owner else session.couple_id


def words_mac(salt: str, words: Mapping[str, object]) -> str:
    text = json.dumps(words, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hmac.new(bytes.fromhex(salt), text.encode(), hashlib.sha256).hexdigest()


def digest(moment: Moment) -> str:
    facts = [
        moment.prev_hash,
        str(moment.session_id),
        moment.number,
        moment.command,
        moment.at.isoformat() if moment.at else None,
        moment.kind,
        moment.part,
        moment.by,
        moment.told_to,
        moment.facts,
        moment.audience,
        str(moment.owner_id) if moment.owner_id else None,
        moment.words_mac,
    ]
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(session: Session) -> list[str]:
    """What is wrong with a session's chain and its words, a line each; empty when whole."""
    wrong: list[str] = []
    prev, expected = BEGINNING, 1
    rows = Moment.objects.unscoped("a chain is verified").filter(session=session).order_by("number")
    words = {
        line.moment_id: line for line in Line.objects.unscoped("a chain is verified").filter(session=session)
    }
    for moment in rows:
        if moment.number != expected or moment.prev_hash != prev or moment.hash != digest(moment):
            wrong.append(f"entry {moment.number} does not follow")
        line = words.get(moment.pk)
        # An erased author's words read as empty, and their salt with them: the chain still holds.
        if line is not None and line.salt and words_mac(line.salt, line.words) != moment.words_mac:
            wrong.append(f"the words of entry {moment.number} were changed")
        prev, expected = moment.hash, expected + 1
    return wrong


ROW = ("number", "command", "at", "kind", "part", "by", "told_to", "facts", "hash")


def read(session_id: UUID) -> tuple[list[clock.Moment], tuple[int, str]]:
    """The session's pure Moments, one per command, and its newest (number, hash). One query."""
    rows = list(
        Moment.objects.unscoped("a command folds its session")
        .filter(session=session_id)
        .order_by("number")
        .values_list(*ROW)
    )
    last = (rows[-1][0], rows[-1][-1]) if rows else (0, BEGINNING)
    merged: dict[int, dict[str, Any]] = {}
    for _, command, at, kind, part, by, told_to, facts, _ in rows:
        one = merged.setdefault(command, {"at": at, "kind": kind, "by": by, "told_to": False, "facts": {}})
        one["told_to"] = one["told_to"] or told_to
        if part == "voice":
            one["voice"] = facts["voice"]
        elif part == "set_aside":
            one["override"] = True
        else:
            _merge(one, kind, by, facts)
    return [_pure(number, one) for number, one in merged.items()], last


def clock_line(moments: list[clock.Moment]) -> int:
    """The newest line that moved the clock; private lines make nobody's screen stale."""
    moved = {moment.number for moment in moments if KINDS[moment.kind].audience == "JOINT"}
    for moment in reversed(moments):
        if moment.number in moved or (moment.kind == "undone" and moment.facts["line"] in moved):
            return moment.number
    return 0


def _merge(one: dict[str, Any], kind: str, by: str, facts: Mapping[str, Any]) -> None:
    if kind in KINDS:
        one["kind"] = kind
    one["by"] = one["by"] or by
    if "voice" in facts:
        one["voice"] = facts["voice"]
    one["facts"].update({name: value for name, value in facts.items() if name != "voice"})


def _pure(number: int, one: Mapping[str, Any]) -> clock.Moment:
    return clock.Moment(
        number=number,
        at=one["at"],
        by=one["by"],
        kind=one["kind"],
        facts=one["facts"],
        voice=one.get("voice"),
        told_to=one["told_to"],
        override=one.get("override", False),
    )


def commands(session: Session) -> list[tuple[int, datetime | None, Command]]:
    """The session as it was posted (line, instant, command), words and keys included: for its facilitator only."""
    moments, _ = read(session.pk)
    words: dict[int, dict[str, Any]] = {}
    reasons: dict[int, str] = {}
    rows = Line.objects.unscoped("an export reads a whole session").filter(session=session)
    for line in rows.select_related("moment"):
        if line.kind == SET_ASIDE:
            reasons[line.moment.command] = line.words.get("reason", "")
        else:
            words.setdefault(line.moment.command, {}).update(line.words)
    keys = dict(
        Posting.objects.unscoped("an export reads a whole session")
        .filter(session=session)
        .values_list("command", "key")
    )
    return [
        (
            moment.number,
            moment.at,
            Command(
                by=moment.by,
                kind=moment.kind,
                fields={**moment.facts, **words.get(moment.number, {})},
                told_to=moment.told_to,
                voice=moment.voice,
                key=keys.get(moment.number),
                override=reasons.get(moment.number),
            ),
        )
        for moment in moments
    ]


def held_back(session: Session) -> set[UUID]:
    rows = HeldBack.objects.unscoped("documents leave out what is kept back").filter(moment__session=session)
    return set(rows.values_list("moment", flat=True))
