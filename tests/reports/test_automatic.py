"""The record names what fell due by itself, at its instant, although no row was written for it."""

import pytest

from reports.contexts import FacilitatorRecord
from reports.documents.gathering import gather
from tests.sessions.record.test_replay import brought_in


@pytest.mark.django_db
def test_record_names_automatic_moments_at_their_due_time() -> None:
    session = brought_in("worked_session.jsonl")

    record = FacilitatorRecord.of(gather(session, "F").material)
    automatic = [(at, entry) for number, at, _who, entry in record.log.rows if not number]

    assert automatic == [
        ("17:45:00", "doors open"),
        ("18:06:00", "minutes of the part used · 1"),
        ("18:18:00", "minutes of the part used · 3"),
        ("18:42:00", "time to come back"),
    ]
