"""Commands to rows and back: one Moment per audience, words in Lines, a hash chain over the structure.

`split` asks nothing but the table of kinds; `read` gives the pure Moments that clock, rules and figures fold.
"""

import hashlib
import hmac
import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sessions.engine import clock
from sessions.engine.kinds import KINDS, PARTNERS, Command, Kind
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


# --- which audience may know what --------------------------------------------------------------------


def split(
    command: Command, *, target: clock.Moment | None, set_aside: Iterable[str], alone: str = ""
) -> list[Part]:
    """A command as parts, the one that everybody of its kind's audience may know first.

    `target` is the entry that a `corrected` corrects: its content takes that entry's audience and owner.
    In a talk with one, `alone` is that one: nothing of it is anybody else's, the team apart.
    """
    parts = _parts_by_reader(command, target)
    _say_who_did_it(parts, command)

    for part in parts:
        part.told_to = command.told_to and part.by != ""
        if alone and part.audience != "FAC":
            part.audience = "OWN_F"
            part.owner = alone

    return [*parts, *_for_the_team(command, set_aside)]


def _parts_by_reader(command: Command, target: clock.Moment | None) -> list[Part]:
    """Each field in the part of those who may read it; first the part of the command itself."""
    known = KINDS[command.kind]
    content = known
    if target is not None:
        content = KINDS[target.kind]
    described = {**known.by_name, **content.by_name}

    main = Part(
        COMMAND,
        known.shown_as or command.kind,
        content.audience,
        _slot(content.owner, command, target),
        by=command.by,
    )
    parts = [main]

    for name, value in command.fields.items():
        audience, owner = _reader(content, name, command, target)
        own_name = f"{audience.lower()} {owner or ''}".strip()
        part = _part_for(parts, audience, owner, kind=command.kind, name=own_name)
        if described[name].holds == "fact":
            part.facts[name] = value
        else:
            part.words[name] = value

    for part in parts:
        for name in known.also_names:
            part.facts[name] = command.fields[name]
    return parts


def _reader(
    content: Kind, name: str, command: Command, target: clock.Moment | None
) -> tuple[str, str | None]:
    """Who may read a field: its audience and its owner. The line a correction points at goes with its content."""
    if name not in content.by_name:
        return content.audience, _slot(content.owner, command, target)

    entry = dict(command.fields)
    if target is not None:
        entry = {**target.facts, **command.fields}
    return content.audience_of(name, entry), _slot(content.owner_of(name), command, target)


def _slot(owner: str, command: Command, target: clock.Moment | None) -> str | None:
    """Whose it is. What the team corrects stays with whoever said it."""
    by = command.by
    fields = command.fields
    if target is not None:
        by = target.by
        fields = {**target.facts, **command.fields}

    if owner == "to":
        return str(fields["to"])
    if owner in ("actor", "line") and by in PARTNERS:
        return by
    return None


def _part_for(parts: list[Part], audience: str, owner: str | None, *, kind: str, name: str) -> Part:
    """The part of these readers; where there is none yet, a new one of this kind and name."""
    for part in parts:
        if (part.audience, part.owner) == (audience, owner):
            return part

    fresh = Part(name, kind, audience, owner)
    parts.append(fresh)
    return fresh


def _say_who_did_it(parts: list[Part], command: Command) -> None:
    """Who did it, and what it really was, for those who may know, where the main part must not say it."""
    known = KINDS[command.kind]
    if not known.actor_audience and not known.shown_as:
        return

    if known.actor_audience:
        parts[0].by = ""

    audience = known.actor_audience or "FAC"
    owner = None
    if audience == "OWN_F" and command.by in PARTNERS:
        owner = command.by

    part = _part_for(parts, audience, owner, kind=command.kind, name="actor")
    part.by = command.by
    part.kind = command.kind


def _for_the_team(command: Command, set_aside: Iterable[str]) -> list[Part]:
    """Who spoke, and which guards were set aside and why."""
    parts = []

    if command.voice is not None and not KINDS[command.kind].voice_required:
        parts.append(Part("voice", "voice", "FAC", None, facts={"voice": command.voice}))

    codes = sorted(set_aside)
    if codes:
        words = {"reason": command.override or ""}
        parts.append(Part("set_aside", SET_ASIDE, "FAC", None, facts={"codes": codes}, words=words))

    return parts


# --- writing -----------------------------------------------------------------------------------------


def write(
    session: Session,
    command: Command,
    parts: Iterable[Part],
    *,
    line: int,
    at: datetime | None,
    recorded_at: datetime,
    partners: Mapping[str, UUID],
    author: UUID,
    last: tuple[int, str],
) -> tuple[list[Moment], list[Line]]:
    """Append the parts. `author` is the facilitator's user id; `last` the newest (number, hash) of the session."""
    last_number, prev_hash = last
    moments: list[Moment] = []
    lines: list[Line] = []

    for number, part in enumerate(parts, start=last_number + 1):
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
            facts=_written_facts(part, command),
            audience=part.audience,
            owner_id=partners[part.owner] if part.owner else None,
            prev_hash=prev_hash,
        )
        if part.words:
            salt = secrets.token_hex(16)
            moment.words_mac = words_mac(salt, part.words)
            lines.append(_line(moment, part, salt=salt, author=_author(moment, session, author)))

        moment.hash = digest(moment)
        prev_hash = moment.hash
        moments.append(moment)

    Moment.objects.bulk_create(moments)
    Line.objects.bulk_create(lines)
    return moments, lines


def _written_facts(part: Part, command: Command) -> dict[str, object]:
    """The facts of a part; with the voice, where saying who speaks is all that the command does."""
    is_about_voice = part.name == COMMAND and KINDS[command.kind].voice_required
    if not is_about_voice:
        return part.facts
    return {**part.facts, "voice": command.voice}


def _line(moment: Moment, part: Part, *, salt: str, author: UUID) -> Line:
    """The words of a part, for the readers of its Moment."""
    return Line(
        session=moment.session,
        moment=moment,
        kind=part.kind,
        ref=ref_of(part),
        audience=part.audience,
        owner_id=moment.owner_id,
        author=author,
        words=part.words,
        salt=salt,
    )


def ref_of(part: Part) -> str:
    """The id of what the part's words belong to."""
    for name in ("id", "check", "fear", "agreement", "redirect", "goal"):
        if name in part.facts:
            return str(part.facts[name])
    return ""


def _author(moment: Moment, session: Session, facilitator: UUID) -> UUID:
    """Encrypt with the key of the person whose erasure should remove these words."""
    if moment.audience == "FAC":
        return facilitator
    return moment.owner_id or session.couple_id


# --- the chain ---------------------------------------------------------------------------------------


def words_mac(salt: str, words: Mapping[str, object]) -> str:
    """Proves the words without holding them, for as long as their salt is there."""
    return hmac.new(bytes.fromhex(salt), _in_one_order(words).encode(), hashlib.sha256).hexdigest()


def digest(moment: Moment) -> str:
    """The hash of a row and, through `prev_hash`, of every row before it."""
    at = moment.at.isoformat() if moment.at else None
    owner = str(moment.owner_id) if moment.owner_id else None

    facts = [
        moment.prev_hash,
        str(moment.session_id),
        moment.number,
        moment.command,
        at,
        moment.kind,
        moment.part,
        moment.by,
        moment.told_to,
        moment.facts,
        moment.audience,
        owner,
        moment.words_mac,
    ]

    return hashlib.sha256(_in_one_order(facts).encode()).hexdigest()


def _in_one_order(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def verify(session: Session) -> list[str]:
    """What is wrong with a session's chain and its words, a line each; empty when whole."""
    rows = Moment.objects.unscoped("a chain is verified").filter(session=session).order_by("number")
    lines = Line.objects.unscoped("a chain is verified").filter(session=session)
    line_of = {line.moment_id: line for line in lines}

    wrong: list[str] = []
    prev_hash = BEGINNING
    for expected, moment in enumerate(rows, start=1):
        follows = moment.number == expected and moment.prev_hash == prev_hash
        if not follows or moment.hash != digest(moment):
            wrong.append(f"entry {moment.number} does not follow")
        if not _words_are_whole(moment, line_of.get(moment.pk)):
            wrong.append(f"the words of entry {moment.number} were changed")
        prev_hash = moment.hash

    return wrong


def _words_are_whole(moment: Moment, line: Line | None) -> bool:
    """An erased author's words read as empty, and their salt with them: the chain still holds."""
    if line is None or not line.salt:
        return True
    return words_mac(line.salt, line.words) == moment.words_mac


# --- and back ----------------------------------------------------------------------------------------

ROW = ("number", "command", "at", "kind", "part", "by", "told_to", "facts", "hash")


@dataclass(slots=True)
class Whole:
    """One command put together again from its parts."""

    at: datetime | None
    kind: str
    by: str = ""
    told_to: bool = False
    voice: str | None = None
    override: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


def read(session_id: UUID) -> tuple[list[clock.Moment], tuple[int, str]]:
    """The session's pure Moments, one per command, and its newest (number, hash). One query."""
    rows = list(
        Moment.objects.unscoped("a command folds its session")
        .filter(session=session_id)
        .order_by("number")
        .values_list(*ROW)
    )

    last = (0, BEGINNING)
    whole: dict[int, Whole] = {}
    for number, command, at, kind, part, by, told_to, facts, row_hash in rows:
        one = whole.setdefault(command, Whole(at, kind))
        _add_part(one, kind, part, by, told_to, facts)
        last = (number, row_hash)

    return [_pure(number, one) for number, one in whole.items()], last


def _add_part(one: Whole, kind: str, part: str, by: str, told_to: bool, facts: Mapping[str, Any]) -> None:
    """Add to a command what one of its parts says of it."""
    if part == "set_aside":
        one.override = True
        return

    if "voice" in facts:
        one.voice = facts["voice"]
    if part == "voice":
        return

    if kind in KINDS:
        # The main part may bear a neutral name; the part of those who may know has the real one.
        one.kind = kind

    one.by = one.by or by
    one.told_to = one.told_to or told_to
    for name, value in facts.items():
        if name != "voice":
            one.facts[name] = value


def _pure(number: int, one: Whole) -> clock.Moment:
    return clock.Moment(
        number=number,
        at=one.at,
        by=one.by,
        kind=one.kind,
        facts=one.facts,
        voice=one.voice,
        told_to=one.told_to,
        override=one.override,
    )


def clock_line(moments: list[clock.Moment]) -> int:
    """The newest line that moved the clock; private lines make nobody's screen stale."""
    moved = {moment.number for moment in moments if KINDS[moment.kind].audience == "JOINT"}

    for moment in reversed(moments):
        takes_back_a_move = moment.kind == "undone" and moment.facts["line"] in moved
        if moment.number in moved or takes_back_a_move:
            return moment.number
    return 0


def commands(session: Session) -> list[tuple[int, datetime | None, Command]]:
    """The session as it was posted (line, instant, command), words and keys included: for its facilitator only."""
    moments, _last = read(session.pk)
    words, reasons = _words_and_reasons(session)
    postings = Posting.objects.unscoped("an export reads a whole session").filter(session=session)
    keys = dict(postings.values_list("command", "key"))

    posted = []
    for moment in moments:
        command = Command(
            by=moment.by,
            kind=moment.kind,
            fields={**moment.facts, **words[moment.number]},
            told_to=moment.told_to,
            voice=moment.voice,
            key=keys.get(moment.number),
            override=reasons.get(moment.number),
        )
        posted.append((moment.number, moment.at, command))
    return posted


def _words_and_reasons(session: Session) -> tuple[dict[int, dict[str, Any]], dict[int, str]]:
    """By line: the words of a command, and the reason for which a guard was set aside."""
    words: dict[int, dict[str, Any]] = defaultdict(dict)
    reasons: dict[int, str] = {}

    rows = Line.objects.unscoped("an export reads a whole session").filter(session=session)
    for line in rows.select_related("moment"):
        if line.kind == SET_ASIDE:
            reasons[line.moment.command] = line.words.get("reason", "")
        else:
            words[line.moment.command].update(line.words)
    return words, reasons


def held_back(session: Session) -> set[UUID]:
    """The Moments whose words their author keeps out of what both may read."""
    rows = HeldBack.objects.unscoped("documents leave out what is kept back").filter(moment__session=session)
    return set(rows.values_list("moment", flat=True))
