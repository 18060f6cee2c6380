"""A canary in every text there is, looked for everywhere: nobody may meet one that is not for their eyes.

And whoever may read one must be able to: a test that finds nothing anywhere would prove nothing.
"""

import io
import itertools
import json
import logging
import re
import subprocess
from collections import Counter
from datetime import timedelta
from http.cookies import SimpleCookie
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from clients.guarded import Guarded
from clients.rituals import deliveries, links, rituals
from clients.rituals.library import OWN
from clients.rituals.models import Ritual
from facilitator import bell, celery
from facilitator.models import LocalMail, User
from facilitator.now import now as clock_now
from reports import documents
from reports.models import Document
from sessions.engine.kinds import KINDS
from sessions.engine.session_file import read_file
from sessions.models import Moment, Reader
from sessions.record import import_export, release
from tests import world as built
from tests.canaries import EXCEPT, NUMBERS, PLAIN, Aviary, name_of, plant_columns, sung, text_fields
from tests.cast import BACKEND, signed_in
from tests.doors.table import EVERY
from tests.services import ROOT
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

LOOKERS = (
    "fay",
    "co",
    "ana",
    "ben",
    "cleo",
    "oli",
    "co not agreed",
    "co removed",
    "colleague",
    "admin",
    "left",
    "nobody",
)
# Planted, allowed to be read, and on no page yet: each is the business of a later screen.
NO_PAGE_YET = {
    "Screening.notes": "the talk's notes have no page yet",
    "Boundary.topic": "boundaries have no page yet",
    "Boundary.wording": "boundaries have no page yet",
    "Consent.version": "which text was read is asked by an export of a person's data",
    "LocalMail.message_id": "a header, of no use to a reader",
    "MailTest.stage": "shown in words of its own",
    "MailTest.code": "shown in words of its own",
    "ResponseNote.text": "a note to oneself comes back with the journal",
}


class Listening(logging.Handler):
    """Every line that the house logs, at the levels its settings name, with what hangs on it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name} {record.getMessage()} {record.args} {record.exc_info}")


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker, tmp_path_factory):
    """Everything there is, with a canary in it; papers set, reminders sent, each by their own sweep."""
    aviary, log, folder = Aviary(), Listening(), tmp_path_factory.mktemp("files")
    heard = [logging.getLogger(), logging.getLogger("django")]
    unhurried, frozen = override_settings(ACCOUNT_RATE_LIMITS=False), time_machine.travel(NOW, tick=False)
    with (
        django_db_blocker.unblock(),
        unhurried,
        frozen,
        transaction.atomic(),
        transaction.atomic(using="keys"),
    ):
        for logger in heard:
            logger.addHandler(log)
        yield SimpleNamespace(world=planted(aviary, folder), aviary=aviary, log=log)
        for logger in heard:
            logger.removeHandler(log)
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="keys")


def planted(aviary: Aviary, folder: Any) -> World:
    world = built.build()
    Ritual.objects.unscoped("own words are shown as a title").update(code=OWN)
    for name, partner in (("Ana's", world.fay.a), ("Ben's", world.fay.b)):
        rituals.respond(ritual=world.rituals[name], partner=partner, answer="done", note="x", now=NOW)
    world.sessions["released"] = bring_in(
        world, aviary, folder, "worked_session", released=True, held_back="S1"
    )
    world.sessions["unreleased"] = bring_in(world, aviary, folder, "bridge_at_attempt_four", released=False)
    world.sessions["set aside"] = bring_in(world, aviary, folder, "set_aside_for_a_reason", released=False)
    plant_columns(aviary, world.fay)
    world.cookies = {name: cookie_of(user) for name, user in world.people.items()}
    for name in ("released", "unreleased", "set aside"):
        documents.prepare(world.sessions[name], now=NOW)
    waiting = Document.objects.unscoped("a test waits for its papers").filter(state="asked")
    while waiting.exists():
        documents.render_due(NOW)
    deliveries.sweep(clock_now)
    world.links["fresh"] = built.token_of(links.make(partner=world.fay.a, channel=None, now=NOW))
    return world


def cookie_of(user: User) -> str:
    return "; ".join(f"{name}={kept.value}" for name, kept in signed_in(user).cookies.items())


def bring_in(
    world: World, aviary: Aviary, folder: Any, name: str, *, released: bool, held_back: str = ""
) -> Any:
    fay = world.fay
    text, _ = sung(
        aviary, ROOT / f"tests/session_files/good/{name}.jsonl", released=released, held_back=held_back
    )
    file = folder / f"{name}.jsonl"
    file.write_text(text)
    session = import_export.bring_in(read_file(file), couple=fay.couple, facilitator=fay.facilitator)
    if released:
        said = Moment.objects.unscoped("a test keeps a line back").filter(session=session, kind="statement")
        [kept] = [m for m in said if m.facts.get("id") == held_back]
        by = {fay.a.pk: fay.a, fay.b.pk: fay.b}
        for partner in by.values():
            own = [kept.pk] if partner.pk == kept.owner_id else []
            release.agree(
                session=session, partner=partner, held_back=own, how=Reader.How.PREVIEW, by="x", now=NOW
            )
    return session


# What is looked into


def answers(world: World, actor: str) -> Any:
    """(where, bytes) of every page and body this person can make the house say, reads and writes."""
    client = Client()
    for row in EVERY:
        for at in addresses(row, world):
            for verb, table in (("GET", row.get), ("POST", row.post)):
                if table is None or row.name in ("account_logout", "partner_sign_out"):
                    continue
                with transaction.atomic():
                    # Anew each time: a link or a sign-out changes what the browser holds.
                    client.cookies = SimpleCookie(world.cookies.get(actor, ""))
                    yield f"{verb} {row.name}", said(client, verb, reverse(row.name, kwargs=at), row, world)
                    transaction.set_rollback(True)


def addresses(row: Any, world: World) -> list[dict[str, Any]]:
    at = row.at(world)
    if "session_id" in at:
        each = [{"partner_id": p.pk} for p in (world.fay.a, world.fay.b)] if "partner_id" in at else [{}]
        return [{"session_id": session.pk, **one} for session in world.sessions.values() for one in each]
    if "document_id" in at:
        return [{"document_id": paper.pk} for paper in world.papers()]
    if "ritual_id" in at:
        return [{"ritual_id": ritual.pk} for ritual in world.rituals.values()]
    if "partner_id" in at:
        return [{"partner_id": partner.pk} for partner in (world.fay.a, world.fay.b)]
    return [{"token": world.links["fresh"]}] if "token" in at else [at]


VALID = {
    "api_answer": {"answer": "done", "before": 3, "after": 2},
    "api_consent": {"answer": "yes"},
    "api_commands": {"by": "F", "kind": "note", "text": "a plain note"},
    "ritual_answer": {"answer": "not_today"},
    "ritual_change": {"act": "rest"},
    "command": {"kind": "note", "text": "a plain note"},
}


def said(client: Client, verb: str, path: str, row: Any, world: World) -> bytes:
    body = VALID.get(row.name, row.body(world))
    if verb == "GET":
        response = client.get(path)
    elif row.is_api:
        response = client.post(path, json.dumps(body), content_type="application/json")
    else:
        response = client.post(path, body)
    content = response.content
    if response["Content-Type"] == "application/pdf":
        content = inside(content)
    return content + b"\n" + repr(dict(response.headers)).encode()


def inside(made: bytes) -> bytes:
    """All a PDF holds: its streams inflated, its metadata, its strings, and its text as a reader takes it out."""
    parts = [made]
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.docinfo or pdf.open_metadata() is not None
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                try:
                    parts.append(thing.read_bytes())
                except pikepdf.PdfError:
                    parts.append(thing.read_raw_bytes())
            parts.append(repr(thing).encode())
        parts += [bytes(each.get_file().read_bytes()) for each in pdf.attachments.values()]
    text = subprocess.run(["pdftotext", "-", "-"], input=made, capture_output=True, check=True).stdout
    # A word may be broken at the end of a line.
    return b"\n".join([*parts, text, re.sub(rb"[\s\xc2\xad-]+", b"", text)])


def rows(world: World) -> Any:
    """What the lock itself lets through: a page that prints all of it may be written tomorrow."""
    fay, oli = world.fay, world.oli
    viewers = {
        "ana": fay.seat("A"),
        "ben": fay.seat("B"),
        "fay": fay.viewer,
        "cleo": oli.seat("A"),
        "oli": oli.viewer,
    }
    for (who, viewer), (model, each) in itertools.product(viewers.items(), text_fields()):
        if issubclass(model, Guarded):
            values = list(model.objects.visible_to(viewer).values_list(each.name, flat=True))
            yield who, f"rows of {name_of(model, each)}", json.dumps(values, default=str).encode()


def operator_pages(world: World) -> Any:
    """Whoever runs the installation, on every page of the admin."""
    root = User.objects.create_superuser("root@practice.example", "a warm room with three chairs")
    client = Client()
    client.force_login(root, backend=BACKEND)
    ids = {"practice": world.fay.practice.pk, "user": world.fay.facilitator.pk}
    paths = ["/admin/", *(f"/admin/facilitator/{m}/" for m in ids), "/admin/facilitator/user/?q=cny"]
    paths += [
        f"/admin/facilitator/{m}/{pk}/{page}/" for m, pk in ids.items() for page in ("change", "history")
    ]
    for user in world.people.values():
        paths.append(f"/admin/facilitator/user/{user.pk}/change/")
    for path in paths:
        yield path, client.get(path).content


# The tests


def test_every_text_field_is_planted_or_has_a_reason_not_to_be(filled):
    planted = filled.aviary.fields()
    wanted = {name_of(model, each) for model, each in text_fields()} - set(EXCEPT)
    assert wanted - planted == set()
    assert set(EXCEPT) - {name_of(model, each) for model, each in text_fields()} == set()
    assert set(PLAIN) <= wanted


def test_every_word_of_every_kind_is_planted_through_its_command(filled):
    wanted = {(k.name, f.name) for k in KINDS.values() for f in k.fields if f.holds == "words"} - NUMBERS
    planted = {tuple(name.split(".")) for name in filled.aviary.fields() if name.split(".")[0] in KINDS}
    assert wanted - planted == set()


def test_nobody_meets_a_word_that_is_not_for_their_eyes_and_everybody_meets_their_own(filled, capsys):
    world, aviary = filled.world, filled.aviary
    met: dict[str, set[str]] = {}
    opened: set[tuple[str, str]] = set()
    wrong: Counter[tuple[str, str, str]] = Counter()
    sinks = size = 0

    def look(who: str, where: str, body: bytes, *, is_page: bool = True) -> None:
        nonlocal sinks, size
        sinks, size = sinks + 1, size + len(body)
        for word in aviary.in_bytes(body):
            met.setdefault(word, set()).update({who} if is_page else ())
            if where == "GET document":
                opened.add((aviary.where[word], who))
            if who not in aviary.readers[word]:
                wrong[who, where, aviary.where[word]] += 1

    for actor in LOOKERS:
        for where, body in answers(world, actor):
            look(actor, where, body)
    for who, where, body in rows(world):
        look(who, where, body, is_page=False)
    for where, body in operator_pages(world):
        look("operator", where, body)
    for mail in LocalMail.objects.filter(at=NOW, to__contains="@home.example").exclude(
        subject__startswith="cny"
    ):
        look("mail", "a mail", f"{mail.subject}\n{mail.body}\n{mail.message_id}".encode())
    for where, body in [*rung(), *logged(filled.log, capsys)]:
        look("nobody at all", where, body)
    assert dict(wrong) == {}
    unseen = {
        aviary.where[w]
        for w, readers in aviary.readers.items()
        if readers and not met.get(w, set()) & readers
    }
    seen = {aviary.where[w] for w in met}
    assert unseen - seen - set(NO_PAGE_YET) == set()
    print(
        f"{len(aviary.where)} canaries in {len(aviary.fields())} fields, {sinks} sinks, {size:,} bytes, 0 wrong"
    )


def rung() -> Any:
    """Every bell there is, rung for real: the messages as they lie in the broker's folder."""
    celery.app.conf.broker_connection_retry = False
    for name in celery.SWEEPS:
        celery.ring(name)
    messages = [p for p in (settings.DATA / "broker").rglob("*") if p.is_file()]
    assert len(messages) >= len(celery.SWEEPS)
    assert bell._bell is celery.ring
    for path in messages:
        yield f"broker: {path.parent.name}", path.name.encode() + path.read_bytes()


def logged(log: Listening, capsys: Any) -> Any:
    out, err = capsys.readouterr()
    assert len(log.lines) > 100
    yield "the log", "\n".join(log.lines).encode()
    yield "standard output and error", (out + err).encode()


def test_the_search_itself_finds_what_it_looks_for():
    aviary = Aviary()
    word = aviary.hatch("here", frozenset())
    for body in (word, word.upper(), word[::-1], word.encode().hex(), f"<b>{word}</b>", f"x={word}&y"):
        assert aviary.in_bytes(body.encode()) == {word}, body
    assert aviary.in_bytes(b"cnyabc nothing") == set()


PRIVATE = {
    "arrival_temperature.temperature": "OWN_F", "closing_temperature.temperature": "OWN_F",
    "cool_down_called.temperature": "OWN_F", "ready_again.temperature": "OWN_F",
    "extension_answered.answer": "OWN_F", "option_reactions.reactions": "OWN_F",
    "retreat_view_given.view": "OWN_F", "milestones_kept.milestones": "OWN_F", "brief_pause_called.reason": "OWN_F",
    "redirect_offered.suggestion": "OWN_F", "redirect_offered.id": "FAC", "redirect_offered.to": "FAC",
    "redirect_offered.families": "FAC", "redirect_rephrased.redirect": "FAC", "redirect_kept.redirect": "FAC",
    "redirect_not_now.redirect": "FAC", "fear_offered.id": "OWN_F", "fear_offered.to": "OWN_F",
    "fear_offered.wording": "OWN_F", "fear_offered.aloud": "OWN_F", "fear_answered.fear": "OWN_F",
    "fear_answered.answer": "OWN_F", "fear_answered.own_words": "OWN_F", "note.text": "FAC",
    "undone.line": "FAC", "corrected.line": "FAC", "session_ended.how": "FAC",
}  # fmt: skip


def test_the_private_fields_of_the_session_are_these_and_change_only_with_this_list():
    """Numbers and ticks can hold no canary: who may read them is compared with what was read and agreed."""
    private = {
        f"{kind.name}.{each.name}": kind.audience_of(each.name)
        for kind in KINDS.values()
        for each in kind.fields
        if kind.audience_of(each.name) not in ("REL", "JOINT")
    }
    assert private == PRIVATE
    who_called = {kind.name for kind in KINDS.values() if kind.actor_audience}
    pauses = {
        "brief_pause_called",
        "settling_called",
        "cool_down_called",
        "stopped",
        "safety_stop",
        "partner_left",
    }
    assert pauses <= who_called


def test_what_one_does_in_private_changes_nothing_the_other_can_see(filled):
    """Two worlds that differ only in what Ana does alone: every answer to Ben is the same, byte for byte."""
    world = filled.world
    before = seen_by(world, "ben")
    with transaction.atomic():
        ritual = world.rituals["both"]
        rituals.respond(ritual=ritual, partner=world.fay.a, answer="not_today", note="alone", now=NOW)
        rituals.rest(ritual=world.rituals["Ana's"], partner=world.fay.a, now=NOW)
        built.planned(world.fay, code="one-to-one", with_="A", start=NOW + timedelta(hours=1))
        built.post(
            world.sessions["running"], "A", "arrival_temperature", {"temperature": 9}, at=NOW,
            facilitator=world.fay.facilitator,
        )  # fmt: skip
        after = seen_by(world, "ben")
        transaction.set_rollback(True)
    assert [name for name in before if before[name] != after.get(name)] == []
    assert before.keys() == after.keys()


def seen_by(world: World, actor: str) -> dict[str, bytes]:
    client = Client()
    client.cookies = SimpleCookie(world.cookies[actor])
    pages = {}
    for row, n in zip(EVERY, itertools.count(), strict=False):
        if row.get is None or row.name == "link":
            continue
        for at in addresses(row, world):
            response = client.get(reverse(row.name, kwargs=at))
            body = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", response.content)
            pages[f"{n} {row.name} {at}"] = (
                repr((response.status_code, sorted(response.headers.items()))).encode() + body
            )
    assert connection.in_atomic_block
    return pages
