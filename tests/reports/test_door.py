"""The sheet to take home: only what both may read, complete without any agreement, shown and printed at once."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from facilitator import bell
from reports import documents
from reports.contexts import DoorSheet
from reports.documents.gathering import gather
from reports.models import Document
from sessions.models import Line, Moment, Parting
from sessions.record import partings
from tests.reports.reading import everything_in, text_of
from tests.reports.stage import worked
from tests.sessions.hall import Hall
from tests.world import ritual

pytestmark = pytest.mark.django_db
SAID = {
    "sign": "an open hand",
    "return_sentence": "I am back.",
    "line": "Go gently.",
    "foreword": "You stayed.",
}


def held(house):
    """An hour with words of every audience in it, and one thing agreed."""
    hall = Hall(house).begun().with_a_check()
    hall.post("B", "arrival_temperature", temperature=7)
    hall.post("F", "note", text="A sigh of Ben's.")
    hall.post("A", "need_named", id="N1", need="reassurance", wish="A word that you come back.")
    hall.drafted()
    for slot in ("A", "B"):
        hall.post(slot, "agreement_confirmed", agreement="AG1")
    hall.post("A", "closing_word", text="Lighter.", override="early today")
    return hall


def said(hall, **words):
    partings.say(hall.session, by="user:test", now=hall.at, **{**SAID, **words})


def made(hall):
    """The sheet as its sweep leaves it."""
    documents.prepare(hall.session, kinds=["door_sheet"], now=hall.at)
    documents.render_due(hall.at)
    rows = Document.objects.unscoped("a test looks at papers").filter(session=hall.session, kind="door_sheet")
    return rows.order_by("-version").first()


def page(house, hall, query=""):
    return house.client().get(reverse("door_sheet", args=[hall.session.pk]) + query)


@pytest.mark.both
def test_the_sheet_holds_goals_steps_sign_rituals_next_date_and_a_line(fay):
    hall = held(fay)
    ritual(fay, code="weekly-walk", weekdays=frozenset({5}))
    ritual(fay, code="quiet-tea", answers="")
    next_time = (hall.at + timedelta(days=14)).strftime("%Y-%m-%dT%H:%M:00Z")
    hall.post(
        "F", "session_ended", how=hall.reading().ended_how, next_session=next_time, override="for this test"
    )
    hall.session.refresh_from_db()
    said(hall)

    sheet = documents.sheet_at_the_door(hall.session)

    assert sheet.goals == ("To talk and to listen. No problem has to be solved.",)
    assert [(step.text, step.who, step.look_again) for step in sheet.steps] == [
        ("A sentence and a time.", ("Both: Say it.",), "20 March 2026")
    ]
    assert sheet.pause.sign == "an open hand"
    assert sheet.pause.sentence == "I am back."
    # The tea waits for the yes of both.
    assert [one.what for one in sheet.rituals] == ["Weekly walk"]
    assert sheet.next_meeting.startswith("24 March 2026")
    assert sheet.line == "Go gently."
    assert sheet.from_name == "Fay"


def test_the_plans_own_sign_stands_until_they_find_another():
    assert DoorSheet.of(worked()).pause.sign == "an open hand on the table"


def test_the_sheet_is_complete_when_nothing_was_agreed(fay):
    hall = Hall(fay).begun().ended()

    words = " ".join(text_of(documents.open_pdf(made(hall))).split())

    assert "We listened to each other today. That was the whole plan." in words
    assert "That was the whole plan." in page(fay, hall).content.decode()


def test_only_joint_rows_reach_the_sheet(fay):
    """Every row of the session says its own words; the sheet and the page know the joint ones only."""
    hall = held(fay).ended()
    said(hall, line="canaryline")
    lines = list(Line.objects.unscoped("a test marks words").filter(session=hall.session))
    marks = {}
    for place, line in enumerate(lines):
        marks[f"canary{place}x"] = line.audience
        line.words = {**line.words, "text": f"canary{place}x"}
        line.save(update_fields=["words"])
    assert set(marks.values()) >= {"REL", "OWN_F", "FAC", "JOINT"}

    shown = page(fay, hall).content.decode()
    printed = everything_in(documents.open_pdf(made(hall)))

    assert {line.audience for line in gather(hall.session, "room").material.lines} == {"JOINT"}
    for sink in (shown, printed):
        assert {marks[mark] for mark in marks if mark in sink} == {"JOINT"}
        assert "canaryline" in sink

    # And with a release it still says no more.
    for slot in ("A", "B"):
        fay.client().post(reverse("read_with", args=[hall.session.pk, fay.partner(slot).pk]))
    assert {marks[mark] for mark in marks if mark in page(fay, hall).content.decode()} == {"JOINT"}


def test_even_a_row_wrongly_gathered_is_not_printed():
    """The query is the first lock; what a room may print is the second."""
    material = worked()
    assert {line.audience for line in material.lines} >= {"REL", "OWN_F", "JOINT"}

    printed = repr(DoorSheet.of(material))

    private = [
        line for line in material.lines if line.audience != "JOINT" and line.kind != "compromise_drafted"
    ]
    for line in private:
        for word in line.words.values():
            if isinstance(word, str) and len(word) > 12:
                assert word not in printed


def test_page_and_paper_say_the_same(fay):
    hall = held(fay).ended()
    said(hall)

    paper = " ".join(text_of(documents.open_pdf(made(hall))).split())

    for words in ("To take home", "What we came for", "A sentence and a time.", "an open hand", "Go gently."):
        assert words in paper
        assert words in page(fay, hall).content.decode()


def test_the_care_team_opens_the_sheet_after_the_end_and_in_large_print_on_request(fay, oli):
    hall = held(fay)
    assert page(fay, hall).status_code == 404

    hall.ended()
    assert page(oli, hall).status_code == 404

    assert page(fay, hall).status_code == 200
    assert b"leaf-large" not in page(fay, hall).content
    assert b"leaf-large" in page(fay, hall, "?large").content


def test_a_talk_with_one_and_a_meeting_that_never_began_have_no_sheet_for_two(fay):
    alone = Hall(fay, code="one-to-one", with_="A").begun().ended()
    nobody = Hall(fay)
    nobody.post("F", "session_ended", how=nobody.reading().ended_how, override="nobody came")
    nobody.session.refresh_from_db()

    for hall in (alone, nobody):
        documents.prepare(hall.session, now=hall.at)

        kinds = Document.objects.unscoped("a test counts").filter(session=hall.session)
        shown = fay.client().get(reverse("session", args=[hall.session.pk])).content.decode()
        assert "door_sheet" not in set(kinds.values_list("kind", flat=True))
        assert page(fay, hall).status_code == 404
        assert "/sheet/" not in shown


@pytest.mark.django_db(transaction=True)
def test_the_end_asks_for_papers_and_the_sheet_is_rendered_first(fay):
    hall = held(fay)
    rung = []
    old = bell._bell
    bell.hang(rung.append)

    try:
        hall.ended()
    finally:
        bell.hang(old)
    assert rung == ["documents"]

    documents.render_due(hall.at)
    rows = Document.objects.unscoped("a test looks at papers").filter(session=hall.session)
    assert rows.get(kind="door_sheet").state == "ready"

    documents.prepare(hall.session, now=hall.at + timedelta(minutes=1))
    with_waiting = rows.filter(state="asked").exclude(kind="door_sheet").count()
    assert with_waiting >= 3


def test_both_read_the_sheet_without_any_release(fay):
    hall = held(fay).ended()
    paper = made(hall)

    for slot in ("A", "B"):
        client = fay.partner_client(slot)
        answer = client.get(reverse("document", args=[paper.pk]))

        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/pdf"
        assert str(paper.pk) in client.get(reverse("documents")).content.decode()


def test_words_to_take_home_are_kept_and_the_papers_written_again(fay):
    hall = held(fay).ended()
    first = made(hall)

    with time_machine.travel(hall.at + timedelta(minutes=5), tick=False):
        answer = fay.client().post(reverse("parting", args=[hall.session.pk]), SAID)
        assert answer["Location"] == reverse("session", args=[hall.session.pk])
        documents.render_due(hall.at + timedelta(minutes=5))

    rows = Document.objects.unscoped("a test looks").filter(session=hall.session, kind="door_sheet")
    newer = rows.get(state="ready", superseded_by=None)
    assert first.version == 1
    assert newer.version == 2
    assert "Go gently." in text_of(documents.open_pdf(newer))
    assert Parting.objects.visible_to(fay.viewer).get(session=hall.session).foreword == "You stayed."

    shown = fay.client().get(reverse("session", args=[hall.session.pk])).content.decode()
    assert 'value="an open hand"' in shown


def test_words_that_are_too_long_come_back_as_they_were_typed(fay):
    hall = held(fay).ended()
    typed = {**SAID, "line": "long " * 60}

    answer = fay.client().post(reverse("parting", args=[hall.session.pk]), typed)

    assert answer.status_code == 422
    assert "long long" in answer.content.decode()
    assert Parting.objects.visible_to(fay.viewer).filter(session=hall.session).count() == 0


def test_the_summary_opens_with_the_facilitators_words_and_leaves_empty_parts_out(fay):
    hall = Hall(fay).begun()
    hall.post("A", "statement", id="S1", text="I sat in the car for a while.", feelings=["sad"])
    hall.ended()
    said(hall)

    for slot in ("A", "B"):
        fay.client().post(reverse("read_with", args=[hall.session.pk, fay.partner(slot).pk]))
    documents.render_due(hall.at + timedelta(minutes=1))

    rows = Document.objects.unscoped("a test looks").filter(session=hall.session, kind="joint_summary")
    words = text_of(documents.open_pdf(rows.get()))

    assert words.index("From Fay") < words.index("You stayed.") < words.index("What we came for")
    assert "What I felt, and why" in words
    assert "What I need" not in words
    assert [line for line in words.splitlines() if line.strip() in ("Ben", "B Ben", "BBen")] == []


def test_looking_at_the_sheet_writes_no_moment(fay):
    hall = held(fay).ended()
    before = Moment.objects.unscoped("a test counts").count()

    page(fay, hall)

    assert Moment.objects.unscoped("a test counts").count() == before
