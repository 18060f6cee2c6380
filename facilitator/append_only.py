"""Triggers that make a table append-only on SQLite and PostgreSQL.

UPDATE is always refused; DELETE (and TRUNCATE) only while a Purge is open in the same transaction.

For most changes to a column SQLite builds the table anew, and the triggers of the old table go with it. It cannot
build a table anew at all while a trigger elsewhere names it, as each of these names facilitator_purge. So a later
migration wraps such a change in `rebuilding(…)`. Doctor refuses a house whose triggers are gone.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

OPEN = "EXISTS (SELECT 1 FROM facilitator_purge WHERE open_id IS NOT NULL)"
# Names of the triggers, after the name of their table.
SQLITE_TRIGGERS = ("no_update", "no_delete")
POSTGRESQL_TRIGGERS = ("no_change", "no_truncate")


class _OnWords(Operation):
    """Does something to the words database; the key store has no such tables. It needs no models, unlike RunPython."""

    reversible = True

    def __init__(self, forwards: Callable[[Any], None], backwards: Callable[[Any], None]) -> None:
        self.forwards = forwards
        self.backwards = backwards

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.alias == "default":
            self.forwards(schema_editor.connection)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.alias == "default":
            self.backwards(schema_editor.connection)


class AppendOnly(_OnWords):
    """Sets the triggers of one table. Doctor reads in the applied migrations which tables promised to have them."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            lambda connection: _set(connection, table), lambda connection: _drop(connection, table)
        )


def append_only(table: str) -> AppendOnly:
    return AppendOnly(table)


def rebuilding(*tables: str, operations: Iterable[Operation]) -> list[Operation]:
    """The operations, and on SQLite around them: every trigger on one of these tables, or that names one, is laid
    aside before and set again after. In one transaction, so the migration must be atomic, as they are by default.
    """
    laid_aside: list[str] = []

    def lay_aside(connection: Any) -> None:
        if connection.vendor != "sqlite":
            return
        found = list(_triggers_about(connection, tables))
        laid_aside[:] = [statement for _, statement in found]
        _execute(connection, [f"DROP TRIGGER {name}" for name, _ in found])

    def set_again(connection: Any) -> None:
        _execute(connection, laid_aside)

    return [_OnWords(lay_aside, set_again), *operations, _OnWords(set_again, lay_aside)]


def renew(connection: Any, table: str) -> None:
    """The triggers as this version sets them, whatever is there now."""
    _drop(connection, table)
    _set(connection, table)


def promised(connection: Any) -> set[str]:
    """The tables that an applied migration made append-only, as far as they are still there."""
    loader = MigrationLoader(connection)
    applied = [
        loader.disk_migrations[key] for key in loader.applied_migrations if key in loader.disk_migrations
    ]

    tables = {
        operation.table
        for migration in applied
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    }
    return tables & set(connection.introspection.table_names())


def unguarded(connection: Any) -> list[str]:
    """Tables that promised to be append-only and lack a trigger, or have one that is switched off."""
    wanted = POSTGRESQL_TRIGGERS
    if connection.vendor == "sqlite":
        wanted = SQLITE_TRIGGERS

    present = set(_present(connection))
    return [
        table
        for table in sorted(promised(connection))
        if not {(table, f"{table}_{name}") for name in wanted} <= present
    ]


def _triggers_about(connection: Any, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name, statement that makes it) on SQLite."""
    words = re.compile(rf"\b({'|'.join(map(re.escape, tables))})\b")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        for name, statement in cursor.fetchall():
            if words.search(statement):
                yield name, statement


def _present(connection: Any) -> Iterator[tuple[str, str]]:
    """(table, trigger) of every trigger that is at work."""
    if connection.vendor == "sqlite":
        question = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
    else:
        question = (
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)"
        )

    with connection.cursor() as cursor:
        cursor.execute(question)
        yield from cursor.fetchall()


def _set(connection: Any, table: str) -> None:
    _execute(connection, _statements(connection.vendor, table))


def _drop(connection: Any, table: str) -> None:
    _execute(connection, _undo(connection.vendor, table))


def _execute(connection: Any, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _statements(vendor: str, table: str) -> list[str]:
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT {OPEN} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        ]

    return [
        f"""CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP IN ('DELETE', 'TRUNCATE') AND {OPEN} THEN
            IF TG_OP = 'DELETE' THEN RETURN OLD; ELSE RETURN NULL; END IF;
          END IF;
          RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()",
    ]


def _undo(vendor: str, table: str) -> list[str]:
    """Also where some are missing: a table may have lost them already."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {table}_{name}" for name in SQLITE_TRIGGERS]

    return [
        *(f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}" for name in POSTGRESQL_TRIGGERS),
        f"DROP FUNCTION IF EXISTS {table}_append_only()",
    ]
