"""What was written stays: on both databases, for every table that promises it."""

import pytest
from django.apps import apps
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction

from facilitator import audit
from facilitator.models import AuditEntry, Never, Purge
from sessions.models import Moment, Session
from tests.cast import MORNING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

# Those a household has rows in; others say so in their docstring.
PROMISED = {"facilitator_auditentry", "facilitation_moment"}
NO = (IntegrityError, InternalError, OperationalError)


@pytest.fixture
def written(fay):
    """A household has audit entries already; and one Moment."""
    session = Session.objects.create(couple=fay.couple, facilitator=fay.facilitator, plan={})
    Moment.objects.create(
        session=session,
        number=1,
        command=1,
        at=MORNING,
        recorded_at=MORNING,
        kind="arrived",
        by="A",
        audience="JOINT",
    )
    return fay


def sql(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def rows(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def guarded_tables():
    """Every table that has the triggers, as the database itself tells."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'"
            )
        else:
            cursor.execute(
                "SELECT DISTINCT event_object_table FROM information_schema.triggers "
                "WHERE trigger_name LIKE '%_no_change'"
            )
        return {name for (name,) in cursor.fetchall()}


def test_the_promised_tables_and_whatever_calls_itself_append_only_have_their_triggers(db):
    says_so = {
        m._meta.db_table for m in apps.get_models() if (m.__doc__ or "").lower().startswith("append-only")
    }
    assert guarded_tables() >= PROMISED | says_so


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_nothing_is_changed_or_taken_away(written, table):
    before = rows(table)
    assert before > 0
    for statement in (f"UPDATE {table} SET number = number + 100", f"DELETE FROM {table}"):
        with pytest.raises(NO, match="append-only"):
            sql(statement)
    assert rows(table) == before


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_a_table_is_not_emptied_at_a_stroke(written, table):
    if connection.vendor == "sqlite":
        # SQLite has no TRUNCATE; REPLACE is its way round a delete trigger.
        with pytest.raises(NO, match="append-only"):
            sql(f"REPLACE INTO {table} SELECT * FROM {table}")
    else:
        with pytest.raises(NO, match="append-only"):
            sql(f"TRUNCATE {table} CASCADE")
    assert rows(table) > 0


def test_the_orm_is_refused_too(written):
    entry = AuditEntry.objects.first()
    entry.actor = "user:somebody-else"
    with pytest.raises(NO, match="append-only"):
        entry.save()
    with pytest.raises(NO, match="append-only"):
        AuditEntry.objects.all().delete()


def test_an_open_purge_lets_rows_out_and_only_while_it_is_open(written):
    kept = rows("facilitator_auditentry")
    with Purge.opened(reason="retention", actor="system:tests"):
        sql("DELETE FROM facilitation_moment")
    assert (rows("facilitation_moment"), rows("facilitator_auditentry")) == (0, kept)
    assert [(p.reason, p.open_id) for p in Purge.objects.all()] == [("retention", None)]
    with pytest.raises(NO, match="append-only"):
        sql("DELETE FROM facilitator_auditentry")


def test_even_an_open_purge_changes_nothing_that_was_written(written):
    with pytest.raises(NO, match="append-only"), Purge.opened(reason="retention", actor="system:tests"):
        sql("UPDATE facilitation_moment SET number = 7")


def test_a_purge_left_open_takes_everything_back_with_it(written):
    with pytest.raises(IntegrityError):
        leave_open()
    assert rows("facilitation_moment") == 1
    assert Purge.objects.count() == 0


def leave_open():
    with transaction.atomic():
        Purge.objects.create(reason="left open", actor="system:tests", open_id=1)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM facilitation_moment")


def test_the_table_that_can_hold_no_row_holds_none(db):
    for number in (-1, 0, 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Never.objects.create(id=number)


def test_writing_goes_on_as_before(written):
    before = rows("facilitator_auditentry")
    audit.record(practice=written.practice, actor="system:tests", action="looked", at=MORNING)
    assert rows("facilitator_auditentry") == before + 1
