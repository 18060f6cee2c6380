"""Kill -9 in the middle of an upgrade: the next start finishes it, and nothing is lost.

Two kills; a thorough run kills at every statement. Today's migrations are followed by made-up ones (later.py), so
that there is something to be killed in.
"""

import random

import pytest

from tests.houses import later
from tests.houses.checks import faults
from tests.houses.kept import VERSIONS, expected, upgrader
from tests.thorough import IS_THOROUGH

pytestmark = pytest.mark.slow
ON = ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]

# Each table that a trigger stands on, or names, is built anew on SQLite.
CAREFUL = {
    "facilitator": """[
        *rebuilding("facilitator_auditentry", operations=[field("auditentry")]),
        *rebuilding("facilitator_purge", operations=[field("purge"), migrations.RenameField("purge", "actor", "by")]),
    ]""",
    "clients": "rebuilding('clients_channel', operations=[field('channel')])",
    "rituals": """rebuilding(
        "rituals_delivery", "rituals_deliveryattempt", operations=[field("delivery"), field("deliveryattempt")]
    )""",
    "facilitation": "rebuilding('facilitation_moment', operations=[field('moment')])",
}
FORGETFUL = {"facilitator": "[field('auditentry')]", "facilitation": "[field('moment')]"}


def chosen(statements: list[str]) -> list[int]:
    """Which statements, counted from 1, the upgrade is killed before."""
    every = range(1, len(statements) + 1)
    if IS_THOROUGH:
        return list(every)

    # Where half a migration would hurt most: a table is gone, or stands without its triggers.
    sore = [number for number in every if statements[number - 1].startswith(("ALTER", "CREATE TRIGGER"))]
    luck = random.Random(len(statements))
    return luck.sample(sore, 1) + luck.sample(every, 1)


@pytest.mark.parametrize("database", ON)
@pytest.mark.parametrize("version", VERSIONS)
def test_killed_at_any_statement_the_next_start_finishes_it(kept, version, database, tmp_path):
    then = expected(version, database)
    copies = kept(version, database)
    with upgrader(copies.fresh(), **later.write(tmp_path, CAREFUL)) as to_come:
        whole = to_come.upgrade()
        assert "refused" not in whole, whole
        assert faults(copies.made, then, to_come.look()) == []

        for number in chosen(whole["statements"]):
            house = copies.fresh()
            assert to_come.upgrade(kill_before=number)["killed"]
            assert "refused" not in to_come.upgrade()
            found = faults(house, then, to_come.look())
            assert found == [], (number, whole["statements"][number - 1])


def test_a_migration_that_forgets_the_triggers_is_noticed(kept, tmp_path):
    then = expected("0.1", "sqlite")
    house = kept("0.1", "sqlite").fresh()
    with upgrader(house, **later.write(tmp_path, FORGETFUL)) as to_come:
        # The start that upgraded it goes no further.
        done = to_come.upgrade()
        assert "Append-only table facilitation_moment has lost its triggers" in done["refused"]
        assert "Append-only table facilitator_auditentry has lost its triggers" in done["refused"]

        # And these tests would have seen it too.
        found = faults(house, then, to_come.look())
    assert "the trigger facilitation_moment_no_update is gone" in found
    assert "facilitation_moment can be changed" in found
    assert "rows of facilitator_auditentry can be deleted" in found
    assert any(line.startswith("doctor: unguarded") for line in found)


def test_half_a_migration_is_noticed(kept, tmp_path):
    """Not atomic, it is killed between the old table and the new one. No migration of ours is like that
    (tests/test_house.py); this one shows that the kill would tell.
    """
    copies = kept("0.1", "sqlite")
    env = later.write(tmp_path, {"facilitation": CAREFUL["facilitation"]}, atomic=False)
    with upgrader(copies.fresh(), **env) as to_come:
        statements = to_come.upgrade()["statements"]
        rename = 'ALTER TABLE "new__facilitation_moment" RENAME TO "facilitation_moment"'

        house = copies.fresh()
        assert to_come.upgrade(kill_before=statements.index(rename) + 1)["killed"]

    assert "no such table" in house.refusal("SELECT * FROM facilitation_moment")


def test_a_table_that_triggers_name_cannot_be_built_anew_while_they_stand(kept, tmp_path):
    """SQLite refuses, and the house stays as it was."""
    then = expected("0.1", "sqlite")
    house = kept("0.1", "sqlite").fresh()
    with upgrader(house, **later.write(tmp_path, {"facilitator": "[field('purge')]"})) as to_come:
        with pytest.raises(AssertionError, match="error in trigger facilitator_auditentry_no_delete"):
            to_come.upgrade()
        assert faults(house, then, to_come.look()) == []
