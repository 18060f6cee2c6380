"""Who may read what of a session, and when: both yeses, lines kept back and whatever quotes them, taking it back."""

import threading

import pytest
from django.db import connection, connections

from facilitator.errors import Refusal
from facilitator.models import AuditEntry
from sessions.models import HeldBack, Opening
from sessions.record import release
from tests.sessions.hall import Hall

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def hall(fay):
    """Ana said S1 and Ben confirmed hearing it; Ben named a need; both wrote a word at the end."""
    hall = Hall(fay).begun().with_a_check()
    hall.post("F", "validation_given", id="V1", of="S1", text="That was long to wait.")
    hall.post("B", "need_named", id="N1", need="space")
    hall.post("A", "statement", id="S2", text="And I was tired.")
    hall.post("A", "closing_word", text="Lighter.", override="early today")
    return hall


def agree(hall, slot, *kinds_kept, **more):
    """This partner's yes, keeping back their own lines of these kinds, or with these ids."""
    partner = hall.house.partner(slot)
    kept = [
        m.pk
        for m in hall.moments()
        if m.owner_id == partner.pk and (m.kind in kinds_kept or m.pk in kinds_kept)
    ]

    return release.agree(
        session=hall.session,
        partner=partner,
        held_back=kept,
        how="preview",
        by="user:test",
        now=hall.at,
        **more,
    )


def texts(hall, slot):
    """What one partner can read, newest wording as it stands in the rows."""
    found = []
    for line in hall.lines(hall.house.seat(slot)):
        found += [word for word in line.words.values() if isinstance(word, str)]
    return found


ANAS = ["I sat in the car for a while.", "And I was tired.", "Lighter."]
BENS = ["You sat there.", "space"]
ALL = ["I sat in the car for a while.", "You sat there.", "That was long to wait.", "space", *ANAS[1:]]


def test_nothing_is_released_before_the_end(hall):
    with pytest.raises(Refusal, match="not ended"):
        agree(hall, "A")

    assert release.readers(hall.session) == set()


def test_before_both_said_yes_each_reads_their_own(hall):
    hall.ended()

    assert texts(hall, "A") == ANAS
    assert texts(hall, "B") == BENS

    agree(hall, "A")

    assert texts(hall, "A") == ANAS
    assert texts(hall, "B") == BENS
    assert not release.is_released(hall.session)


def test_once_both_said_yes_each_reads_every_line_and_nothing_of_the_teams(hall):
    hall.post("F", "note", text="A sigh.")
    hall.post("B", "closing_temperature", temperature=3, override="early today")
    hall.ended()

    agree(hall, "A")
    agree(hall, "B")

    assert texts(hall, "A") == ALL
    assert texts(hall, "B") == ALL
    kinds = {m.kind for m in hall.moments(hall.house.seat("A"))}
    assert kinds & {"note", "closing_temperature", "voice"} == set()


def test_a_line_kept_back_takes_along_whatever_quotes_it_and_leaves_no_gap(hall):
    hall.ended()
    first = next(m.pk for m in hall.moments() if m.kind == "statement")

    agree(hall, "A", first)
    agree(hall, "B")

    # The check on the line and the validation of it are gone with it; what Ben said himself stays his.
    assert texts(hall, "B") == ["You sat there.", "space", "And I was tired.", "Lighter."]
    seen = [m.kind for m in hall.moments(hall.house.seat("B")) if m.audience == "REL"]
    assert seen == ["reflection_given", "need_named", "statement", "closing_word"]
    assert texts(hall, "A") == ["I sat in the car for a while.", "space", "And I was tired.", "Lighter."]


def test_a_correction_and_what_it_corrects_are_kept_back_as_one(hall):
    said = next(m for m in hall.moments() if m.kind == "statement")
    hall.post("F", "corrected", line=said.command, text="I sat in the garden for a while.")
    hall.ended()
    corrected = next(m for m in hall.moments() if m.kind == "corrected")
    assert corrected.owner_id == hall.house.a.pk

    for kept in (said.pk, corrected.pk):
        HeldBack.objects.unscoped("a test begins anew").all().delete()
        agree(hall, "A", kept)
        agree(hall, "B")

        assert [word for word in texts(hall, "B") if "I sat" in word] == []


def test_what_was_undone_is_never_opened(hall):
    hall.drafted(text="A word too early.")
    hall.post("F", "undone", line=hall.moments()[-1].command, after=2)
    hall.ended()

    agree(hall, "A")
    agree(hall, "B")

    assert "A word too early." not in texts(hall, "A")


def test_taking_it_back_closes_everything_again_and_is_written_down(hall):
    hall.ended()
    agree(hall, "A")
    agree(hall, "B")

    release.withdraw(session=hall.session, partner=hall.house.b, by="user:test", now=hall.at)

    assert texts(hall, "A") == ANAS
    assert texts(hall, "B") == BENS
    assert not release.is_released(hall.session)
    assert release.readers(hall.session) == {"A"}
    actions = list(AuditEntry.objects.order_by("number").values_list("action", flat=True))
    assert actions[-3:] == ["agreed to read: preview"] * 2 + ["release withdrawn"]


def test_a_line_kept_back_after_the_release_is_closed_at_once(hall):
    hall.ended()
    agree(hall, "A")
    agree(hall, "B")

    agree(hall, "A", "closing_word")

    assert "Lighter." not in texts(hall, "B")
    assert "And I was tired." in texts(hall, "B")


def test_nobody_keeps_back_what_is_the_others(hall):
    hall.ended()
    bens = [m.pk for m in hall.moments() if m.owner_id == hall.house.b.pk]

    release.agree(
        session=hall.session, partner=hall.house.a, held_back=bens, how="preview", by="user:test", now=hall.at
    )

    assert HeldBack.objects.unscoped("a test looks").count() == 0


def test_saying_yes_twice_is_one_yes(hall):
    hall.ended()
    assert agree(hall, "A").pk == agree(hall, "A").pk
    assert not release.is_released(hall.session)


@pytest.mark.django_db(transaction=True)
def test_two_who_say_yes_at_the_same_instant_open_it(fay):
    hall = Hall(fay).begun()
    hall.post("A", "statement", id="S1", text="I waited.")
    hall.ended()
    gate = threading.Barrier(2)

    def say_yes(slot):
        try:
            gate.wait(10)
            agree(hall, slot)
        finally:
            connections.close_all()

    if connection.vendor == "sqlite":
        agree(hall, "A")
        agree(hall, "B")
    else:
        hands = [threading.Thread(target=say_yes, args=(slot,)) for slot in "AB"]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    assert Opening.objects.unscoped("a test looks").count() == 1
