"""A session in which nothing was written is released like any other: the yes of both is what counts."""

from datetime import timedelta

import pytest

from reports import documents
from reports.models import Document
from sessions.models import Reader
from sessions.record import release
from tests.sessions.hall import Hall

ALL = {"door_sheet", "joint_summary", "partner_copy"}


def agreed(hall, *slots):
    for slot in slots:
        hall.at += timedelta(minutes=1)
        partner = hall.house.partner(slot)
        release.agree(session=hall.session, partner=partner, how=Reader.How.PREVIEW, by="test", now=hall.at)


def readable(hall, slot):
    rows = documents.readable_by(hall.house.seat(slot)).filter(session=hall.session, state="ready")
    return {paper.kind for paper in rows}


@pytest.mark.both
@pytest.mark.django_db
def test_papers_of_a_session_without_words_open_rest_and_are_asked_for_once(fay):
    hall = Hall(fay).begun()
    hall.post("F", "stopped")

    agreed(hall, "A")
    documents.render_due(hall.at)
    assert readable(hall, "B") == {"door_sheet", "partner_copy"}

    agreed(hall, "B")
    documents.render_due(hall.at)
    assert readable(hall, "A") == ALL
    assert readable(hall, "B") == ALL

    count = Document.objects.unscoped("a test counts").count()
    documents.render_due(hall.at + timedelta(minutes=1))
    assert Document.objects.unscoped("a test counts").count() == count

    release.withdraw(session=hall.session, partner=fay.a, by="test", now=hall.at + timedelta(minutes=2))
    assert "joint_summary" not in readable(hall, "B")
