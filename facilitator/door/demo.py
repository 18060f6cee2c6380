"""The demo practice: one made-up couple whose addresses end in .example, so that nothing ever leaves."""

import json
import secrets
import tempfile
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from clients import consents, couples, safety
from clients.access import AsFacilitator
from clients.models import Casefile, Consent, Couple, Partner, Screening
from clients.rituals import deliveries, rituals
from clients.rituals.models import Response, Ritual, RitualConsent
from facilitator.models import Practice, User
from reports import documents
from sessions.engine.formats import FORMATS
from sessions.engine.session_file import SessionFile, load
from sessions.models import Agreement, Reader, Session
from sessions.record import import_export, planning, release

EMAIL = "fay@practice.example"
FILE = Path(__file__).parent / "data" / "demo_session.jsonl"
HISTORY = timedelta(weeks=6)
# The finished session was this long ago; before it the couple was welcomed and walked, after it came one more ritual.
FINISHED = timedelta(weeks=2)
# What the example goes by in its casefile; codes of other couples begin with R-.
EXAMPLE = "EXAMPLE"
SOON = timedelta(minutes=5)
WALK_AT, EVENING, SATURDAY = time(10, 0), time(18, 0), 5
# How the walks went, week by week; no answer is an answer too.
WALKS = (("done", "done"), ("done", "done"), ("moved_to", ""), ("", "done"), ("done", "not_today"))


def load_demo(*, at: datetime, password: str | None = None) -> User:
    """Make it and return its facilitator; without a password only the button that made it opens it."""
    with transaction.atomic():
        practice = Practice.objects.create(name="Demo practice", neutral_name="Notes", is_demo=True)
        fay = User.objects.create_user(
            EMAIL, password or secrets.token_urlsafe(24), name="Fay", practice=practice, is_facilitator=True
        )
        made = couple(fay, label="Ana and Ben", at=at - HISTORY)
        for partner in couples.partners_of(made.pk).values():
            reachable(fay, partner, at=at - HISTORY)
        partners = couples.partners_of(made.pk)
        walk = ritual(
            fay, made, partners, code="weekly-walk", hour=WALK_AT, weekdays={SATURDAY}, at=at - HISTORY
        )
        then = at - FINISHED
        lived(walk, partners, begin=at - HISTORY, end=then)
        held = finished(fay, made, partners, at=then)
        from_agreement(fay, held, partners, at=then + timedelta(hours=3))
        lived(walk, partners, begin=then + timedelta(hours=3), end=at)
        planned(fay, made, at=at)
    documents.prepare(held, now=at)
    return fay


def couple(fay: User, *, label: str, at: datetime, code: str = "") -> Couple:
    """Ana and Ben: each spoken to alone, each with the two consents to meet."""
    names = {"A": "Ana", "B": "Ben"}
    made = couples.welcome(facilitator=fay, label=label, names=names, zone="Europe/Lisbon", code=code, now=at)
    for partner in couples.partners_of(made.pk).values():
        safety.record_talk(
            partner=partner, user=fay, spoken_alone_on=at.date(), outcome=Screening.Outcome.GO, now=at
        )
        yes(fay, partner, Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES, at=at)
    return made


def yes(fay: User, partner: Partner, *scopes: Consent.Scope, at: datetime) -> None:
    by = AsFacilitator(fay.pk, fay.practice_id).actor
    for scope in scopes:
        consents.give(partner=partner, scope=scope, how=Consent.How.OWN_HAND, by=by, now=at)


def reachable(fay: User, partner: Partner, *, at: datetime) -> None:
    """One address of their own, and a yes to small reminders."""
    yes(fay, partner, Consent.Scope.MESSAGES, at=at)
    viewer = AsFacilitator(fay.pk, fay.practice_id)
    couples.reach_by_email(partner=partner, address=f"{partner.name.lower()}@home.example", by=viewer, now=at)


# The example in a practice of one's own


def example(fay: User, *, at: datetime) -> Couple:
    """A made-up couple beside the real ones: one finished session with its papers, no address and no reminders,
    so that nothing can go out. There is one; opened once more it is the same, also after it was put away."""
    viewer = AsFacilitator(fay.pk, fay.practice_id)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=fay.pk)
        known = _example_of(viewer)
        if known is not None:
            known.closed_at = None
            known.save(update_fields=["closed_at"])
            return known
        then = at - FINISHED
        made = couple(fay, label=_("Example: %(names)s") % {"names": "Ana & Ben"}, at=then, code=EXAMPLE)
        held = finished(fay, made, couples.partners_of(made.pk), at=then)
    documents.prepare(held, now=at)
    return made


def put_away(fay: User, *, at: datetime) -> None:
    known = _example_of(AsFacilitator(fay.pk, fay.practice_id))
    if known is not None:
        known.closed_at = at
        known.save(update_fields=["closed_at"])


def is_example(one: Couple, viewer: AsFacilitator) -> bool:
    return Casefile.objects.visible_to(viewer).filter(couple=one, code=EXAMPLE).exists()


def _example_of(viewer: AsFacilitator) -> Couple | None:
    mine = Couple.objects.visible_to(viewer)
    # A demo practice is an example as a whole: its own couple is the one to look at.
    is_demo = Practice.objects.filter(pk=viewer.practice_id, is_demo=True).exists()
    made_up = mine if is_demo else mine.filter(casefile__code=EXAMPLE)
    found: Couple | None = made_up.order_by("began_on", "pk").first()
    return found


def ritual(
    fay: User,
    made: Couple,
    partners: dict[str, Partner],
    *,
    code: str,
    hour: time,
    weekdays: set[int],
    at: datetime,
    words: str = "",
) -> Ritual:
    """Proposed, and both said yes."""
    proposed = rituals.propose(
        couple=made,
        by=fay,
        code=code,
        words=words,
        usual_time=hour,
        weekdays=frozenset(weekdays),
        start_on=at.date(),
        now=at,
    )
    for partner in partners.values():
        rituals.consent(ritual=proposed, partner=partner, answer=RitualConsent.Answer.YES, hour=hour, now=at)
    return proposed


def lived(walk: Ritual, partners: dict[str, Partner], *, begin: datetime, end: datetime) -> None:
    """Day by day through the same sweep as every day, with how each of the two answered the walks."""
    zone = ZoneInfo(walk.couple.zone)
    for day in (begin.astimezone(zone).date() + timedelta(days=n) for n in range((end - begin).days + 1)):
        for hour in (WALK_AT, EVENING):
            then = datetime.combine(day, hour, zone) + timedelta(seconds=1)
            if not begin < then < end:
                continue
            deliveries.sweep(lambda then=then: then)
            if hour == WALK_AT and day.weekday() == SATURDAY:
                answered(walk, partners, WALKS[day.isocalendar().week % len(WALKS)], at=then)


def answered(walk: Ritual, partners: dict[str, Partner], answers: tuple[str, str], *, at: datetime) -> None:
    for slot, answer in zip(partners, answers, strict=True):
        if answer:
            hour = time(15, 0) if answer == Response.Answer.MOVED_TO else None
            rituals.respond(ritual=walk, partner=partners[slot], answer=answer, hour=hour, now=at)


def finished(fay: User, made: Couple, partners: dict[str, Partner], *, at: datetime) -> Session:
    """The worked session as Ana and Ben would have had it, read through with each."""
    file = moved_to(at)
    held = import_export.bring_in(file, couple=made, facilitator=fay)
    for partner in partners.values():
        release.agree(
            session=held,
            partner=partner,
            how=Reader.How.READ_THROUGH,
            by=f"user:{fay.pk}",
            now=at + timedelta(hours=2),
        )
    return held


def moved_to(at: datetime) -> SessionFile:
    """The demo session with every instant and date moved, so that it was planned for `at`."""
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    begin = datetime.fromisoformat(rows[0]["planned_start"].replace("Z", "+00:00"))
    shift = timedelta(seconds=round((at - begin).total_seconds()))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".jsonl") as copy:
        copy.writelines(json.dumps(_moved(row, shift)) + "\n" for row in rows)
        copy.flush()
        return load(Path(copy.name))


def _moved(value: Any, shift: timedelta) -> Any:
    if isinstance(value, dict):
        return {name: _moved(entry, shift) for name, entry in value.items()}
    if isinstance(value, list):
        return [_moved(entry, shift) for entry in value]
    if isinstance(value, str) and len(value) == 20 and value.endswith("Z"):
        return (datetime.fromisoformat(value.replace("Z", "+00:00")) + shift).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-":
        return (datetime.fromisoformat(value) + timedelta(days=shift.days)).date().isoformat()
    return value


def from_agreement(fay: User, held: Session, partners: dict[str, Partner], *, at: datetime) -> None:
    """A small weekly ritual made of what they agreed."""
    viewer = AsFacilitator(fay.pk, fay.practice_id)
    agreed = Agreement.objects.visible_to(viewer).select_related("session__couple", "line").get(session=held)
    made = planning.ritual_of(
        agreed,
        by=fay,
        code="own",
        words=agreed.line.words["text"],
        usual_time=EVENING,
        weekdays=frozenset({at.weekday()}),
        start_on=at.date(),
        now=at,
    )
    for partner in partners.values():
        rituals.consent(ritual=made, partner=partner, answer=RitualConsent.Answer.YES, hour=EVENING, now=at)


def planned(fay: User, made: Couple, *, at: datetime) -> Session:
    """One session for now."""
    return planning.propose(
        couple=made,
        facilitator=fay,
        chosen=FORMATS["revisit"],
        short=False,
        first_speaker="A",
        with_="both",
        planned_start=at + SOON,
        goal=("compromises", "To look again at the pause we agreed on."),
        now=at,
    )
