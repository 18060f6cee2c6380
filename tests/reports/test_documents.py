"""Documents: asked for, rendered by a sweep, opened by a release, sealed, and closed to everybody else.

The worked session, held by Fay with Ana (A) and Ben (B).
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Seat
from facilitator import bell, crypto
from facilitator.models import AuditEntry, DataKey
from reports import documents, pdf, tasks
from reports.models import Document
from sessions.engine.session_file import load
from sessions.models import HeldBack, Moment, Reader
from sessions.record import import_export, release
from tests.reports.reading import everything_in, opened, text_of
from tests.services import SESSION_FILES

# Each brings an hour in and sets papers of it.
pytestmark = pytest.mark.slow
FILE = SESSION_FILES / "good" / "worked_session.jsonl"
NOW = datetime(2025, 3, 14, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
# Said by Ana (A) and by Ben (B) in the worked session.
ANAS = "I felt lonely and frightened"
BENS = "I felt overwhelmed because"


@pytest.fixture
def held(fay):
    return import_export.bring_in(load(FILE), couple=fay.couple, facilitator=fay.facilitator)


def papers(session):
    rows = Document.objects.unscoped("a test looks at papers").filter(session=session).select_related("owner")
    return {(row.kind, row.slot): row for row in rows.order_by("version")}


def states(session):
    return {key: (row.version, row.state) for key, row in papers(session).items()}


def words(row):
    return text_of(documents.open_pdf(row)).replace("\n", " ")


def said(row):
    """Which of the two speaks in it."""
    text = words(row).replace(" ", "")
    sentences = {"A": ANAS, "B": BENS}
    return {slot for slot, sentence in sentences.items() if sentence.replace(" ", "") in text}


def written(session, *kinds):
    """Only these papers, set now: the sweep adds nothing to a session that has some."""
    documents.prepare(session, kinds=kinds or ["partner_copy"], now=NOW)
    documents.render_due(NOW)
    return papers(session)


def both_agree(fay, session, *, held_back=(), now=NOW):
    for slot in ("A", "B"):
        release.agree(
            session=session,
            partner=fay.partner(slot),
            held_back=held_back,
            how=Reader.How.PREVIEW,
            by="user:test",
            now=now,
        )


def own_moment(session, ref):
    """The REL entry that made `ref`."""
    entries = Moment.objects.unscoped("a test picks a line").filter(session=session, audience="REL")
    return next(entry for entry in entries if entry.facts.get("id") == ref)


def test_an_ended_session_gets_its_papers_at_the_next_sweep_and_nothing_joint_yet(held):
    assert documents.render_due(NOW) == 5

    assert states(held) == {
        ("door_sheet", ""): (1, "ready"),
        ("facilitator_record", ""): (1, "ready"),
        ("partner_copy", "A"): (1, "ready"),
        ("partner_copy", "B"): (1, "ready"),
        ("agreement_sheet", ""): (1, "ready"),
    }


def test_before_release_each_copy_holds_its_owners_words_only(held):
    documents.render_due(NOW)

    made = papers(held)
    assert said(made["partner_copy", "A"]) == {"A"}
    assert said(made["partner_copy", "B"]) == {"B"}
    assert said(made["facilitator_record", ""]) == {"A", "B"}
    assert said(made["agreement_sheet", ""]) == set()


def test_release_brings_the_summary_and_new_copies(fay, held):
    documents.render_due(NOW)

    both_agree(fay, held, now=LATER)
    documents.render_due(LATER)

    made = papers(held)

    assert states(held) == {
        ("door_sheet", ""): (1, "ready"),
        ("facilitator_record", ""): (1, "ready"),
        ("partner_copy", "A"): (2, "ready"),
        ("partner_copy", "B"): (2, "ready"),
        ("agreement_sheet", ""): (2, "ready"),
        ("joint_summary", ""): (1, "ready"),
    }
    assert said(made["joint_summary", ""]) == {"A", "B"}
    assert said(made["partner_copy", "A"]) == {"A", "B"}


def test_the_summary_and_a_copy_hold_no_private_word_or_number_of_the_other(fay, held):
    both_agree(fay, held)
    documents.render_due(NOW)

    made = papers(held)
    joint = everything_in(documents.open_pdf(made["joint_summary", ""]))
    ana = everything_in(documents.open_pdf(made["partner_copy", "A"]))
    ben = everything_in(documents.open_pdf(made["partner_copy", "B"]))
    for private in (
        "Would you like to say what you saw",
        "any answer will be the wrong one",
        "can live with it",
    ):
        assert private not in joint
        assert private not in ana
        assert private in ben


def test_one_yes_opens_nothing(fay, held):

    release.agree(session=held, partner=fay.a, how=Reader.How.PREVIEW, by="user:test", now=NOW)
    documents.render_due(NOW)

    assert ("joint_summary", "") not in papers(held)
    assert said(papers(held)["partner_copy", "A"]) == {"A"}


def test_a_line_kept_back_is_in_its_authors_copy_only_and_a_marker_in_the_record(fay, held):
    kept = own_moment(held, "S1")
    release.agree(
        session=held, partner=fay.b, held_back=[kept.pk], how=Reader.How.PREVIEW, by="user:test", now=NOW
    )
    release.agree(session=held, partner=fay.a, how=Reader.How.PREVIEW, by="user:test", now=NOW)

    documents.render_due(NOW)

    made = papers(held)
    assert HeldBack.objects.unscoped("a test counts").count() == 1
    assert {key: BENS in words(row) for key, row in made.items()} == {
        ("facilitator_record", ""): False,
        ("partner_copy", "A"): False,
        ("partner_copy", "B"): True,
        ("joint_summary", ""): False,
        ("agreement_sheet", ""): False,
        ("door_sheet", ""): False,
    }

    # What answered it goes where it went.
    assert "You were trying to look after us" not in words(made["joint_summary", ""])
    assert "5 things were said back and confirmed" in words(made["joint_summary", ""])
    assert "held back by its author" in words(made["facilitator_record", ""])


def test_withdrawal_closes_what_holds_the_others_words_and_gives_back_what_is_ones_own(fay, held):
    def readable_by_ana():
        return {(row.kind, row.version) for row in documents.readable_by(fay.seat("A"))}

    both_agree(fay, held)
    documents.render_due(NOW)

    release.withdraw(session=held, partner=fay.b, by="user:test", now=LATER)
    assert readable_by_ana() == {("agreement_sheet", 1), ("door_sheet", 1)}

    documents.render_due(LATER)
    assert readable_by_ana() == {("agreement_sheet", 1), ("door_sheet", 1), ("partner_copy", 2)}
    assert said(papers(held)["partner_copy", "A"]) == {"A"}


def test_who_may_read_which_paper(fay, oli, held):
    def kinds(viewer):
        return sorted((row.kind, row.slot) for row in documents.readable_by(viewer))

    both_agree(fay, held)
    documents.render_due(NOW)

    joint = [("agreement_sheet", ""), ("door_sheet", ""), ("joint_summary", "")]
    assert kinds(fay.seat("A")) == [*joint, ("partner_copy", "A")]
    assert kinds(fay.seat("B")) == [*joint, ("partner_copy", "B")]
    assert kinds(fay.viewer) == sorted(
        [*joint, ("facilitator_record", ""), ("partner_copy", "A"), ("partner_copy", "B")]
    )
    assert kinds(oli.viewer) == []
    assert kinds(oli.seat("A")) == []
    assert kinds(None) == []


def test_an_unchanged_paper_is_not_rendered_twice(held, monkeypatch):
    set_times = []
    typeset = pdf.typeset

    def counted(html, **facts):
        set_times.append(1)
        return typeset(html, **facts)

    monkeypatch.setattr(pdf, "typeset", counted)
    documents.render_due(NOW)
    before = {key: (row.pk, row.version) for key, row in papers(held).items()}

    documents.prepare(held, now=LATER)

    assert documents.render_due(LATER) == 5
    assert {key: (row.pk, row.version) for key, row in papers(held).items()} == before
    assert len(set_times) == 5


def test_asking_twice_asks_once_and_rings_the_bell(held, django_capture_on_commit_callbacks):
    rung = []
    old = bell._bell
    bell.hang(rung.append)

    try:
        with django_capture_on_commit_callbacks(execute=True):
            first = documents.prepare(held, now=NOW)
            second = documents.prepare(held, now=NOW)
    finally:
        bell.hang(old)

    assert len(first) == 5
    assert len(second) == 0
    assert rung == ["documents", "documents"]


def test_a_newer_version_follows_and_the_older_one_stays(fay, held):
    written(held)
    both_agree(fay, held, now=LATER)

    documents.render_due(LATER)

    rows = Document.objects.unscoped("a test looks at papers").filter(
        session=held, kind="partner_copy", owner=fay.a
    )
    older, newer = rows.order_by("version")
    assert older.version == 1
    assert newer.version == 2
    assert older.superseded_by == newer
    copies = documents.readable_by(fay.seat("A")).filter(kind="partner_copy")
    assert {row.pk for row in copies} == {older.pk, newer.pk}


def test_a_paper_whose_worker_died_is_tried_again_and_in_the_end_given_up(held):
    documents.prepare(held, kinds=["facilitator_record"], now=NOW)
    rows = Document.objects.unscoped("a test looks at papers").filter(session=held)

    rows.update(state="rendering", claimed_at=NOW, tries=1)
    assert documents.render_due(NOW + timedelta(minutes=2)) == 0
    assert documents.render_due(NOW + timedelta(minutes=4)) == 1

    rows.update(state="rendering", claimed_at=NOW, tries=3, built_at=None, content_hash="", sealed="")
    assert documents.render_due(NOW + timedelta(minutes=4)) == 0
    assert states(held)["facilitator_record", ""] == (1, "failed")


def test_a_paper_that_cannot_be_rendered_fails_and_the_next_is_rendered(held, monkeypatch):
    monkeypatch.setattr(pdf, "MOST_LETTERS", 12_000)

    documents.render_due(NOW)

    assert states(held)["facilitator_record", ""] == (1, "failed")
    assert states(held)["agreement_sheet", ""] == (1, "ready")


def test_a_paper_is_set_in_its_readers_zone_and_size(fay, held):
    seats = Seat.objects.unscoped("a test sets a seat").filter(partner=fay.a)
    seats.update(zone="America/New_York", large_type=True)

    made = written(held)

    assert "27 March 2025, 14:00 (New York time)" in words(made["partner_copy", "A"])
    assert "27 March 2025, 18:00 (Lisbon time)" in words(made["partner_copy", "B"])


def test_a_talk_with_one_has_that_ones_copy_and_the_record_only(fay):
    file = load(FILE.parent / "one_to_one.jsonl")
    session = import_export.bring_in(file, couple=fay.couple, facilitator=fay.facilitator)
    mine = file.plan.with_
    other = {"A": "B", "B": "A"}[mine]

    documents.render_due(NOW)

    assert sorted(papers(session)) == [("facilitator_record", ""), ("partner_copy", mine)]
    assert [row.kind for row in documents.readable_by(fay.seat(mine))] == ["partner_copy"]
    assert [row.kind for row in documents.readable_by(fay.seat(other))] == []


def test_file_names_and_metadata_name_nobody(fay, held):
    both_agree(fay, held)
    documents.render_due(NOW)

    for row in papers(held).values():
        name = documents.file_name(row)
        with opened(documents.open_pdf(row)) as file:
            known = name + str(file.docinfo) + file.Root.Metadata.read_bytes().decode()

        assert name == f"{name.split('-')[0]}-2025-03-13-{row.pk.hex[:4]}.pdf"
        assert [word for word in ("Ana", "Ben", "Fay", fay.practice.name) if word in known] == []


def test_papers_lie_sealed_and_an_erased_author_closes_what_holds_their_words(fay, held):
    written(held)
    row = papers(held)["partner_copy", "B"]
    assert "%PDF" not in row.sealed

    client = fay.partner_client("B")
    assert client.get(reverse("document", args=[row.pk])).status_code == 200

    DataKey.objects.filter(couple=fay.couple.pk, author=fay.b.pk).update(destroyed_at=NOW, wrapped="")
    crypto.keys.clear()

    assert client.get(reverse("document", args=[row.pk])).status_code == 404


def test_the_door_hands_out_the_paper_and_nothing_about_it(fay, held):
    written(held)
    row = papers(held)["partner_copy", "A"]

    answer = fay.partner_client("A").get(reverse("document", args=[row.pk]))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'inline; filename="copy-2025-03-13-{row.pk.hex[:4]}.pdf"'
    assert answer["Cache-Control"] == "no-store"
    assert answer.content == documents.open_pdf(row)


def test_everybody_else_finds_no_such_paper(fay, oli, held):
    written(held, "partner_copy", "facilitator_record")
    made = papers(held)
    copy = reverse("document", args=[made["partner_copy", "A"].pk])
    record = reverse("document", args=[made["facilitator_record", ""].pk])

    for stranger in (fay.partner_client("B"), oli.client(), oli.partner_client("A")):
        assert stranger.get(copy).status_code == 404
    for stranger in (fay.partner_client("A"), fay.partner_client("B"), oli.client()):
        assert stranger.get(record).status_code == 404
    assert Client().get(copy).status_code in (302, 401)


def test_a_look_by_anyone_but_the_owner_is_noted(fay, held):
    written(held)
    row = papers(held)["partner_copy", "A"]

    def looks():
        return AuditEntry.objects.filter(action="read", subject=row.subject).count()

    fay.partner_client("A").get(reverse("document", args=[row.pk]))
    assert looks() == 0

    fay.client().get(reverse("document", args=[row.pk]))
    assert looks() == 1


def test_while_a_paper_is_being_written_its_page_says_so(fay, held):
    documents.prepare(held, now=NOW)
    row = papers(held)["partner_copy", "A"]

    page = fay.partner_client("A").get(reverse("document", args=[row.pk]))

    assert page.status_code == 200
    assert "being written" in page.content.decode()


def test_the_facilitator_asks_for_papers_by_a_press_that_renders_none(fay, oli, held):
    url = reverse("documents_prepare", args=[held.pk])

    assert fay.client().get(url).status_code == 405
    assert oli.client().post(url).status_code == 404
    assert fay.partner_client("A").post(url).status_code == 404
    assert papers(held) == {}

    assert fay.client().post(url)["Location"] == reverse("session", args=[held.pk])
    assert {state for _, state in states(held).values()} == {"asked"}


def test_each_sees_their_own_papers_listed(fay, held):
    both_agree(fay, held)
    documents.render_due(NOW)

    page = fay.partner_client("A").get(reverse("documents")).content.decode()

    listed = {key for key, row in papers(held).items() if str(row.pk) in page}
    assert listed == {
        ("agreement_sheet", ""),
        ("door_sheet", ""),
        ("joint_summary", ""),
        ("partner_copy", "A"),
    }
    assert Client().get(reverse("documents")).status_code in (302, 401)


def test_the_list_asks_the_database_as_often_for_one_paper_as_for_thirty(
    fay, held, django_assert_num_queries
):
    written(held, "agreement_sheet")
    client = fay.client()
    row = papers(held)["agreement_sheet", ""]
    client.get(reverse("documents"))

    with CaptureQueriesContext(connection) as few:
        client.get(reverse("documents"))

    for version in range(2, 32):
        row.pk = None
        row.version = version
        row.save(force_insert=True)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("documents"))

    assert len(many) == len(few)


def test_the_database_refuses_a_paper_for_the_wrong_reader(fay, held):
    wrong = [
        {"kind": "facilitator_record", "audience": "JOINT"},
        {"kind": "partner_copy", "audience": "JOINT", "owner": fay.a},
        {"kind": "partner_copy", "audience": "OWN_F"},
        {"kind": "joint_summary", "audience": "JOINT", "after_release": False},
    ]

    for facts in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Document.objects.create(session=held, **facts)


def test_the_celery_task_sweeps(held, monkeypatch):
    monkeypatch.setattr(tasks, "now", lambda: NOW)

    assert tasks.sweep.name == "documents.sweep"
    assert tasks.sweep() == 5


def test_replay_makes_five_papers_and_no_row(held):
    before = Document.objects.unscoped("a test counts").count()

    made = {paper.name: paper.render() for paper in documents.papers_of(held)}

    assert sorted(made) == [
        "agreement-sheet.pdf",
        "facilitator-record.pdf",
        "joint-summary.pdf",
        "partner-a.pdf",
        "partner-b.pdf",
    ]

    assert Document.objects.unscoped("a test counts").count() == before
    assert {paper.name: paper.render() for paper in documents.papers_of(held)} == made


def test_what_replay_writes_is_what_release_opens(fay, held, tmp_path):
    """The way for replay reads as the facilitator and filters; the way for people asks as each of them."""
    names = {
        ("joint_summary", ""): "joint-summary",
        ("partner_copy", "A"): "partner-a",
        ("partner_copy", "B"): "partner-b",
    }
    for paper in documents.papers_of(held):
        (tmp_path / paper.name).write_bytes(paper.render())
    both_agree(fay, held, now=NOW)
    documents.render_due(NOW)

    made = papers(held)
    for key, name in names.items():
        replayed = text_of((tmp_path / f"{name}.pdf").read_bytes())
        opened_by_release = text_of(documents.open_pdf(made[key]))

        # A paper says its own date; nothing else may differ.
        undated = opened_by_release.replace("13 March 2025", "").replace("14 March 2025", "")
        assert replayed.replace("13 March 2025", "") == undated
