"""The audit log: who looked and who changed what, in one chain per practice; whatever is changed in it is found."""

import json
import uuid
from contextlib import contextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from facilitator import audit
from facilitator.models import AuditEntry, AuditHead
from tests.cast import MORNING

pytestmark = pytest.mark.django_db


def entries(practice, **facts):
    return AuditEntry.objects.filter(practice=practice, **facts).order_by("number")


def note(house, action="looked", at=MORNING):
    return audit.record(practice=house.practice, actor="system:tests", action=action, at=at)


def behind_the_triggers(*statements):
    """What somebody with the database file in hand could do."""
    with connection.cursor() as cursor:
        aside = sqlite_aside if connection.vendor == "sqlite" else postgresql_aside
        with aside(cursor):
            for statement, *values in statements:
                cursor.execute(statement, values)


@contextmanager
def sqlite_aside(cursor):
    """The triggers are dropped for this while."""
    cursor.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'facilitator_auditentry'"
    )
    triggers = cursor.fetchall()
    for name, _ in triggers:
        cursor.execute(f"DROP TRIGGER {name}")

    yield

    for _, create in triggers:
        cursor.execute(create)


@contextmanager
def postgresql_aside(cursor):
    """The triggers are switched off for this while."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("ALTER TABLE facilitator_auditentry DISABLE TRIGGER USER")

    yield

    cursor.execute("ALTER TABLE facilitator_auditentry ENABLE TRIGGER USER")


def key(value):
    return value.hex if connection.vendor == "sqlite" else value


def ten(house):
    for _ in range(10):
        note(house)
    assert audit.verify(house.practice.pk) == []


def test_the_chain_of_a_new_practice_is_whole(fay):
    numbers = [entry.number for entry in entries(fay.practice)]

    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers[-1] > 5
    assert audit.verify(fay.practice.pk) == []


def test_practices_do_not_share_a_chain(fay, oli):
    for house in (fay, oli):
        first = entries(house.practice).first()
        assert first.number == 1
        assert first.prev_hash == audit.BEGINNING
    assert audit.verify(oli.practice.pk) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "user:somebody-else"),
        ("action", "something harmless"),
        ("subject", "couple:another"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("quarter", 7),
        ("hash", "f" * 64),
        ("prev_hash", "f" * 64),
    ],
)
@pytest.mark.both
def test_an_edited_entry_is_found(fay, column, value):
    ten(fay)
    edit = f"UPDATE facilitator_auditentry SET {column} = %s WHERE practice_id = %s AND number = 5"

    behind_the_triggers((edit, value, key(fay.practice.pk)))

    assert "entry 5 does not follow" in audit.verify(fay.practice.pk)


@pytest.mark.both
@pytest.mark.parametrize(
    "number", ["1", "5", "(SELECT max(number) FROM facilitator_auditentry)"], ids=["first", "inner", "last"]
)
def test_a_missing_entry_is_found_wherever_it_was(fay, number):
    ten(fay)

    behind_the_triggers((f"DELETE FROM facilitator_auditentry WHERE number = {number}",))

    assert audit.verify(fay.practice.pk) != []


@pytest.mark.both
def test_exchanged_entries_are_found(fay):
    ten(fay)
    swap = "UPDATE facilitator_auditentry SET number = %s WHERE practice_id = %s AND number = %s"
    mine = key(fay.practice.pk)

    behind_the_triggers((swap, 999, mine, 4), (swap, 4, mine, 5), (swap, 5, mine, 999))

    assert "entry 4 does not follow" in audit.verify(fay.practice.pk)


def test_a_chain_emptied_altogether_is_found(fay):
    ten(fay)

    behind_the_triggers(("DELETE FROM facilitator_auditentry",))

    assert len(audit.verify(fay.practice.pk)) == 1


def test_an_entry_slipped_in_is_found(fay):
    ten(fay)
    last = entries(fay.practice).last()

    AuditEntry.objects.create(
        practice=fay.practice,
        number=last.number + 1,
        at=MORNING,
        actor="user:x",
        action="y",
        prev_hash=last.hash,
        hash="0" * 64,
    )

    assert audit.verify(fay.practice.pk) != []


def test_a_chain_cannot_be_forged_without_the_houses_key(fay, settings):
    entry = entries(fay.practice).first()

    settings.INDEX_KEY = "somebody else's"

    assert audit.digest(entry) != entry.hash


def test_an_instant_is_the_same_in_every_zone(fay):
    note(fay, at=MORNING.astimezone(ZoneInfo("America/New_York")))

    assert audit.verify(fay.practice.pk) == []


# Reads


def look(house, *, at, subject="couple:1", status=200, actor="user:fay"):
    request = RequestFactory().get("/")
    before = entries(house.practice, action="read").count()

    def view(request):
        audit.saw(request, practice=house.practice.pk, actor=actor, subject=subject)
        audit.saw(request, practice=house.practice.pk, actor=actor, subject=subject)
        assert entries(house.practice, action="read").count() == before
        return HttpResponse(status=status)

    with time_machine.travel(at, tick=False):
        audit.ReadsMiddleware(view)(request)


def test_looking_twice_in_a_quarter_hour_is_written_once(fay):
    for minutes in (0, 1, 14):
        look(fay, at=MORNING + timedelta(minutes=minutes))
    assert entries(fay.practice, action="read").count() == 1

    look(fay, at=MORNING + timedelta(minutes=15))
    look(fay, at=MORNING + timedelta(minutes=1), subject="couple:2")
    look(fay, at=MORNING + timedelta(minutes=1), actor="user:gil")

    assert entries(fay.practice, action="read").count() == 4
    assert audit.verify(fay.practice.pk) == []


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_page_that_was_not_shown_was_not_read(fay, status):
    look(fay, at=MORNING, status=status)
    assert entries(fay.practice, action="read").count() == 0


def test_the_log_says_who_and_what_and_holds_no_content(fay):
    told = json.dumps(list(entries(fay.practice).values_list("actor", "action", "subject")))

    assert "private talk recorded" in told
    assert str(fay.facilitator.pk) in told
    for name in ("Ana", "Ben", "Fay", "@"):
        assert name not in told


# Several writers at once, as several processes

WRITE = """
from uuid import UUID
from facilitator import audit
for n in range(25):
    audit.record(practice=UUID("{practice}"), actor="system:tests", action="looked", subject=f"{who}:{{n}}")
"""
BEGIN = "from tests.cast import household; print(household('Fay', ('Ana', 'Ben')).practice.pk)"
VERIFY = """
import json
from uuid import UUID
from facilitator import audit
from facilitator.models import AuditEntry
rows = AuditEntry.objects.filter(practice="{practice}", action="looked").values_list("subject", flat=True)
print(json.dumps([audit.verify(UUID("{practice}")), sorted(rows)]))
"""


@pytest.mark.slow
def test_writers_in_several_processes_make_one_chain(any_ground):
    practice = any_ground.python(BEGIN)
    assert uuid.UUID(practice)

    writers = [any_ground.start(WRITE.format(practice=practice, who=who)) for who in "xyz"]
    assert [w.communicate(timeout=120) and w.returncode for w in writers] == [0, 0, 0]

    wrong, subjects = json.loads(any_ground.python(VERIFY.format(practice=practice)))
    assert wrong == []
    assert subjects == sorted(f"{who}:{n}" for who in "xyz" for n in range(25))


def test_the_head_is_where_the_chain_ends(fay):
    ten(fay)

    last = entries(fay.practice).last()
    head = AuditHead.objects.get(practice=fay.practice)
    assert head.number == last.number
    assert head.hash == last.hash
