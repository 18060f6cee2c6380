"""The reason for which a guard was set aside stands in the facilitator's record and nowhere else."""

import pytest
from django.test import Client
from django.urls import reverse

from clients.couples import partners_of
from reports import documents
from reports.models import Document
from sessions.models import Moment
from sessions.record import moment_rows
from tests.reports.reading import everything_in
from tests.sessions.engine.guards import GUARDS
from tests.sessions.hall import Hall
from tests.world import released, ritual

pytestmark = pytest.mark.django_db
# "resting" is answered to a partner's own page; said to the facilitator it is another guard.
SOFT = [guard for guard in GUARDS if guard.sort == "soft" and guard.code != "resting"]
# Never on any paper: that a screening was old says that there was one.
UNPRINTED = {"screening_old"}


def reasons():
    return {f"canary{place}reason": guard for place, guard in enumerate(SOFT)}


def set_aside(guard, reason):
    """What the log makes of this command, set aside for this reason, at the table of the guard's own test."""
    table = guard.at()
    no = guard.no

    how = {**no.how, "told_to": no.by in "AB", "override": reason}
    command, _at, verdict = table.judge(no.by, no.kind, no.fields, **how)

    assert guard.code in verdict.set_aside
    return moment_rows.split(command, target=None, set_aside=verdict.set_aside), command


def kept(hall, parts, command):
    """The parts that say so, appended to a real session."""
    session = hall.again()
    last = Moment.objects.unscoped("a test appends").filter(session=session).order_by("number").last()

    moments, _lines = moment_rows.write(
        session,
        command,
        parts,
        line=last.command,
        at=hall.at,
        recorded_at=hall.at,
        partners={slot: one.pk for slot, one in partners_of(session.couple_id).items()},
        author=hall.house.facilitator.pk,
        last=(last.number, last.hash),
    )

    return moments


@pytest.fixture
def hall(fay):
    """An hour in which every soft guard there is was set aside; ended, read through and released."""
    hall = Hall(fay).begun().with_a_check().drafted()
    for slot in ("A", "B"):
        hall.post(slot, "agreement_confirmed", agreement="AG1")

    for reason, guard in reasons().items():
        parts, command = set_aside(guard, reason)
        for part in parts:
            assert (reason in repr(part)) == (part.kind == moment_rows.SET_ASIDE), (guard.code, part)
            assert part.kind != moment_rows.SET_ASIDE or part.audience == "FAC"
        kept(hall, [part for part in parts if part.kind == moment_rows.SET_ASIDE], command)

    ritual(fay)
    hall.ended()
    released(fay, hall.session, at=hall.at)
    documents.render_due(hall.at)
    return hall


def test_the_record_says_each_reason_and_the_partners_papers_none(hall):
    assert len(SOFT) > 20

    rows = Document.objects.unscoped("a test reads papers").filter(session=hall.session, state="ready")
    found = {row.kind: set() for row in rows}
    for row in rows:
        text = everything_in(documents.open_pdf(row))
        found[row.kind] |= {reason for reason in reasons() if reason in text}

    assert set(found) == {
        "facilitator_record",
        "partner_copy",
        "joint_summary",
        "agreement_sheet",
        "door_sheet",
    }

    wanted = {reason for reason, guard in reasons().items() if guard.code not in UNPRINTED}
    assert found.pop("facilitator_record") == wanted
    assert set().union(*found.values()) == set()


def test_no_page_or_body_a_partner_can_fetch_says_a_reason(hall):
    house = hall.house
    pk = hall.session.pk
    papers = [
        reverse("document", args=[row.pk])
        for row in Document.objects.unscoped("a test asks for every paper").filter(session=hall.session)
    ]
    names = ["portal", "documents", "api_rituals", "api_today"]
    of_session = ["session", "door_sheet", "desk", "desk_fragment", "session_file", "api_reading"]
    addresses = [
        *(reverse(name) for name in names),
        *(reverse(name, args=[pk]) for name in of_session),
        *(reverse("read_with", args=[pk, one.pk]) for one in (house.a, house.b)),
    ]

    for client in (house.partner_client("A"), house.partner_client("B"), Client()):
        said = [client.get(address).content.decode() for address in addresses]
        said += [read(client.get(paper)) for paper in papers]
        assert [reason for reason in reasons() if any(reason in body for body in said)] == []

    # The sheet that lies between the two, and the page read through with one of them, are pages of the facilitator's.
    between_the_two = [address for address in addresses if "/sheet/" in address or "/read/" in address]
    shown = [house.client().get(address).content.decode() for address in between_the_two]
    assert len(shown) == 3
    assert [reason for reason in reasons() if any(reason in body for body in shown)] == []


def read(answer):
    if answer["Content-Type"] == "application/pdf":
        return everything_in(answer.content)
    return answer.content.decode()
