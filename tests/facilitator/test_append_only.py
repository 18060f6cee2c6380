"""Append-only tables: what was written can be neither changed nor deleted, on both databases."""

from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction

from facilitator import append_only, audit
from facilitator.models import AuditEntry, Never, Purge
from facilitator.operations import doctor
from sessions.models import Moment, Session
from tests.cast import MORNING
from tests.promised import PROMISED, promised_tables

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

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
    if connection.vendor == "sqlite":
        asked = (
            "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'"
        )
    else:
        asked = (
            "SELECT DISTINCT event_object_table FROM information_schema.triggers "
            "WHERE trigger_name LIKE '%_no_change'"
        )

    with connection.cursor() as cursor:
        cursor.execute(asked)
        return {name for (name,) in cursor.fetchall()}


def test_the_promised_tables_and_whatever_calls_itself_append_only_have_their_triggers(db):
    assert guarded_tables() >= promised_tables()


def test_doctor_knows_the_same_tables_from_the_migrations(db):
    assert append_only.promised(connection) == promised_tables()
    assert list(doctor.triggers()) == []


LOST = {
    "sqlite": ["DROP TRIGGER facilitation_moment_no_update", "DROP TRIGGER facilitation_moment_no_delete"],
    "postgresql": [
        "DROP TRIGGER facilitation_moment_no_change ON facilitation_moment",
        "ALTER TABLE facilitation_moment DISABLE TRIGGER facilitation_moment_no_truncate",
    ],
}


@pytest.mark.parametrize("which", [0, 1])
def test_a_table_that_lost_a_trigger_is_refused_by_doctor_and_can_be_mended(written, which, capsys):
    with transaction.atomic():
        sql(LOST[connection.vendor][which])
        assert [problem.line for problem in doctor.triggers()] == [
            "Append-only table facilitation_moment has lost its triggers: run ./run manage renew_triggers, "
            "then start again."
        ]

        call_command("renew_triggers")

        assert capsys.readouterr().out == "The triggers of facilitation_moment are set again.\n"
        assert list(doctor.triggers()) == []
        assert AuditEntry.objects.order_by("number").last().action == "triggers renewed"
        with pytest.raises(NO, match="append-only"):
            sql("UPDATE facilitation_moment SET number = 7")
        transaction.set_rollback(True)


@pytest.mark.parametrize("way", ["database_forwards", "database_backwards"])
def test_triggers_stand_aside_while_a_table_is_built_anew_and_come_back(written, way):
    """On SQLite every one that is on the table or names it; on PostgreSQL none has to."""
    editor = SimpleNamespace(connection=connection)
    first, last = append_only.rebuilding("facilitator_purge", "facilitation_moment", operations=[])
    if way == "database_backwards":
        first, last = last, first
    before = guarded_tables()

    with transaction.atomic():
        getattr(first, way)("facilitation", editor, None, None)
        aside = {"facilitation_moment"} if connection.vendor == "sqlite" else set()
        assert before - guarded_tables() == aside
        assert append_only.unguarded(connection) == (
            ["facilitation_moment", "facilitator_auditentry", "rituals_deliveryattempt"] if aside else []
        )

        getattr(last, way)("facilitation", editor, None, None)
        assert guarded_tables() == before
        assert append_only.unguarded(connection) == []


def test_where_no_trigger_is_lost_none_is_renewed(written, capsys):
    entries = AuditEntry.objects.count()

    call_command("renew_triggers")

    assert capsys.readouterr().out == "No append-only table has lost its triggers.\n"
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_rows_can_be_neither_updated_nor_deleted(written, table):
    before = rows(table)
    assert before > 0

    for statement in (f"UPDATE {table} SET number = number + 100", f"DELETE FROM {table}"):
        with pytest.raises(NO, match="append-only"):
            sql(statement)

    assert rows(table) == before


@pytest.mark.parametrize("table", sorted(PROMISED))
def test_a_table_cannot_be_truncated(written, table):
    if connection.vendor == "sqlite":
        # SQLite has no TRUNCATE; REPLACE is its way round a delete trigger.
        emptying = f"REPLACE INTO {table} SELECT * FROM {table}"
    else:
        emptying = f"TRUNCATE {table} CASCADE"

    with pytest.raises(NO, match="append-only"):
        sql(emptying)

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

    assert rows("facilitation_moment") == 0
    assert rows("facilitator_auditentry") == kept
    assert [(purge.reason, purge.open_id) for purge in Purge.objects.all()] == [("retention", None)]
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


def test_new_rows_can_still_be_added(written):
    before = rows("facilitator_auditentry")

    audit.record(practice=written.practice, actor="system:tests", action="looked", at=MORNING)

    assert rows("facilitator_auditentry") == before + 1
