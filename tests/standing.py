"""Rows that many tests begin with: made by the verbs the first time in a process, and after that written again as
they were, which takes a twentieth of the time.

On SQLite and inside a test's own transaction only. Elsewhere the verbs make them each time.
"""

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connections

Made = TypeVar("Made")
# By database and table: each row as SQL literals.
Rows = dict[tuple[str, str], set[str]]


@dataclass(frozen=True)
class Kept:
    made: Any
    rows: Rows


_kept: dict[Hashable, Kept] = {}


def once(key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` makes. The same key stands for the same rows, ids included, in every test of this process."""
    if not _can_be_written_again():
        return make()

    if key in _kept:
        _write(_kept[key].rows)
        made: Made = copy.deepcopy(_kept[key].made)
        return made

    before = _all_rows()
    made = make()
    after = _all_rows()

    if all(before[table] <= after[table] for table in before):
        # Rows were added and none was changed.
        new = {table: after[table] - before[table] for table in after}
        _kept[key] = Kept(copy.deepcopy(made), {table: rows for table, rows in new.items() if rows})
    return made


def _can_be_written_again() -> bool:
    return all(one.vendor == "sqlite" and one.in_atomic_block for one in connections.all())


def _all_rows() -> Rows:
    found: Rows = {}
    for connection in connections.all():
        with connection.cursor() as cursor:
            for table in connection.introspection.table_names(cursor):
                columns = connection.introspection.get_table_description(cursor, table)
                literals = " || ',' || ".join(f'quote("{column.name}")' for column in columns)
                cursor.execute(f'SELECT {literals} FROM "{table}"')
                found[connection.alias, table] = {row[0] for row in cursor.fetchall()}
    return found


def _write(rows: Rows) -> None:
    for (alias, table), literals in rows.items():
        values = ", ".join(f"({row})" for row in sorted(literals))
        with connections[alias].cursor() as cursor:
            cursor.execute(f'INSERT INTO "{table}" VALUES {values}')
