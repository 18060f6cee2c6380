"""Every door: route × verb × actor, and per route the states of its own object. A route without a row fails."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections, transaction
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from facilitator.crypto import seal_blob
from reports.documents.building import BOUND_TO
from reports.models import Document
from tests import world as built
from tests.cast import signed_in
from tests.doors.table import (
    ACTORS,
    CONFLICTS,
    EVERY,
    MAY_BE_WRITTEN,
    NOBODY,
    PARTNERS,
    STATES,
    STRANGERS,
    TEAM,
    VERBS,
    Row,
    expected,
)
from tests.world import NOW, World

pytestmark = pytest.mark.django_db


def ready(world: World) -> None:
    """Papers as their sweep leaves them; what they say is another test's."""
    sealed = seal_blob(b"%PDF-1.7", scopes=[(world.fay.couple.pk, world.fay.couple.pk)], bound_to=BOUND_TO)
    Document.objects.unscoped("a test sets a state").update(state=Document.State.READY, sealed=sealed)


# The world, once for this file


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    # Thousands of requests from one address are this test's own.
    unhurried = override_settings(ACCOUNT_RATE_LIMITS=False)
    unblocked, frozen = django_db_blocker.unblock(), time_machine.travel(NOW, tick=False)
    with unblocked, frozen, unhurried, transaction.atomic(), transaction.atomic(using="keys"):
        made = built.build()
        ready(made)
        made.cookies = {
            name: signed_in(user).cookies.output() for name, user in made.people.items() if name not in NOBODY
        }
        # A closed account keeps its old cookie.
        lou = made.people["inactive"]
        lou.is_active = True
        lou.save()
        made.cookies["inactive"] = signed_in(lou).cookies.output()
        lou.is_active = False
        lou.save()
        yield made
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="keys")


# Each new handler would list every static file again.
HANDLERS = {strict: ClientHandler(enforce_csrf_checks=strict) for strict in (False, True)}


def browser(world: World, actor: str, *, enforce_csrf_checks: bool = False, **facts: Any) -> Client:
    client = Client(**facts)
    client.handler = HANDLERS[enforce_csrf_checks]
    client.cookies = SimpleCookie(world.cookies.get(actor, "").replace("Set-Cookie:", ""))
    return client


@contextmanager
def written() -> Iterator[list[str]]:
    """The tables that statements of this block write to, whether or not a row changed."""
    tables: list[str] = []

    def watch(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        found = re.match(
            r'\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\s+"?(\w+)', sql, re.I
        )
        if found:
            tables.append(found[1])
        return execute(sql, params, many, context)

    with connections["default"].execute_wrapper(watch), connections["keys"].execute_wrapper(watch):
        yield tables


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic(), transaction.atomic(using="keys"):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="keys")


def ask(world: World, actor: str, verb: str, row: Row, at: dict[str, Any], **facts: Any) -> Any:
    client = browser(world, actor, **facts)
    body = row.body(world) if verb == "POST" else {}
    if row.is_api or verb in ("PUT", "PATCH"):
        return client.generic(verb, reverse(row.name, kwargs=at), b"{}", content_type="application/json")
    return getattr(client, verb.lower())(reverse(row.name, kwargs=at), body)


# The tests


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(name, address) of every route there is, however deep."""
    for each in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, f"{prefix}{each.pattern}")
        elif isinstance(each, URLPattern):
            yield each.name or "", f"{prefix}{each.pattern}"


def test_every_route_has_a_row_and_every_row_a_route():
    named = Counter(name for name, address in routes() if not address.startswith("admin/"))
    assert named[""] == 0
    assert set(named) == {row.name for row in EVERY}
    assert [name for name, count in named.items() if count > 1] == []


def _ids(row: Row) -> str:
    return row.name


@pytest.mark.parametrize("row", EVERY, ids=_ids)
def test_every_actor_with_every_verb_meets_what_the_table_says(world, row):
    wrong, cells = [], 0
    for actor, verb in itertools.product(ACTORS, VERBS):
        if not row.only_verbs and verb not in ("GET", "HEAD", "POST"):
            continue
        with undone(), written() as tables:
            response = ask(world, actor, verb, row, row.at(world))
            response.close()
        cells += 1
        wanted = expected(row, verb, actor, _usual_state(row))
        if response.status_code != wanted:
            wrong.append((actor, verb, wanted, response.status_code))
        if (
            wanted == 302
            and actor in NOBODY
            and not row.is_open
            and not response["Location"].startswith("/sign-in/?next=")
        ):
            wrong.append((actor, verb, "the sign-in page", response["Location"]))
        if verb in ("GET", "HEAD", "OPTIONS") and set(tables) - MAY_BE_WRITTEN:
            wrong.append((actor, verb, "writes nothing", tables))
        if response.status_code in (401, 404, 405) and set(tables):
            wrong.append((actor, verb, "refused, and wrote", tables))
    assert wrong == [], wrong
    assert cells == len(ACTORS) * (len(VERBS) if row.only_verbs else 3)


def _usual_state(row: Row) -> str:
    return {"session": "running", "link": "unused"}.get(row.states, "")


@pytest.mark.parametrize("row", [row for row in EVERY if row.states], ids=_ids)
def test_the_states_of_the_object_change_what_the_table_says_and_nothing_else(world, row):
    wrong, seen = [], []
    verbs = [verb for verb, table in (("GET", row.get), ("POST", row.post)) if table is not None]
    for state, at in STATES[row.states](row, world):
        seen.append(state)
        for actor, verb in itertools.product((*TEAM, *PARTNERS, "cleo", "colleague", "nobody"), verbs):
            with undone(), written() as tables:
                response = ask(world, actor, verb, row, at)
                response.close()
            wanted = expected(row, verb, actor, state)
            acted = wanted not in (302, 401, 404) or (row.states == "ritual" and actor not in NOBODY)
            may_say = CONFLICTS.get((row.name, verb), ()) if acted and wanted != 404 else ()
            allowed = {wanted, *may_say}
            if response.status_code not in allowed:
                wrong.append((state, actor, verb, wanted, response.status_code))
            if verb == "GET" and set(tables) - MAY_BE_WRITTEN:
                wrong.append((state, actor, verb, "writes nothing", tables))
    assert wrong == [], wrong
    assert len(seen) == len(set(seen)) >= 4


# A paper to start with is the same for everybody, and its name is printed in the list of them.
@pytest.mark.parametrize(
    "row", [row for row in EVERY if row.name not in ("link", "starting_paper")], ids=_ids
)
def test_what_is_hidden_and_what_is_not_there_look_the_same(world, row):
    """A stranger's 404 says nothing, not even by its length, about whether there is something."""
    at = row.at(world)
    if not at or row.get is None:
        return
    nowhere = {name: uuid4() for name in at}
    for actor in STRANGERS:
        here = ask(world, actor, "GET", row, at)
        there = ask(world, actor, "GET", row, nowhere)
        assert (here.status_code, _masked(here)) == (there.status_code, _masked(there)), actor


def _masked(response: Any) -> tuple[str, list[tuple[str, str]]]:
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    return body, sorted((name, value) for name, value in response.headers.items() if name != "Content-Length")


@pytest.mark.parametrize("row", EVERY, ids=_ids)
def test_nothing_is_done_without_the_forms_token(world, row):
    for actor, verb in itertools.product(("fay", "ana", "nobody"), ("POST", "PUT", "PATCH", "DELETE")):
        with undone(), written() as tables:
            response = ask(world, actor, verb, row, row.at(world), enforce_csrf_checks=True)
        may_be = {403} if not (row.is_api and actor == "nobody") else {401}
        assert (response.status_code in may_be, tables) == (True, []), (actor, verb, response.status_code)


def test_another_sites_form_is_refused_even_with_a_token(world):
    client = browser(world, "fay", enforce_csrf_checks=True, headers={"origin": "https://evil.example"})
    client.get(reverse("couple_new"))
    client.cookies["csrf"] = "x" * 32
    with written() as tables:
        response = client.post(reverse("couple_new"), {"csrfmiddlewaretoken": "x" * 32})
    assert (response.status_code, tables) == (403, [])


@pytest.mark.parametrize("actor", ["nobody", "fay", "ana", "admin", "colleague"])
def test_the_admin_is_one_rule_for_its_whole_prefix(world, actor):
    """Whoever does not run the installation meets nothing under it; nobody signed in meets the sign-in page."""
    addresses = [address for _, address in routes() if address.startswith("admin/")]
    assert len(addresses) > 10
    for address in addresses:
        path = "/" + re.sub(r"<[^>]+>|\(\?P.*\)\$?", str(world.fay.practice.pk), address).replace(
            "^", ""
        ).replace("$", "")
        for verb in ("GET", "POST", "DELETE"):
            with undone(), written() as tables:
                response = browser(world, actor).generic(verb, path)
            assert response.status_code == (302 if actor == "nobody" else 404), (
                verb,
                path,
                response.status_code,
            )
            assert tables == [], path
