"""The only writer of Moments: desk, API, import and replay all post their commands here.

An `OpenSession` is one session, locked and folded inside one transaction; `post` adds one command to it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from clients import consents, safety
from clients.couples import partners_of
from clients.models import Boundary, Consent, Quiet
from facilitator import bell
from facilitator.errors import Refusal, gettext_noop
from sessions import live
from sessions.engine import clock, rules
from sessions.engine.kinds import KINDS, Command, check_common, check_form
from sessions.engine.rules.texts import refusal
from sessions.models import Agreement, Line, Moment, Posting, Session
from sessions.record import moment_rows, papers_due, release
from sessions.record.planning import plan_of

# For everybody else (rituals, documents) a session is over this long after its latest end, whatever the desk says.
OVER_AFTER = timedelta(minutes=30)
MORNING = time(8)
# Kinds that wait for nothing: a pause, a stop and leaving are taken however old the sender's screen is.
AT_ONCE = {
    "brief_pause_called",
    "settling_called",
    "cool_down_called",
    "stopped",
    "safety_stop",
    "partner_left",
}


class Stale(Refusal):
    """The clock moved since the sender looked: nothing was changed, and what was typed goes back to them."""


@dataclass(frozen=True)
class Outcome:
    """What a post came to. `line` is the command's number; `repeated` when the same key had been answered before."""

    line: int
    hints: tuple[str, ...] = ()
    repeated: bool = False


@contextmanager
def entered(session_id: UUID, *, replaying: bool = False) -> Iterator["OpenSession"]:
    """A session, locked and folded, for as long as the transaction lasts."""
    with transaction.atomic():
        session = (
            Session.objects.unscoped("a command locks its session")
            .select_for_update(of=("self",))
            .select_related("couple")
            .get(pk=session_id)
        )
        yield OpenSession(session, replaying=replaying)


def looked_at(session: Session) -> "OpenSession":
    """The fold of a session for a look, without a lock."""
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
    """One command = one transaction. `seen` is the last clock line its sender could see."""
    with entered(session_id) as room:
        outcome = room.post(command, poster=poster, author=author, now=now, seen=seen)
        room.keep(now=now)
    return outcome


class OpenSession:
    """One session inside one transaction. Holds the fold, so that a replay folds each Moment once."""

    def __init__(self, session: Session, *, replaying: bool = False) -> None:
        self.session = session
        self.plan = plan_of(session)
        moments, self.last = moment_rows.read(session.pk)
        self.state = clock.fold(self.plan, moments)
        self.partners = {slot: partner.pk for slot, partner in partners_of(session.couple_id).items()}
        self.replaying = replaying
        self._standing: rules.Standing | None = None

    @property
    def next_line(self) -> int:
        moments = self.state.moments
        return moments[-1].number + 1 if moments else 2

    def standing(self) -> rules.Standing:
        """The facts the rules need about the two people, from their rows; read once per transaction."""
        if self._standing is None:
            self._standing = standing_of(self.session)
        return self._standing

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
        """Refuses, or appends. A repeated key with the same fields is answered as the first time.

        `line` is given by an import, whose file may have gaps where a key was repeated.
        """
        answered = self._answered(command, poster)
        if answered is not None:
            return Outcome(answered, repeated=True)
        not_stale(command, seen, self.clock_line)
        at = self._instant(now)
        verdict = rules.check(self.plan, self.state, self.standing(), command, at)
        line = line or self.next_line
        target = rules.target_of(self.state, command) if command.kind == "corrected" else None
        alone = self.plan.with_ if self.session.owner_id else ""
        parts = moment_rows.split(command, target=target, set_aside=verdict.set_aside, alone=alone)
        moments, lines = moment_rows.write(
            self.session,
            command,
            parts,
            line=line,
            at=at if self.plan.timed else None,
            recorded_at=now,
            partners=self.partners,
            author=author,
            last=self.last,
        )
        self.last = (moments[-1].number, moments[-1].hash)
        clock.advance(
            self.state,
            clock.moment_of(
                command,
                number=line,
                at=at if self.plan.timed else None,
                target=KINDS[target.kind] if target else None,
                set_aside=tuple(verdict.set_aside),
            ),
        )
        self._remember(command, poster, line)
        self._yield_rows(command, moments, lines, now)
        return Outcome(line, tuple(verdict.hints))

    def is_answered(self, command: Command, poster: str) -> bool:
        """Whether this very post was answered before; refuses its key with other fields."""
        return self._answered(command, poster) is not None

    def _answered(self, command: Command, poster: str) -> int | None:
        if command.key is None:
            return None
        known = (
            Posting.objects.unscoped("a key is answered once")
            .filter(session=self.session, poster=poster, key=command.key)
            .first()
        )
        if known is None:
            return None
        if known.fields_digest != fields_digest(command):
            raise refusal("key_reused")
        return known.command

    def _remember(self, command: Command, poster: str, line: int) -> None:
        if command.key is not None:
            Posting.objects.create(
                session=self.session,
                poster=poster,
                key=command.key,
                fields_digest=fields_digest(command),
                command=line,
            )

    @property
    def clock_line(self) -> int:
        return moment_rows.clock_line(self.state.moments)

    def _instant(self, now: datetime) -> datetime:
        """Time never runs backwards in the log; a server clock that stepped back waits at the last instant."""
        last = self.state.last_at
        return max(now, last) if last is not None and not self.replaying else now

    def _yield_rows(self, command: Command, moments: list[Moment], lines: list[Line], now: datetime) -> None:
        """What lives on after the session: agreements, and what becomes everybody's."""
        if command.kind == "compromise_drafted":
            made = {"session": self.session, "ref": str(command.fields["id"]), "line": lines[0]}
            Agreement.objects.create(**made, audience=lines[0].audience)
        elif command.kind == "undone":
            gone = Agreement.objects.unscoped("a draft that was undone is none")
            gone.filter(session=self.session).exclude(ref__in=list(self.state.agreements)).delete()
        elif command.kind == "agreement_confirmed":
            ref = str(command.fields["agreement"])
            if self.state.everybody <= self.state.agreements[ref]:
                self._in_force(ref, now)

    def _in_force(self, ref: str, now: datetime) -> None:
        """Both confirmed it, so its words, corrections included, become joint; a talk with one stays that one's."""
        drafts = Agreement.objects.unscoped("both confirmed, so it becomes joint")
        found = drafts.select_related("line__moment").get(session=self.session, ref=ref)
        audience = found.audience if self.session.owner_id else "JOINT"
        drafts.filter(pk=found.pk).update(audience=audience, confirmed_at=now)
        corrections = Q(kind="corrected", moment__facts__line=found.line.moment.command)
        words = Line.objects.unscoped("both confirmed, so it becomes joint")
        words.filter(Q(pk=found.line_id) | corrections, session=self.session).update(audience=audience)

    def keep(self, *, now: datetime) -> None:
        """Write the caches, which equal the fold; call once before the transaction ends."""
        reading = clock.read(self.plan, self.state, self.state.last_at or now)
        session = self.session
        began = session.began_at is None and reading.started_at is not None
        ended = session.state != "ended" and reading.state == "ended"
        session.state = reading.state
        session.phase_number = reading.phase or 0
        session.head = self.last[0]
        session.began_at = reading.started_at
        session.ended_at = (reading.ended_at or now) if reading.state == "ended" else None
        session.save(update_fields=["state", "phase_number", "head", "began_at", "ended_at"])
        if ended:
            papers_due.mark(session, now=now)
        if not self.replaying:
            self._quiet(began=began, ended=ended, now=now)
            transaction.on_commit(live.woke, robust=True)
            if ended:
                bell.ring("documents")

    def _quiet(self, *, began: bool, ended: bool, now: datetime) -> None:
        """Nothing is sent to a couple while their session runs, and nothing on the evening after it.

        A talk with one makes no quiet: a reminder that did not come would tell the other of it.
        """
        if self.plan.with_ != "both":
            return
        mine = Quiet.objects.unscoped("a session keeps its couple's quiet").filter(of=self.session.pk)
        if began and not mine.exists():
            latest = self.plan.latest_end
            Quiet.objects.create(
                couple_id=self.session.couple_id,
                from_at=now,
                until_at=max(latest, now) + OVER_AFTER if latest else None,
                cause=Quiet.Cause.SESSION,
                of=self.session.pk,
            )
        if ended:
            mine.update(until_at=next_morning(now, self.session.couple.zone))


def not_stale(command: Command, seen: int | None, clock_line: int) -> None:
    """Only what moves the clock can come too late; what was said was said."""
    moves = KINDS[command.kind].audience == "JOINT" and command.kind not in AT_ONCE
    if seen is not None and moves and seen < clock_line:
        raise Stale(
            gettext_noop("Something else happened meanwhile. Please look, and press again if it still fits."),
            "stale",
        )


def next_morning(now: datetime, zone: str) -> datetime:
    """Eight o'clock where the couple lives, on the day after `now`."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date() + timedelta(days=1), MORNING, ZoneInfo(zone))


def fields_digest(command: Command) -> str:
    """What a repeated key must repeat: everything but the instant. One poster may speak for both partners."""
    said = [command.by, command.kind, dict(command.fields), command.told_to, command.voice, command.override]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=list).encode()).hexdigest()


def standing_of(session: Session) -> rules.Standing:
    """From real rows: private talks, outcomes, consents, firm boundaries."""
    talks = safety.latest_talks(session.couple_id)
    both = partners_of(session.couple_id)
    given = {
        (slot, scope): consents.current(partner=partner, scope=scope)
        for slot, partner in both.items()
        for scope in (Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES)
    }
    firm = (
        Boundary.objects.unscoped("a plan asks which topics rest")
        .filter(partner__couple=session.couple_id, firmness=Boundary.Firmness.FIRM, ended_at__isnull=True)
        .values_list("topic", flat=True)
    )
    reviews = [talk.review_on for talk in talks.values() if talk.review_on]
    return rules.Standing(
        private_talk_a=talks["A"].outcome is not None,
        private_talk_b=talks["B"].outcome is not None,
        outcome_a=talks["A"].outcome,
        outcome_b=talks["B"].outcome,
        facilitation_consent_a=given["A", Consent.Scope.FACILITATION],
        facilitation_consent_b=given["B", Consent.Scope.FACILITATION],
        notes_consent_a=given["A", Consent.Scope.STORED_NOTES],
        notes_consent_b=given["B", Consent.Scope.STORED_NOTES],
        screening_review_on=min(reviews, default=None),
        # Nobody has been asked for a pace yet, so none is held against them.
        pace_most_minutes=None,
        pace_not_before=None,
        firm_topics=frozenset(firm),
        released=release.is_released(session),
    )


def command_from(fields: Mapping[str, Any], *, by: str, kind: str) -> Command:
    """A posted mapping as a Command: the common keys apart from the fields of the kind. Refuses what is malformed."""
    own = {
        name: value for name, value in fields.items() if name not in ("key", "told_to", "voice", "override")
    }
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
