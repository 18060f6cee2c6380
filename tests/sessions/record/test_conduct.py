"""The one writer of Moments: what a command writes for whom, once, in order, and never too late for a pause."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from clients.models import Quiet
from facilitator.errors import Refusal
from sessions.engine import clock
from sessions.engine.kinds import KINDS, Command
from sessions.engine.session_file import load
from sessions.models import Agreement, Line, Moment, Posting, Reader, Session
from sessions.record import conduct, import_export, moment_rows, planning, quiet, release
from sessions.record.planning import plan_of
from tests.services import ROOT
from tests.sessions.hall import Hall
from tests.world import TO_STATE

GOOD = sorted((ROOT / "tests" / "session_files" / "good").glob("*.jsonl"))


@pytest.fixture
def hall(fay):
    return Hall(fay)


def test_ben_does_not_learn_that_ana_asked_for_a_pause_or_how_stirred_up_she_is(hall):
    ana, ben = hall.house.seat("A"), hall.house.seat("B")
    hall.begun()

    hall.post("A", "cool_down_called", temperature=9, return_at="2026-03-10T17:40:00Z")
    hall.post("A", "ready_again", temperature=2, after=1500)

    # Ben sees the cool-down and its end; neither says who it was.
    called, ready = hall.moments(ben)[-2:]
    assert (called.kind, called.by, called.told_to) == ("cool_down_called", "", False)
    assert called.facts == {"return_at": "2026-03-10T17:40:00Z"}
    assert (ready.kind, ready.by, ready.told_to, ready.facts) == ("ready_again", "", False, {})
    assert hall.lines(ben) == []

    # Ana reads her own numbers, and the fold knows that it was she.
    assert [line.words for line in hall.lines(ana)] == [{"temperature": 9}, {"temperature": 2}]
    folded = hall.fold().moments[-2:]
    assert [moment.by for moment in folded] == ["A", "A"]
    assert [moment.told_to for moment in folded] == [True, True]


# Once


@pytest.mark.both
def test_same_key_same_fields_is_answered_with_the_first_line_and_writes_nothing(hall):
    hall.begun()
    first = hall.post("A", "statement", key="k1", id="S1", text="I waited.")
    before = (len(hall.moments()), len(hall.lines()))

    again = hall.post("A", "statement", key="k1", id="S1", text="I waited.")

    assert again.line == first.line
    assert again.repeated
    assert not first.repeated
    assert (len(hall.moments()), len(hall.lines())) == before


@pytest.mark.parametrize(
    "changed", [{"text": "I left."}, {"voice": "F"}, {"override": "because"}, {"by": "B"}], ids=str
)
def test_same_key_with_anything_else_is_malformed(hall, changed):
    hall.begun().post("A", "statement", key="k1", id="S1", text="I waited.")
    before = len(hall.moments())
    given = {"by": "A", "kind": "statement", "key": "k1", "id": "S1", "text": "I waited.", **changed}

    with pytest.raises(Refusal) as no:
        hall.post(**given)

    assert (no.value.code, no.value.kind) == ("key_reused", "form")
    assert len(hall.moments()) == before


def test_a_key_belongs_to_its_poster(hall):
    hall.begun()
    command = Command(by="F", kind="note", fields={"text": "One."}, key="k1")

    for poster in ("user:one", "user:two"):
        conduct.post(hall.session.pk, command, poster=poster, author=hall.house.facilitator.pk, now=hall.at)

    assert [m.kind for m in hall.moments()][-2:] == ["note", "note"]


@pytest.mark.parametrize("key", ["", "x" * 81, "a\x00b", 5, ["k"]], ids=repr)
def test_a_key_that_is_no_text_is_malformed_before_it_reaches_the_database(hall, key):
    with pytest.raises(Refusal) as no:
        hall.post("F", "note", key=key, text="One.")
    assert no.value.kind == "form"


def test_a_refused_command_leaves_nothing_and_its_key_may_be_used_again(hall):
    hall.begun()
    before = len(hall.moments())

    with pytest.raises(Refusal):
        hall.post("A", "option_added", key="k1", id="O1", text="Shelves.")

    assert len(hall.moments()) == before
    assert Posting.objects.unscoped("a test looks").count() == 0

    again = hall.post("A", "option_added", key="k1", id="O1", text="Shelves.", override="they insist")

    assert not again.repeated


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
def test_one_key_posted_by_many_at_once_is_one_moment(fay):
    hall = Hall(fay).begun()
    command = Command(
        by="A", kind="statement", fields={"id": "S1", "text": "I waited."}, told_to=True, key="k1"
    )
    gate = threading.Barrier(1 if connection.vendor == "sqlite" else 6)
    answers = []

    def press():
        gate.wait(10)
        try:
            user = fay.facilitator.pk
            answers.append(
                conduct.post(hall.session.pk, command, poster=f"user:{user}", author=user, now=hall.at)
            )
        finally:
            if connection.vendor != "sqlite":
                connections.close_all()

    if connection.vendor == "sqlite":
        # The tests' database lives in memory, where threads cannot meet; a real file does in test_live.py.
        for _ in range(6):
            press()
    else:
        hands = [threading.Thread(target=press) for _ in range(6)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    assert [m.kind for m in hall.moments()].count("statement") == 1
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 5
    assert len({answer.line for answer in answers}) == 1
    assert moment_rows.verify(hall.again()) == []


# Seen


def test_a_stale_clock_command_changes_nothing(hall):
    hall.begun()
    seen = moment_rows.clock_line(hall.fold().moments)
    hall.post("F", "minutes_added", phase=1, minutes=2, seen=seen)
    before = len(hall.moments())

    with pytest.raises(conduct.Stale):
        hall.post("F", "minutes_added", phase=1, minutes=2, seen=seen)

    assert len(hall.moments()) == before


AT_ONCE = sorted(name for name, kind in KINDS.items() if kind.at_once)


@pytest.mark.parametrize("kind", AT_ONCE)
def test_pauses_stops_and_leaving_are_never_too_late(hall, kind):
    hall.begun()
    fields = {"minutes": 5} if kind == "settling_called" else {}
    by = "A" if kind == "partner_left" else "F"

    hall.post(by, kind, seen=0, **fields)

    assert hall.moments()[-2].command == hall.moments()[-1].command


def test_a_statement_and_a_note_are_accepted_from_an_old_screen(hall):
    hall.begun()
    hall.post("A", "statement", id="S1", text="I waited.", seen=0)
    hall.post("F", "note", text="A sigh.", seen=0)
    assert [line.kind for line in hall.lines()] == ["statement", "note"]


def test_private_lines_make_no_screen_stale(hall):
    hall.begun()
    seen = moment_rows.clock_line(hall.fold().moments)

    hall.post("A", "arrival_temperature", temperature=4)
    hall.post("F", "note", text="A sigh.")
    hall.post("F", "voice_returned", voice="A")

    added = hall.post("F", "minutes_added", phase=1, minutes=2, seen=seen)
    assert added.repeated is False


def test_undoing_what_moved_the_clock_makes_other_screens_stale(hall):
    hall.begun()
    added = hall.post("F", "minutes_added", phase=1, minutes=2)
    hall.post("F", "undone", line=added.line, after=2)

    with pytest.raises(conduct.Stale):
        hall.post("F", "minutes_added", phase=1, minutes=2, seen=added.line)


# The fold, the caches, the clock


@pytest.mark.both
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
@pytest.mark.django_db
def test_caches_equal_the_fold_after_every_command(path):
    file = load(path)
    couple, user = import_export.throw_away(file)
    begin = file.plan.planned_start or import_export.NO_TIME
    session = planning.keep(couple=couple, facilitator=user, header=file.header.raw, now=begin)

    with conduct.entered(session.pk, replaying=True) as room:
        for line in file.lines:
            now = line.at or begin
            room.post(line, poster=line.by, author=user.pk, now=now, line=line.number)
            room.keep(now=now)

            kept = Session.objects.unscoped("a test looks").get(pk=session.pk)
            moments, last = moment_rows.read(session.pk)
            reading = clock.read(plan_of(kept), moments, moments[-1].at or now)
            assert kept.state == reading.state
            assert kept.phase_number == (reading.phase or 0)
            assert kept.head == last[0]
            assert kept.began_at == reading.started_at
            assert (kept.ended_at is None) == (reading.state != "ended")
            assert clock.read(plan_of(kept), room.state, moments[-1].at or now) == reading


def test_a_server_clock_that_stepped_back_waits_at_the_last_instant(hall):
    hall.begun()
    last = hall.at
    hall.at -= timedelta(minutes=5)

    hall.post("F", "minutes_added", phase=1, minutes=2)

    row = hall.moments()[-1]
    assert row.at == last
    assert row.recorded_at == hall.at
    assert hall.reading().state == "running"


# What lives on


def quiets():
    return list(Quiet.objects.unscoped("a test looks").values_list("from_at", "until_at", "cause"))


@pytest.mark.parametrize(
    ("evening", "morning"),
    [
        # A March and an October night: eight o'clock stays eight o'clock where they live.
        (datetime(2026, 3, 28, 19, 0, tzinfo=UTC), datetime(2026, 3, 29, 7, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 18, 0, tzinfo=UTC), datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),
        (datetime(2026, 6, 1, 23, 30, tzinfo=UTC), datetime(2026, 6, 3, 7, 0, tzinfo=UTC)),
    ],
)
def test_the_next_morning_is_eight_oclock_where_they_live(evening, morning):
    assert quiet.next_morning(evening, "Europe/Lisbon") == morning


def test_it_is_quiet_from_the_first_minute_until_the_next_morning(hall):
    hall.post("A", "arrived")
    assert quiets() == []

    hall.post("B", "arrived")
    hall.post("F", "session_started")

    latest = plan_of(hall.session).latest_end
    assert quiets() == [(hall.at, latest + quiet.OVER_AFTER, "session")]

    began = hall.at
    hall.post("F", "phase_started", phase=1)
    hall.ended()

    assert quiets() == [(began, quiet.next_morning(hall.at, "Europe/Lisbon"), "session")]


def test_a_talk_with_one_makes_no_quiet_that_the_other_could_notice(fay):
    hall = Hall(fay, code="one-to-one", with_="A")
    hall.post("A", "arrived")
    hall.post("F", "session_started")
    assert quiets() == []


def test_a_draft_is_joint_only_when_both_confirmed_it_corrections_included(hall):
    hall.begun().drafted()
    hall.post("F", "corrected", line=hall.moments()[-1].command, text="A sentence and an hour.")
    hall.post("A", "agreement_confirmed", agreement="AG1")

    assert hall.agreement().audience == "REL"
    assert hall.agreement().confirmed_at is None
    assert [line.audience for line in hall.lines()] == ["REL", "REL"]
    assert hall.agreement(hall.house.seat("A")) is None

    hall.post("B", "agreement_confirmed", agreement="AG1")

    assert hall.agreement().audience == "JOINT"
    assert hall.agreement().confirmed_at == hall.at
    assert [line.audience for line in hall.lines()] == ["JOINT", "JOINT"]
    assert hall.agreement(hall.house.seat("A")).ref == "AG1"


def test_a_draft_that_was_undone_leaves_its_name_free(hall):
    hall.begun().drafted()

    hall.post("F", "undone", line=hall.moments()[-1].command, after=2)

    assert hall.agreement() is None

    hall.drafted(text="Another.")

    assert hall.agreement().line.words["text"] == "Another."


def test_a_talk_with_one_leaves_no_row_the_other_can_see(fay):
    hall = Hall(fay, code="one-to-one", with_="A").begun()
    hall.post("A", "statement", id="S1", text="I am afraid to say it at home.")
    hall.post("A", "need_named", id="N1", need="space")
    hall.drafted()
    hall.post("A", "agreement_confirmed", agreement="AG1")
    hall.post("A", "brief_pause_called", reason="a breath")
    hall.post("F", "resumed")
    hall.ended()

    with pytest.raises(Refusal, match="only that one"):
        release.agree(session=hall.session, partner=fay.b, how="preview", by="test", now=hall.at)
    release.agree(session=hall.session, partner=fay.a, how="preview", by="test", now=hall.at)

    guarded = [Session, Moment, Line, Agreement, Reader, Quiet, Posting]
    seen = {model: model.objects.visible_to(fay.seat("B")).count() for model in guarded}
    assert seen == dict.fromkeys(guarded, 0)

    hers = (Session, Line, Agreement, Reader)
    own = {model: model.objects.visible_to(fay.seat("A")).count() for model in hers}
    assert own == {Session: 1, Line: 4, Agreement: 1, Reader: 1}
    assert hall.agreement().confirmed_at is not None


def test_no_command_of_a_session_in_any_state_shows_a_partner_the_others_rows(fay):
    for steps in TO_STATE.values():
        hall = Hall(fay)
        for by, kind, fields in steps:
            how = {"how": hall.reading().ended_how} if kind == "session_ended" else {}
            hall.post(by, kind, **fields, **how, override="for this test")

        for slot, other in (("A", fay.b.pk), ("B", fay.a.pk)):
            rows = hall.moments(fay.seat(slot))
            assert [m for m in rows if m.owner_id == other] == []
            assert {m.audience for m in rows} <= {"JOINT", "OWN_F", "REL"}


def test_words_never_stand_on_a_moment(hall):
    hall.begun().with_a_check().drafted()

    structure = json.dumps([m.facts for m in hall.moments()])
    said = [word for line in hall.lines() for word in line.words.values() if isinstance(word, str)]
    assert len(said) == 4
    assert [word for word in said if word in structure] == []


def test_a_plan_and_words_are_sealed_where_they_lie(hall):
    hall.begun().with_a_check()

    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM facilitation_line UNION ALL SELECT plan FROM facilitation_session")
        rows = [row[0] for row in cursor.fetchall()]

    assert len(rows) == 1 + len(hall.lines())
    assert [row for row in rows if "car" in row or "sat" in row or "phases" in row] == []
