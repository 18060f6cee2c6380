"""What both may read of a session, and when: each partner's yes, lines kept back, opening, and taking it back.

Who may read a line depends on these rows, so they live beside the lines and not in the room that prints them.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, OuterRef, Q, Subquery

from clients.guarded import GuardedQuerySet
from clients.models import Partner
from facilitator import audit, bell
from facilitator.errors import Refusal, gettext_noop
from sessions.engine.clock.state import undone_numbers
from sessions.models import HeldBack, Moment, Opening, Reader, Session
from sessions.record import papers_due

# A Moment that quotes another goes where that one goes: these facts name what is quoted.
QUOTES = ("of", "check", "statement", "fear")
# What a Moment brings that others may quote: its own id, the statement of a need, the own words on a fear.
NAMES = ("id", "check", "statement", "fear")


@transaction.atomic
def agree(
    *, session: Session, partner: Partner, held_back: Iterable[UUID] = (), how: str, by: str, now: datetime
) -> Reader:
    """One partner has read it and says yes, keeping back any of their own lines (Moment ids) they wish."""
    session = _locked(session)
    if session.state != "ended":
        raise Refusal(gettext_noop("Not yet: the session has not ended."), "not_ended", "absolute")
    if session.owner_id not in (None, partner.pk):
        # A row of theirs would tell them of a talk that is the other's alone.
        raise Refusal(
            gettext_noop("This talk was with one; only that one is asked."), "not_theirs", "absolute"
        )

    keeps_more_back = _keep_back(session, partner, held_back, now)

    reader = _current(session).filter(partner=partner).first()
    if reader is None:
        reader = Reader.objects.create(session=session, partner=partner, how=how, agreed_at=now)
    elif keeps_more_back:
        # What they say yes to is another text from now on; papers follow the latest yes.
        reader.agreed_at = now
        reader.save(update_fields=["agreed_at"])

    audit.record(
        practice=session.couple.practice_id,
        actor=by,
        action=f"agreed to read: {how}",
        subject=f"session:{session.pk}",
        at=now,
    )

    if is_released(session):
        _open(session, now)
        papers_due.mark(session, now=now)
        bell.ring("documents")

    return reader


def _keep_back(session: Session, partner: Partner, held_back: Iterable[UUID], now: datetime) -> bool:
    """Keep back those of these Moments that are the partner's own; whether any was not kept back before."""
    own = Moment.objects.unscoped("a partner keeps back own lines").filter(
        session=session, owner=partner, audience="REL", pk__in=list(held_back)
    )

    any_new = False
    for moment in own:
        rows = HeldBack.objects.unscoped("a line is kept back once")
        _row, is_new = rows.get_or_create(moment=moment, defaults={"at": now})
        any_new = any_new or is_new
    return any_new


@transaction.atomic
def withdraw(*, session: Session, partner: Partner, by: str, now: datetime) -> None:
    """Stops future reading by the other; papers already handed out cannot be taken back."""
    session = _locked(session)

    _current(session).filter(partner=partner).update(withdrawn_at=now)
    Opening.objects.unscoped("a release is withdrawn").filter(moment__session=session).delete()
    papers_due.mark(session, now=now)

    audit.record(
        practice=session.couple.practice_id,
        actor=by,
        action="release withdrawn",
        subject=f"session:{session.pk}",
        at=now,
    )


def _locked(session: Session) -> Session:
    """The session, locked: two who say yes at once must see each other's yes, or neither opens anything."""
    rows = Session.objects.unscoped("a release locks its session").select_for_update(of=("self",))
    found: Session = rows.select_related("couple").get(pk=session.pk)
    return found


def is_released(session: Session) -> bool:
    """Everybody who met said yes, and nobody has taken it back."""
    is_with_one = session.owner_id is not None
    people = 1 if is_with_one else 2
    return _current(session).count() >= people


def released_since(session: str) -> Subquery:
    """For a query: the instant since which everybody who met says yes; NULL while somebody does not.

    `session` is the outer query's path to the session.
    """
    yeses = Reader.objects.unscoped("release asks who said yes").filter(
        session=OuterRef(session), withdrawn_at__isnull=True
    )
    counted = (
        yeses.order_by().values("session", "session__owner").annotate(n=Count("pk"), since=Max("agreed_at"))
    )

    everybody_said_yes = Q(n__gte=2) | Q(session__owner__isnull=False)
    return Subquery(counted.filter(everybody_said_yes).values("since")[:1])


def readers(session: Session) -> set[str]:
    """Slots of those who said yes; for the facilitator."""
    return set(_current(session).values_list("partner__slot", flat=True))


def _current(session: Session) -> GuardedQuerySet:
    return Reader.objects.unscoped("release asks who said yes").filter(
        session=session, withdrawn_at__isnull=True
    )


def _open(session: Session, now: datetime) -> None:
    """Open every REL Moment that is not kept back, quotes nothing that is, and was not undone."""
    rows = list(
        Moment.objects.unscoped("release opens the lines of a session")
        .filter(session=session)
        .order_by("number")
    )
    undone = undone_numbers(rows)
    standing = [moment for moment in rows if moment.command not in undone]

    closed = _kept_back(session, rows)
    # What the closed ones bring, so that those which quote it later are closed as well.
    hidden: set[str] = set()
    shown: list[Moment] = []

    for moment in standing:
        corrects_closed = moment.kind == "corrected" and moment.facts["line"] in closed
        quotes_hidden = bool(_named(moment, QUOTES) & hidden)
        if moment.command in closed or corrects_closed or quotes_hidden:
            closed.add(moment.command)
            hidden |= _named(moment, NAMES)
        elif moment.audience == "REL":
            shown.append(moment)

    openings = Opening.objects.unscoped("what is kept back later is closed again")
    openings.filter(moment__session=session).exclude(moment__in=shown).delete()
    Opening.objects.bulk_create([Opening(moment=moment, at=now) for moment in shown], ignore_conflicts=True)


def _named(moment: Moment, facts: Iterable[str]) -> set[str]:
    """What these facts of a Moment name, where it has them."""
    return {str(moment.facts[name]) for name in facts if name in moment.facts}


def _kept_back(session: Session, rows: Iterable[Moment]) -> set[int]:
    """Commands kept back. A correction and what it corrects are one line: neither shows without the other."""
    kept = set(
        HeldBack.objects.unscoped("release leaves out what is kept back")
        .filter(moment__session=session)
        .values_list("moment", flat=True)
    )

    closed: set[int] = set()
    for moment in rows:
        if moment.pk in kept:
            closed.add(moment.command)
            if moment.kind == "corrected":
                closed.add(moment.facts["line"])
    return closed
