"""*Keep this?*: what a page held becomes a couple, its talks and consents, and a session; all of it, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from clients import agreement, couples, safety
from clients.access import AsFacilitator
from clients.models import Casefile, Consent, Couple, Partner
from facilitator import crypto
from facilitator.errors import Refusal, gettext_noop
from facilitator.models import User
from sessions.clock_page import held_session
from sessions.engine.session_file import BadLine, SessionFile
from sessions.models import Session
from sessions.record import import_export

BEGUN = "session_started"
NEEDED = frozenset({Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES})


@dataclass(frozen=True)
class Person:
    """One of the two, as their card says it. `how` the consents were given: own hand, on paper, said alone."""

    name: str
    spoken_alone_on: date
    outcome: str
    scopes: frozenset[str]
    how: str


def keep(
    held: held_session.HeldSession,
    people: dict[str, Person],
    *,
    viewer: AsFacilitator,
    facilitator: User,
    now: datetime,
    override: str = "",
) -> UUID:
    """The session the list became. The same list again is the same session; nothing is written for a no.

    `override` is the reason to have begun in spite of what the cards say, such as a talk of long ago.
    """
    for person in people.values():
        may_be_kept(person)

    # After a no there is not even a key of the two.
    with transaction.atomic(), _keys_go_too(), transaction.atomic(using="keys"):
        # One list at a time, so that a second press finds what the first one made.
        User.objects.select_for_update().get(pk=facilitator.pk)

        kept_before = _kept_before(held, viewer)
        if kept_before is not None:
            return kept_before

        made = _made(held, people, facilitator=facilitator, now=now, override=override)
        return made.pk


def _kept_before(held: held_session.HeldSession, viewer: AsFacilitator) -> UUID | None:
    """The session that this very list became already. The list's own code is the couple's code."""
    files = Casefile.objects.visible_to(viewer).filter(code=held.code)
    couple = Couple.objects.visible_to(viewer).filter(pk__in=files.values("couple")).first()
    if couple is None:
        return None

    sessions = Session.objects.visible_to(viewer).filter(couple=couple).order_by("planned_at")
    return UUID(str(sessions.values_list("pk", flat=True)[0]))


@contextmanager
def _keys_go_too() -> Iterator[None]:
    """After any failure, forget the keys that were made on the way."""
    try:
        yield
    except BaseException:
        crypto.keys.clear()
        raise


def may_be_kept(person: Person) -> None:
    """Refuse somebody who is not to meet the other, or who has not said yes to both."""
    if person.outcome not in safety.TOGETHER:
        raise Refusal(
            gettext_noop(
                "Not yet: after the talk with %(name)s the two do not meet, so nothing of today is kept. "
                "Talks with each are a way on."
            ),
            "not_together",
            "absolute",
            name=person.name,
        )

    has_said_yes = person.scopes >= NEEDED
    if not has_said_yes:
        raise Refusal(
            gettext_noop("Not yet: %(name)s has not said yes to both, so nothing of today is kept."),
            "no_consent",
            "absolute",
            name=person.name,
        )


def _made(
    held: held_session.HeldSession,
    people: dict[str, Person],
    *,
    facilitator: User,
    now: datetime,
    override: str,
) -> Session:
    """The couple, their talks and consents, and their session."""
    names = {slot: person.name for slot, person in people.items()}
    label = couples.label_of(names["A"], names["B"])
    file = held_session.named(held, label=label, names=names)
    if override:
        file = _begun_anyway(file, override)

    couple = couples.welcome(
        facilitator=facilitator,
        label=file.header.couple_label,
        names=names,
        zone=file.header.zone,
        language=file.header.language,
        code=file.header.couple_code,
        now=now,
    )
    for slot, partner in couples.partners_of(couple.pk).items():
        _take_card(people[slot], partner, facilitator, now)

    try:
        return import_export.bring_in(file, couple=couple, facilitator=facilitator, going_on=True)
    except BadLine as bad:
        raise _in_words(bad, file) from bad


def _take_card(card: Person, partner: Partner, facilitator: User, now: datetime) -> None:
    """What one card says: that this partner was talked with alone, and what they said yes to."""
    safety.record_talk(
        partner=partner,
        user=facilitator,
        spoken_alone_on=card.spoken_alone_on,
        outcome=card.outcome,
        now=now,
    )
    agreement.take(partner, card.scopes, by=f"user:{facilitator.pk}", now=now, how=card.how)


def _begun_anyway(file: SessionFile, reason: str) -> SessionFile:
    """The file with this reason at its beginning, where none was given there."""
    lines = []
    for line in file.lines:
        if line.kind == BEGUN and not line.override:
            line = replace(line, override=reason)
        lines.append(line)
    return replace(file, lines=tuple(lines))


def _in_words(bad: BadLine, file: SessionFile) -> Refusal:
    """The rule's own no, without the line it was met at. Only at the beginning is there a reason to be given."""
    no = bad.__cause__
    if not isinstance(no, Refusal):
        return Refusal(
            gettext_noop("This page has lost its place. What it holds is still there; please press again."),
            "bad_list",
            "form",
        )

    beginnings = {line.number for line in file.lines if line.kind == BEGUN}
    kind = no.kind
    if kind == "soft" and bad.line_number not in beginnings:
        kind = "absolute"
    return Refusal(no.text, no.code, kind, **no.params)
