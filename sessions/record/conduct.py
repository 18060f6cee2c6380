"""The only writer of Moments: desk, API, import and replay all post their commands here.

An `OpenSession` is one session, locked and folded inside one transaction; `post` adds one command to it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from clients.access import Viewer
from clients.models import Partner
from facilitator import bell
from facilitator.errors import Refusal, gettext_noop
from sessions import live
from sessions.engine import clock, rules
from sessions.engine.kinds import KINDS, Command, check_common, check_form
from sessions.engine.rules.texts import refusal
from sessions.models import Agreement, Line, Posting, Session
from sessions.record import moment_rows, papers_due, quiet
from sessions.record.planning import plan_of
from sessions.record.standing import people_of

COMMON_KEYS = ("key", "told_to", "voice", "override")


class Stale(Refusal):
    """The clock moved since the sender looked: nothing was changed, and what was typed goes back to them."""


@dataclass(frozen=True)
class Outcome:
    """What a post came to. `line` is the command's number; `repeated` when the same key was answered before."""

    line: int
    hints: tuple[str, ...] = ()
    repeated: bool = False


# Opening a session, and posting to it


@contextmanager
def entered(session_id: UUID, *, replaying: bool = False) -> Iterator["OpenSession"]:
    """A session, locked and folded, for as long as the transaction lasts."""
    rows = Session.objects.unscoped("a command locks its session")
    with transaction.atomic():
        yield OpenSession(_locked(rows, session_id), replaying=replaying)


@contextmanager
def entered_by(viewer: Viewer, session_id: UUID) -> Iterator["OpenSession"]:
    """The same for whoever looks: Session.DoesNotExist where this viewer may not see it."""
    rows = Session.objects.visible_to(viewer)
    with transaction.atomic():
        yield OpenSession(_locked(rows, session_id))


def _locked(rows: Any, session_id: UUID) -> Session:
    session: Session = rows.select_for_update(of=("self",)).select_related("couple").get(pk=session_id)
    return session


def looked_at(session: Session) -> "OpenSession":
    """A session folded for a look: nothing is locked, so nothing may be posted to it."""
    return OpenSession(session)


def post(
    session_id: UUID,
    command: Command,
    *,
    poster: str,
    author: UUID,
    now: datetime,
    seen: int | None = None,
) -> Outcome:
    """One command in a transaction of its own. `seen` is the last clock line its sender could see."""
    with entered(session_id) as session_now:
        outcome = session_now.post(command, poster=poster, author=author, now=now, seen=seen)
        session_now.keep(now=now)
    return outcome


class OpenSession:
    """One session with its fold, kept up with each post, so that a replay folds each Moment once.

    To post to it, enter it (`entered`, `entered_by`): that locks it for the length of a transaction.
    """

    def __init__(self, session: Session, *, replaying: bool = False) -> None:
        self.session = session
        self.plan = plan_of(session)
        moments, self.last = moment_rows.read(session.pk)
        self.state = clock.fold(self.plan, moments)
        self.people = people_of(session.couple_id)
        self.replaying = replaying
        self._standing: rules.Standing | None = None
        # By poster and key: what was found. The session is locked, so nobody else posts meanwhile.
        self._postings: dict[tuple[str, str], Posting | None] = {}

    @property
    def partners(self) -> Mapping[str, Partner]:
        return self.people.partners

    @property
    def next_line(self) -> int:
        """The line of the next command in a session file; line 1 is the header."""
        moments = self.state.moments
        if not moments:
            return 2
        return moments[-1].number + 1

    @property
    def clock_line(self) -> int:
        return moment_rows.clock_line(self.state.moments)

    def standing(self) -> rules.Standing:
        """The facts the rules need about the two people, read once per transaction."""
        if self._standing is None:
            self._standing = self.people.standing(self.session)
        return self._standing

    # Posting

    def post(
        self,
        command: Command,
        *,
        poster: str,
        author: UUID,
        now: datetime,
        seen: int | None = None,
        line: int | None = None,
    ) -> Outcome:
        """Append the command, or raise Refusal. A repeated key with the same fields is answered as before.

        `line` is given by an import, whose file may have gaps where a key was repeated.
        """
        answered = self._answered(command, poster)
        if answered is not None:
            return Outcome(answered, repeated=True)
        refuse_stale(command, seen, self.clock_line)

        at = self._instant(now)
        verdict = rules.check(self.plan, self.state, self.standing(), command, at)

        number = line or self.next_line
        lines = self._write(command, verdict, number=number, at=at, now=now, author=author)
        self._remember(command, poster, number)
        self._update_agreements(command, lines, now)
        return Outcome(number, tuple(verdict.hints))

    def is_answered(self, command: Command, poster: str) -> bool:
        """Whether this very post was answered before; refuses its key with other fields."""
        return self._answered(command, poster) is not None

    def _answered(self, command: Command, poster: str) -> int | None:
        if command.key is None:
            return None

        known = self._posting(poster, command.key)
        if known is None:
            return None
        if known.fields_digest != fields_digest(command):
            raise refusal("key_reused")
        return known.command

    def _posting(self, poster: str, key: str) -> Posting | None:
        if (poster, key) not in self._postings:
            postings = Posting.objects.unscoped("a key is answered once")
            found = postings.filter(session=self.session, poster=poster, key=key).first()
            self._postings[poster, key] = found
        return self._postings[poster, key]

    def _remember(self, command: Command, poster: str, number: int) -> None:
        if command.key is None:
            return

        self._postings[poster, command.key] = Posting.objects.create(
            session=self.session,
            poster=poster,
            key=command.key,
            fields_digest=fields_digest(command),
            command=number,
        )

    def _instant(self, now: datetime) -> datetime:
        """Time never runs backwards in the log; a server clock that stepped back waits at the last instant."""
        last = self.state.last_at
        if last is None or self.replaying:
            return now
        return max(now, last)

    def _write(
        self,
        command: Command,
        verdict: rules.Verdict,
        *,
        number: int,
        at: datetime,
        now: datetime,
        author: UUID,
    ) -> list[Line]:
        """The command as rows, and the fold one step further. The lines that were written."""
        target = None
        if command.kind == "corrected":
            target = rules.target_of(self.state, command)

        alone = self.plan.with_ if self.session.owner_id else ""
        parts = moment_rows.split(command, target=target, set_aside=verdict.set_aside, alone=alone)
        written_at = at if self.plan.timed else None

        moments, lines = moment_rows.write(
            self.session,
            command,
            parts,
            line=number,
            at=written_at,
            recorded_at=now,
            partners={slot: partner.pk for slot, partner in self.partners.items()},
            author=author,
            last=self.last,
        )
        newest = moments[-1]
        self.last = (newest.number, newest.hash)

        moment = clock.moment_of(
            command,
            number=number,
            at=written_at,
            target=KINDS[target.kind] if target else None,
            set_aside=tuple(verdict.set_aside),
        )
        clock.advance(self.state, moment)
        return lines

    # What lives on after the session: agreements

    def _update_agreements(self, command: Command, lines: list[Line], now: datetime) -> None:
        """A draft is made, undone, or in force once both have confirmed it."""
        if command.kind == "compromise_drafted":
            ref = str(command.fields["id"])
            draft = lines[0]
            Agreement.objects.create(session=self.session, ref=ref, line=draft, audience=draft.audience)

        elif command.kind == "undone":
            drafts = Agreement.objects.unscoped("a draft that was undone is none")
            still_there = list(self.state.agreements)
            drafts.filter(session=self.session).exclude(ref__in=still_there).delete()

        elif command.kind == "agreement_confirmed":
            ref = str(command.fields["agreement"])
            confirmed_by = self.state.agreements[ref]
            if self.state.everybody <= confirmed_by:
                self._put_in_force(ref, now)

    def _put_in_force(self, ref: str, now: datetime) -> None:
        """Everybody confirmed it: its words, corrections included, become joint. A talk with one has nobody to join."""
        drafts = Agreement.objects.unscoped("both confirmed, so it becomes joint")
        draft = drafts.select_related("line__moment").get(session=self.session, ref=ref)
        is_talk_with_one = self.session.owner_id is not None
        audience = draft.audience if is_talk_with_one else "JOINT"
        drafts.filter(pk=draft.pk).update(audience=audience, confirmed_at=now)

        is_its_line = Q(pk=draft.line_id)
        is_its_correction = Q(kind="corrected", moment__facts__line=draft.line.moment.command)
        words = Line.objects.unscoped("both confirmed, so it becomes joint").filter(session=self.session)
        words.filter(is_its_line | is_its_correction).update(audience=audience)

    # Closing the transaction

    def keep(self, *, now: datetime, tab: str = "") -> None:
        """Bring everything around the session up to date with its fold; call once, before the transaction ends.

        That is the session row, the papers due and the quiet of its couple, and after the commit the streams.

        `tab` is the page that pressed: it is answered with what is new, so its own stream need not poke it.
        """
        reading = clock.read(self.plan, self.state, self.state.last_at or now)
        session = self.session
        is_over = reading.state == "ended"
        has_begun = session.began_at is None and reading.started_at is not None
        has_ended = is_over and session.state != "ended"

        session.state = reading.state
        session.phase_number = reading.phase or 0
        session.head = self.last[0]
        session.began_at = reading.started_at
        session.ended_at = None
        if is_over:
            session.ended_at = reading.ended_at or now
        session.save(update_fields=["state", "phase_number", "head", "began_at", "ended_at"])

        if has_ended:
            papers_due.mark(session, now=now)
        if self.replaying:
            return

        if has_begun:
            quiet.begin(session, self.plan, now=now)
        if has_ended:
            quiet.end(session, self.plan, now=now)
            bell.ring("documents")

        answered = live.Answered(session.pk, tab, session.head)
        transaction.on_commit(lambda: live.woke(answered), robust=True)


def refuse_stale(command: Command, seen: int | None, clock_line: int) -> None:
    """Refuse a command of the clock whose sender had an old screen. A pause or a stop is taken all the same."""
    kind = KINDS[command.kind]
    moves_the_clock = kind.audience == "JOINT" and not kind.at_once
    if seen is not None and moves_the_clock and seen < clock_line:
        raise Stale(
            gettext_noop("Something else happened meanwhile. Please look, and press again if it still fits."),
            "stale",
        )


def fields_digest(command: Command) -> str:
    """What a repeated key must repeat: everything but the instant. One poster may speak for both partners."""
    said = [command.by, command.kind, dict(command.fields), command.told_to, command.voice, command.override]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=list).encode()).hexdigest()


def command_from(fields: Mapping[str, Any], *, by: str, kind: str) -> Command:
    """A posted mapping as a Command: common keys apart from the fields of the kind. Refuses what is malformed."""
    own = {name: value for name, value in fields.items() if name not in COMMON_KEYS}
    command = Command(
        by=by,
        kind=kind,
        fields=own,
        told_to=fields.get("told_to") == "F",
        voice=fields.get("voice"),
        key=fields.get("key"),
        override=fields.get("override"),
    )

    check_form(kind, own)
    check_common(command)
    return command
