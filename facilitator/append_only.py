"""Triggers that make a table append-only on SQLite and PostgreSQL.

UPDATE is always refused; DELETE (and TRUNCATE) only while a Purge is open in the same transaction.
A later migration that rebuilds such a table on SQLite loses its triggers: run the operation again after it
(tests/facilitator/test_append_only.py asks both databases).
"""

from typing import Any

from django.db import migrations

OPEN = "EXISTS (SELECT 1 FROM facilitator_purge WHERE open_id IS NOT NULL)"


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
    if vendor == "sqlite":
        return [f"DROP TRIGGER {table}_no_update", f"DROP TRIGGER {table}_no_delete"]
    return [
        f"DROP TRIGGER {table}_no_change ON {table}",
        f"DROP TRIGGER {table}_no_truncate ON {table}",
        f"DROP FUNCTION {table}_append_only()",
    ]


def append_only(table: str) -> migrations.RunPython:
    def run(make: Any) -> Any:
        def apply(apps: Any, schema_editor: Any) -> None:
            if schema_editor.connection.alias != "default":
                return
            for statement in make(schema_editor.connection.vendor, table):
                schema_editor.execute(statement)

        return apply

    return migrations.RunPython(run(_statements), run(_undo))
