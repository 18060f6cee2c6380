"""A house of each version that was released, brought up to today's code by what `up` does."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.houses.checks import faults
from tests.houses.kept import VERSIONS, expected, upgrader
from tests.services import ROOT

pytestmark = pytest.mark.slow
WORKED = json.loads((ROOT / "tests/session_files/good/worked_session_figures.json").read_text())
ON = ["sqlite", pytest.param("postgresql", marks=pytest.mark.services)]


def test_there_is_a_house_to_upgrade():
    assert "0.1" in VERSIONS


@pytest.mark.parametrize("database", ON)
@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_lost_in_an_upgrade(kept, version, database):
    then = expected(version, database)
    house = kept(version, database).fresh()

    with upgrader(house) as today:
        done = today.upgrade(with_backup=True)
        seen = today.look(then["worked"])

    assert "refused" not in done, done
    assert faults(house, then, seen) == []
    assert seen["figures"] == WORKED


# What a bad migration could do, and a fault that tells of it.
DAMAGE = {
    "UPDATE clients_partner SET name = 'Mara'": "clients_partner.name of ",
    "UPDATE facilitator_mailsettings SET password = 'lost'": "facilitator_mailsettings.password of ",
    "UPDATE mfa_authenticator SET data = '{}' WHERE type = 'totp'": "mfa_authenticator.data of ",
    "UPDATE reports_document SET sealed = '' WHERE kind = 'door_sheet'": "papers of ",
    "UPDATE facilitation_parting SET line = foreword": "facilitation_parting.line of ",
    "DROP TRIGGER facilitation_moment_no_update; UPDATE facilitation_moment SET by = 'B' WHERE by = 'A'": "session ",
    "DROP TRIGGER facilitator_auditentry_no_delete; DELETE FROM facilitator_auditentry WHERE number = 2": "practice ",
    "DROP TRIGGER delivery_channel_update": "a message can go to somebody else's address",
    "DELETE FROM rituals_told": "rituals_told lost or gained rows",
    "UPDATE facilitator_mailsettings SET security = 'none'": "doctor: mail_clear",
}


def test_what_is_lost_is_noticed(kept, tmp_path):
    then = expected("0.1", "sqlite")
    house = kept("0.1", "sqlite").fresh()
    with upgrader(house) as today:
        today.upgrade()
        shutil.copytree(house.data, tmp_path / "upgraded")

        for damage, fault in DAMAGE.items():
            shutil.rmtree(house.data)
            shutil.copytree(tmp_path / "upgraded", house.data)
            with closing(sqlite3.connect(house.data / "db.sqlite3")) as database:
                database.executescript(damage)
            found = faults(house, then, today.look())
            assert any(line.startswith(fault) for line in found), (damage, found)
