"""Two practices with something in every table, made by the verbs at a fixed clock.

Run inside an empty house by `manage.py shell`, as make_house.py does; it prints the id of the worked session.
"""

import base64
from datetime import UTC, datetime, time, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password
from django.test import Client

from clients import agreement, consents, couples, enquiries, safety
from clients.access import AsFacilitator, Audience
from clients.models import Assignment, Boundary, Consent, Couple, Partner, Screening
from clients.rituals import deliveries, links, rituals
from clients.rituals.models import MailTest, Response, Ritual, RitualConsent
from facilitator import audit
from facilitator.door import begin, demo
from facilitator.models import DataKey, MailSettings, User
from reports import documents
from reports.models import Document
from sessions.engine.formats import FORMATS
from sessions.engine.session_file import load
from sessions.models import Moment, Reader, Session
from sessions.record import conduct, import_export, partings, planning, release
from sessions.room import hand_over
from sessions.write_up import verbs
from tests.houses.look import rows
from tests.services import ROOT

WORKED = ROOT / "tests" / "session_files" / "good" / "worked_session.jsonl"
# A Tuesday morning, six weeks after the worked session.
NOW = datetime(2025, 4, 22, 10, 0, tzinfo=UTC)
WALKED_IN = datetime(2025, 3, 6, 9, 0, tzinfo=UTC)
RELEASED = datetime(2025, 3, 14, 9, 0, tzinfo=UTC)
WHY = "a house is furnished for a test"
PASSWORD = "a password of a house for tests"
# Base32, as an authenticator app takes it. It says what it is.
TOTP_SECRET = base64.b32encode(b"no secret, for tests").decode()
NAMES = {"A": "Mara", "B": "Teo"}
ZONE = "Europe/Lisbon"
MAY_BE_EMPTY = {
    "facilitator_never": "its check constraint lets no row in",
    "facilitator_user_groups": "Django's; nobody here is in a group",
    "facilitator_user_user_permissions": "Django's; nobody here has a permission of their own",
}


def furnish() -> None:
    with time_machine.travel(NOW, tick=False):
        nora = practice()
        couple = walked_in(nora)
        others(nora, couple)
        worked = worked_session(nora, couple)
        running_session(nora, couple)
        talk_with_one(nora, couple)
        written_up_session(nora, couple)
        papers(nora, couple)
        rituals_of(nora, couple)
        demo.load_demo(at=NOW, password=PASSWORD)

        after_the_sweeps(nora, couple)

    empty = {table for table, number in rows().items() if not number}
    assert empty == set(MAY_BE_EMPTY), f"without a row, or no longer: {empty ^ set(MAY_BE_EMPTY)}"
    print(worked.pk)


# The practice and its people


def practice() -> User:
    """Nora begins; her sign-in has a second step, recovery codes and a short code."""
    nora = begin.begin(name="Nora", email="nora@practice.example", password=PASSWORD)
    nora.practice.zone = ZONE

    nora.practice.save(update_fields=["zone"])
    nora.short_code = make_password("4711")
    nora.save(update_fields=["short_code"])

    TOTP.activate(nora, TOTP_SECRET)
    RecoveryCodes.activate(nora)

    MailSettings.objects.create(
        practice=nora.practice,
        host="mail.practice.invalid",
        username="nora",
        password="a mail password for tests",
        from_address="nora@practice.example",
        tested_at=NOW,
    )
    return nora


def walked_in(nora: User) -> Couple:
    """An enquiry that became a couple: talks with notes, all consents, one of them taken back, and boundaries."""
    viewer = seat_of(nora)
    first = couples.enquire(facilitator=nora, name=NAMES["A"], now=WALKED_IN)
    second = couples.partners_of(first.couple_id)["B"]
    couples.call(partner=second, name=NAMES["B"], by=viewer, now=WALKED_IN)

    for partner in couples.partners_of(first.couple_id).values():
        safety.record_talk(
            partner=partner,
            user=nora,
            spoken_alone_on=WALKED_IN.date(),
            outcome=Screening.Outcome.GO,
            notes=f"Calm, and glad to be asked. {partner.name} wants to go slowly.",
            now=WALKED_IN,
        )
        agreement.take(partner, agreement.SCOPES, by=viewer.actor, now=WALKED_IN)
        demo.yes(nora, partner, Consent.Scope.MESSAGES, at=WALKED_IN)
    consents.withdraw(
        partner=second, scope=Consent.Scope.MESSAGES, by=viewer.actor, now=WALKED_IN + timedelta(days=1)
    )

    for partner, topic, audience in ((first, "family", Audience.OWN_F), (second, "money", Audience.JOINT)):
        Boundary.objects.create(
            partner=partner, topic=topic, wording=f"Not {topic}, not yet.", audience=audience
        )
    return couple_again(first.couple_id)


def others(nora: User, couple: Couple) -> None:
    """A co-facilitator both said yes to, somebody who left and whose words were erased, and an enquiry that was
    forgotten with its keys.
    """
    gil = User.objects.create_user(
        "gil@practice.example", PASSWORD, name="Gil", practice=nora.practice, is_facilitator=True
    )
    Assignment.objects.create(
        couple=couple,
        user=gil,
        role=Assignment.Role.CO,
        consented_a_at=WALKED_IN,
        consented_b_at=WALKED_IN,
    )

    gone = couples.welcome(
        facilitator=nora, label="Eve and Finn", names={"A": "Eve", "B": "Finn"}, zone="UTC", now=WALKED_IN
    )
    eve = couples.partners_of(gone.pk)["A"]
    couples.account_of(eve)
    Partner.objects.unscoped(WHY).filter(pk=eve.pk).update(left_at=WALKED_IN)
    # No verb erases one person's words yet; a destroyed key is how it will be done.
    DataKey.objects.filter(couple=gone.pk, author=eve.pk).update(destroyed_at=NOW, wrapped="")

    couples.enquire(facilitator=nora, name="Somebody", now=NOW - timedelta(days=70))
    assert enquiries.forget_enquiries(NOW) == 1


# The sessions


def worked_session(nora: User, couple: Couple) -> Session:
    """Brought in, with words on the way out, and read through by both with one line held back."""
    session = import_export.bring_in(load(WORKED), couple=couple, facilitator=nora)
    partings.say(
        session,
        by=seat_of(nora).actor,
        now=RELEASED,
        sign="an open hand",
        return_sentence="I am here again.",
        line="Slowly is fine.",
        foreword="You listened to each other today.",
    )

    own = Moment.objects.unscoped(WHY).filter(session=session, kind="validation_given", audience="REL")
    for partner in couples.partners_of(couple.pk).values():
        held_back = []
        if partner.slot == "B":
            held_back = [own.filter(owner=partner).earliest("number").pk]
        release.agree(
            session=session,
            partner=partner,
            held_back=held_back,
            how=Reader.How.READ_THROUGH,
            by=seat_of(nora).actor,
            now=RELEASED,
        )
    return session


def running_session(nora: User, couple: Couple) -> None:
    """In the middle: a check is open, a line was undone, and each has answered on a card of their own."""
    session = planned(nora, couple, "needs-compromises", start=NOW - timedelta(minutes=40))
    desk = Desk(session, nora, at=NOW - timedelta(minutes=40))
    for slot in NAMES:
        desk.post(slot, "arrived")
        desk.hand(slot, "number", number="6")
    desk.post("F", "session_started", key="press-1", voice="F")
    desk.post("F", "phase_started", phase=1)
    for slot in NAMES:
        desk.post(slot, "ground_rules_confirmed")
    desk.post("F", "note", text="Both look tired; go slowly.")
    desk.post("F", "phase_finished", phase=1)
    desk.post("F", "phase_started", phase=2)
    undone = desk.post("F", "turn_started", floor="A")
    desk.post("F", "undone", line=undone, after=2)

    desk.post("A", "statement", id="S1", text="I missed our walks.", feelings=["lonely"], key="press-2")
    desk.post("F", "fear_offered", id="F1", to="B", wording="I wonder if it feels like being too late.")
    desk.hand("B", "fear", ref="F1", answer="partly", own_words="I am afraid that I am.")
    desk.post("B", "option_added", id="O1", text="A walk on Saturday.")
    desk.post("A", "idea_parked", id="I1", text="The garden.")
    for slot, answer in (("A", "gladly"), ("B", "can_live_with")):
        desk.hand(slot, "reactions", **{"option-1": answer})
        desk.hand(slot, "retreat", answer="rest")
    desk.post("F", "check_opened", id="C1", of="S1", listener="B")
    desk.post("B", "reflection_given", check="C1", feelings=["lonely"], reason="because we stopped walking")

    session.refresh_from_db()
    assert session.state == "running"


def talk_with_one(nora: User, couple: Couple) -> None:
    session = planned(nora, couple, "one-to-one", with_="A", start=NOW - timedelta(days=20))
    desk = Desk(session, nora, at=NOW - timedelta(days=20))
    desk.post("A", "arrived")
    desk.post("F", "session_started")
    desk.post("F", "phase_started", phase=1)
    desk.post("A", "statement", id="S1", text="I would rather say this alone.", feelings=["tense"])
    desk.post("F", "note", text="She asks for more time.")
    desk.post("F", "session_ended", how="early_by_facilitator")


def written_up_session(nora: User, couple: Couple) -> None:
    """Written up a week later, corrected after its end; one said yes to reading it and took that back."""
    at = NOW - timedelta(days=7)
    session = verbs.open_up(
        couple=couple,
        facilitator=nora,
        chosen=FORMATS["first-talk"],
        with_="both",
        first_speaker="A",
        held_on=at.date() - timedelta(days=7),
        held_minutes=50,
        goals=[("feelings", "To hear how the week was.")],
        intention="To listen.",
        now=at,
    )
    desk = Desk(session, nora, at=at)
    said = desk.post("A", "statement", id="S1", text="The week was long.", feelings=["tired"])
    desk.post("F", "compromise_drafted", **draft())
    desk.post("A", "agreement_confirmed", agreement="AG1")
    desk.post("F", "session_ended", how="early_by_facilitator")
    desk.post("A", "corrected", line=said, text="The week was very long.")

    teo = couples.partners_of(couple.pk)["B"]
    by = seat_of(nora).actor
    release.agree(session=session, partner=teo, how=Reader.How.PREVIEW, by=by, now=at)
    release.withdraw(session=session, partner=teo, by=by, now=at)


def papers(nora: User, couple: Couple) -> None:
    """One of each kind, and a second version of the sheet at the door. The others wait: papers are large."""
    mine = Session.objects.unscoped(WHY).filter(couple=couple)
    worked = mine.get(format_code="after-withdrawal")
    talk = mine.get(format_code="one-to-one")
    written_up = mine.get(format_code="first-talk")
    kind = Document.Kind

    documents.prepare(
        worked, kinds=[kind.JOINT_SUMMARY, kind.AGREEMENT_SHEET, kind.DOOR_SHEET], now=NOW - timedelta(days=2)
    )
    documents.prepare(talk, kinds=[kind.PARTNER_COPY], now=NOW - timedelta(days=2))
    documents.prepare(written_up, kinds=[kind.FACILITATOR_RECORD], now=NOW - timedelta(days=2))
    set_papers(5, now=NOW - timedelta(days=1))

    partings.say(worked, by=seat_of(nora).actor, now=NOW, line="Slowly is more than fine.")
    documents.prepare(worked, kinds=[kind.DOOR_SHEET], now=NOW)
    set_papers(1, now=NOW)

    ready = Document.objects.unscoped(WHY).filter(state="ready")
    assert set(ready.values_list("kind", flat=True)) == set(kind)
    assert ready.filter(superseded_by__isnull=False).count() == 1


def set_papers(how_many: int, *, now: datetime) -> None:
    with patch("reports.documents.building.MOST_A_SWEEP", how_many):
        assert documents.render_due(now) == how_many


def draft() -> dict[str, Any]:
    return {
        "id": "AG1",
        "text": "A walk on Saturday.",
        "who_does_what": [{"who": "both", "what": "Walk."}],
        "look_again_on": (NOW + timedelta(days=14)).date().isoformat(),
    }


class Desk:
    """One session as the desk posts to it, half a minute between two presses."""

    def __init__(self, session: Session, user: User, *, at: datetime) -> None:
        self.session = session
        self.user = user
        self.at = at

    def post(self, by: str, kind: str, *, after: int = 30, **fields: Any) -> int:
        """The line of the command. Soft guards give way, so that there is a reason to keep."""
        self.at += timedelta(seconds=after)
        said = {**fields, "override": "for a test"}
        if by in NAMES:
            said["told_to"] = "F"
        command = conduct.command_from(said, by=by, kind=kind)
        poster = seat_of(self.user).actor
        return conduct.post(self.session.pk, command, poster=poster, author=self.user.pk, now=self.at).line

    def hand(self, slot: str, name: str, *, ref: str = "", **posted: str) -> None:
        """A hand-over card, answered by that partner."""
        self.at += timedelta(seconds=30)
        partner = couples.partners_of(self.session.couple_id)[slot]
        card = hand_over.lay(self.session, name=name, partner=partner, ref=ref, now=self.at)

        hand = hand_over.held(card, self.session.pk, self.at)
        question = hand and hand_over.question_of(hand)
        assert hand is not None
        assert question is not None

        hand_over.take(hand, question, posted, now=self.at)


def planned(nora: User, couple: Couple, code: str, *, start: datetime, with_: str = "both") -> Session:
    return planning.propose(
        couple=couple,
        facilitator=nora,
        chosen=FORMATS[code],
        short=False,
        first_speaker="A",
        with_=with_,
        planned_start=start,
        goal=None,
        now=start - timedelta(days=1),
    )


# Between sessions


def rituals_of(nora: User, couple: Couple) -> None:
    """One of both that runs, one that was declined, one in own words for one, and one that is theirs now."""
    both = couples.partners_of(couple.pk)
    since = {"weekdays": {5}, "at": NOW - demo.HISTORY}
    demo.ritual(nora, couple, both, code="weekly-walk", hour=time(10), **since)

    declined = proposed(nora, couple, code="ten-minute-checkin", usual_time=time(20))
    rituals.consent(ritual=declined, partner=both["A"], answer=RitualConsent.Answer.YES, now=NOW)
    rituals.decline(ritual=declined, partner=both["B"], now=NOW)

    own = proposed(nora, couple, code="own", words="Ten breaths before I answer.", owner=both["A"])
    rituals.consent(ritual=own, partner=both["A"], answer=RitualConsent.Answer.YES, now=NOW)

    done = proposed(nora, couple, code="own", words="A note on the table.")
    rituals.graduate(ritual=done, by=nora, now=NOW)


def proposed(nora: User, couple: Couple, **facts: Any) -> Ritual:
    return rituals.propose(couple=couple, by=nora, start_on=NOW.date(), now=NOW, **facts)


def after_the_sweeps(nora: User, couple: Couple) -> None:
    """What a sweep would act on: answers to what came round, addresses, links, and a test message nobody sent."""
    both = couples.partners_of(couple.pk)
    walk = Ritual.objects.unscoped(WHY).get(couple=couple, code="weekly-walk")
    rituals.respond(
        ritual=walk,
        partner=both["A"],
        answer=Response.Answer.DONE,
        before=6,
        after=3,
        note="The sea was loud.",
        now=NOW,
    )
    rituals.respond(ritual=walk, partner=both["B"], answer=Response.Answer.NOT_TODAY, tell=True, now=NOW)
    rituals.facilitator_rests(ritual=walk, by=nora, now=NOW)
    rituals.facilitator_resumes(ritual=walk, by=nora, now=NOW)

    viewer = seat_of(nora)
    for address in ("mara-before@home.invalid", "mara@home.invalid"):
        channel = couples.reach_by_email(partner=both["A"], address=address, by=viewer, now=NOW)
    deliveries.offer_sign_in(partner=both["A"], now=NOW)
    links.make(partner=both["A"], channel=channel, now=NOW)
    spent = links.make(partner=both["B"], channel=None, now=NOW)
    Client(SERVER_NAME="127.0.0.1").post(spent)

    audit.write_reads([(nora.practice_id, viewer.actor, f"couple:{couple.pk}")], at=NOW)
    MailTest.objects.create(practice=nora.practice, asked_by=nora, asked_at=NOW)


def seat_of(user: User) -> AsFacilitator:
    return AsFacilitator(user.pk, user.practice_id)


def couple_again(pk: UUID) -> Couple:
    found: Couple = Couple.objects.unscoped(WHY).get(pk=pk)
    return found
