"""Rows of a session: a chain over their structure, words apart, and the same commands back."""

import pytest
from django.db import DatabaseError, connection, transaction

from facilitator.models import Purge
from sessions.engine import clock
from sessions.engine.kinds import Command
from sessions.models import Line, Moment
from sessions.record import moment_rows
from sessions.record.planning import plan_of
from tests.sessions.hall import Hall

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def hall(fay):
    return Hall(fay).begun().with_a_check()


def test_numbers_have_no_gap_and_the_chain_is_whole(hall):
    assert [m.number for m in hall.moments()] == list(range(1, len(hall.moments()) + 1))
    assert moment_rows.verify(hall.session) == []


def test_a_moment_is_never_changed(hall):
    for change in ("UPDATE facilitation_moment SET kind = 'note'", "DELETE FROM facilitation_moment"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    with pytest.raises(DatabaseError), transaction.atomic():
        hall.moments()[0].save()
    assert moment_rows.verify(hall.session) == []


def test_a_row_taken_out_through_the_one_door_is_found_missing(hall):
    with Purge.opened(reason="a test takes a row out", actor="system:tests"):
        row = next(m for m in hall.moments() if not Line.objects.unscoped("test").filter(moment=m))
        Moment.objects.unscoped("a test takes a row out").filter(pk=row.pk).delete()
    assert moment_rows.verify(hall.session)[0] == f"entry {row.number + 1} does not follow"


def test_commands_come_back_as_they_were_posted(hall):
    posted = [
        ("A", "statement", {"id": "S2", "text": "Again."}, {"key": "k2", "voice": "A"}),
        ("F", "redirect_offered", {"id": "R1", "to": "B", "suggestion": "softer"}, {}),
        ("B", "redirect_rephrased", {"redirect": "R1", "id": "S3", "text": "I was hurt."}, {}),
        ("B", "cool_down_called", {"return_at": "2026-03-10T17:50:00Z", "temperature": 8}, {}),
        ("F", "safety_stop", {}, {}),
    ]
    for by, kind, fields, more in posted:
        hall.post(by, kind, **fields, **more)

    back = [command for _line, _at, command in moment_rows.commands(hall.session)][-len(posted) :]
    assert back == [
        Command(by=by, kind=kind, fields=fields, told_to=by in ("A", "B"), **more)
        for by, kind, fields, more in posted
    ]


def test_reason_comes_back_with_its_command_and_is_the_teams_alone(hall):
    hall.post("A", "option_added", id="O1", text="Shelves.", override="they insist")

    assert moment_rows.commands(hall.session)[-1][2].override == "they insist"
    rows = [m for m in hall.moments() if m.kind == moment_rows.SET_ASIDE]
    assert [(m.audience, m.owner_id, m.facts["codes"]) for m in rows][-1:] == [
        ("FAC", None, ["listening_first", "not_options_phase"])
    ]
    assert "they insist" not in [line.words.get("reason") for line in hall.lines(hall.house.seat("A"))]


def test_fold_of_the_rows_is_the_fold_of_what_was_posted(hall):
    moments, last = moment_rows.read(hall.session.pk)
    assert last == (hall.moments()[-1].number, hall.moments()[-1].hash)
    state = clock.fold(plan_of(hall.session), moments)
    assert (state.name, set(state.ids), state.checks["C1"].outcome) == ("running", {"S1", "C1"}, "confirmed")


@pytest.mark.parametrize("undone", [False, True])
def test_clock_line_is_the_newest_that_moved_the_clock(hall, undone):
    added = hall.post("F", "minutes_added", phase=1, minutes=2).line
    hall.post("F", "note", text="A sigh.", after=1)
    note = hall.moments()[-1].command

    assert moment_rows.clock_line(hall.fold().moments) == added

    if undone:
        hall.post("F", "undone", line=note, after=1)
        assert moment_rows.clock_line(hall.fold().moments) == added


def test_one_query_reads_a_session_however_long(hall, django_assert_num_queries):
    with django_assert_num_queries(1):
        moment_rows.read(hall.session.pk)
