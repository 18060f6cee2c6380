"""*Keep this?*: what a page held becomes a couple, its talks and consents, and a session; all of it, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from clients import agreement, couples, safety
from clients.access import AsFacilitator
from clients.models import Casefile, Consent, Couple
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
    kept: held_session.HeldSession,
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
        known = Casefile.objects.visible_to(viewer).filter(code=kept.code)
        couple = Couple.objects.visible_to(viewer).filter(pk__in=known.values("couple")).first()
        if couple is not None:
            first = Session.objects.visible_to(viewer).filter(couple=couple).order_by("planned_at")
            return UUID(str(first.values_list("pk", flat=True)[0]))
        return _made(kept, people, facilitator=facilitator, now=now, override=override).pk


@contextmanager
def _keys_go_too() -> Iterator[None]:
    try:
        yield
    except BaseException:
        crypto.keys.clear()
        raise


def may_be_kept(person: Person) -> None:
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
    if not person.scopes >= NEEDED:
        raise Refusal(
            gettext_noop("Not yet: %(name)s has not said yes to both, so nothing of today is kept."),
            "no_consent",
            "absolute",
            name=person.name,
        )


def _made(
    kept: held_session.HeldSession,
    people: dict[str, Person],
    *,
    facilitator: User,
    now: datetime,
    override: str,
) -> Session:
    names = {slot: person.name for slot, person in people.items()}
    file = held_session.named(kept, label=couples.label_of(names["A"], names["B"]), names=names)
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
        said = people[slot]
        safety.record_talk(
            partner=partner,
            user=facilitator,
            spoken_alone_on=said.spoken_alone_on,
            outcome=said.outcome,
            now=now,
        )
        agreement.take(partner, said.scopes, by=f"user:{facilitator.pk}", now=now, how=said.how)
    if override:
        file = _begun_anyway(file, override)
    try:
        return import_export.bring_in(file, couple=couple, facilitator=facilitator, going_on=True)
    except BadLine as bad:
        raise _in_words(bad, file) from bad


def _begun_anyway(file: SessionFile, reason: str) -> SessionFile:
    lines = [
        replace(line, override=line.override or reason) if line.kind == BEGUN else line for line in file.lines
    ]
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
    begun = {line.number for line in file.lines if line.kind == BEGUN}
    kind = "absolute" if no.kind == "soft" and bad.line_number not in begun else no.kind
    return Refusal(no.text, no.code, kind, **no.params)
