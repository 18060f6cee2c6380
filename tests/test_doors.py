"""Every door: route × verb × actor, and per route the states of its own object. A route without a row fails.

Who is who (tests/world.py): the *team* is Fay, who leads, and Gil, a co-facilitator both agreed to. Everybody
else who can sign in is a stranger to Ana and Ben: Cleo of another couple, Oli who leads it, Hal whom only Ana
agreed to, Ida who was removed, Jo of the same practice, Kim its admin, and Eve, who left. Lou's account is
closed, so Lou is nobody. A stranger meets 404, nobody signed in meets the sign-in page or 401.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections, transaction
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clients.models import Partner
from clients.rituals.models import Ritual, RitualConsent, SignInLink
from facilitator.crypto import seal_blob
from reports.documents.building import BOUND_TO
from reports.models import Document
from sessions.kinds import ALWAYS
from sessions.models import Agreement
from tests import world as built
from tests.cast import signed_in
from tests.world import NOW, TO_STATE, World

pytestmark = pytest.mark.django_db

VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
TEAM = ("fay", "co")
PARTNERS = ("ana", "ben")
STRANGERS = ("cleo", "oli", "co not agreed", "co removed", "colleague", "admin", "left")
NOBODY = ("nobody", "inactive")
ACTORS = (*TEAM, *PARTNERS, *STRANGERS, *NOBODY)
GROUPS = {"team": TEAM, "partners": PARTNERS, "strangers": STRANGERS, "nobody": NOBODY, "everybody": ACTORS}
GROUPS |= {"facilitators": ("fay", "co", "oli", "co not agreed", "co removed", "colleague")}
GROUPS |= {"with password": (*GROUPS["facilitators"], "admin")}
GROUPS |= {"viewers": (*GROUPS["facilitators"], *PARTNERS, "cleo")}
GROUPS |= {"signed in": tuple(a for a in ACTORS if a not in NOBODY)}

# What a GET may write: who looked, and nothing else.
MAY_BE_WRITTEN = {"facilitator_auditentry", "facilitator_audithead"}

Table = dict[str, int]


@dataclass(frozen=True)
class Row:
    """One route. `get` and `post` say who meets what; whoever is not named meets 404, or the sign-in page."""

    name: str
    get: Table | None = None
    post: Table | None = None
    # What the address needs, and what is posted; both from the world.
    at: Callable[[World], dict[str, Any]] = lambda world: {}
    body: Callable[[World], dict[str, Any]] = lambda world: {"something": "else"}
    # The states of the route's own object, one at a time, and where one of them changes an answer.
    states: str = ""
    but: dict[tuple[str, str], Table] = field(default_factory=dict)
    is_api: bool = False
    is_open: bool = False
    # Verbs a view of somebody else's takes for GET or POST.
    also: dict[str, Table] = field(default_factory=dict)
    only_verbs: bool = True


def session(world: World) -> dict[str, Any]:
    return {"session_id": world.sessions["running"].pk}


def couple(world: World) -> dict[str, Any]:
    return {"couple_id": world.fay.couple.pk}


def ana(world: World) -> dict[str, Any]:
    return {"partner_id": world.fay.a.pk}


def shared_ritual(world: World) -> dict[str, Any]:
    return {"ritual_id": world.rituals["both"].pk}


def agreement(world: World) -> dict[str, Any]:
    found = Agreement.objects.unscoped("a test looks").get(session=world.sessions["ended"])
    return {"agreement_id": found.pk}


def paper(kind: str, owner: str = "") -> Callable[[World], dict[str, Any]]:
    def at(world: World) -> dict[str, Any]:
        return {
            "document_id": next(
                p.pk for p in world.papers() if p.kind == kind and (p.owner.slot if p.owner else "") == owner
            )
        }

    return at


def accounts(name: str, get: Table, post: Table | None = None, **more: Any) -> Row:
    """django-allauth's own pages: they know no couple, so there is nobody to be a stranger to."""
    return Row(name, get=get, post=post if post is not None else get, only_verbs=False, **more)


ENDED_ONLY = {("GET", state): {"team": 302} for state in TO_STATE if state != "ended"}
ROWS = [
    # The front door
    Row("home", get={"facilitators": 200, "admin": 200, "partners": 302, "cleo": 302, "nobody": 302}, is_open=True),
    Row("first_run", get={}, post={}, is_open=True),
    Row("load_demo", post={}, is_open=True),
    Row("health", get={"everybody": 200}, is_open=True),
    Row("mail_settings", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("mail_test", post={}),
    Row("mailbox", get={"facilitators": 200}),
    # Signing in
    accounts("account_login", {"signed in": 302, "nobody": 200}, is_open=True),
    accounts("account_logout", {"signed in": 200, "nobody": 302}, {"everybody": 302}, is_open=True),
    accounts("account_signup", {"signed in": 302, "nobody": 200}, is_open=True),
    accounts("account_reauthenticate", {"with password": 200}),
    accounts("account_change_password", {"with password": 200}),
    accounts("mfa_authenticate", {"everybody": 302}, is_open=True),
    accounts("mfa_reauthenticate", {"with password": 302}),
    accounts("mfa_index", {"with password": 200}, {"with password": 405}),
    accounts("mfa_activate_totp", {"with password": 302}),
    accounts("mfa_deactivate_totp", {}),
    accounts("mfa_view_recovery_codes", {}, {"with password": 405}),
    accounts("mfa_generate_recovery_codes", {"with password": 302}),
    accounts("mfa_download_recovery_codes", {}),
    # Couples
    Row("couple_new", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("couple", get={"team": 200}, at=couple),
    Row("partner", get={"team": 200}, post={"team": 200}, at=ana),
    Row("plan", get={"team": 200}, post={"team": 422}, at=couple),
    # Sessions
    Row("session", get={"team": 200}, at=session, states="session", but=ENDED_ONLY),
    Row("desk", get={"team": 200}, at=session, states="session"),
    Row("desk_fragment", get={"team": 200}, at=session, states="session"),
    Row("command", post={"team": 422}, at=session, states="session"),
    Row(
        "read_through", post={"team": 409}, at=session, states="session",
        body=lambda w: {"partner": str(w.fay.a.pk)}, but={("POST", "ended"): {"team": 302}},
    ),
    Row("session_file", get={"team": 200}, at=session, states="session"),
    Row("api_commands", post={"team": 422}, at=session, states="session", is_api=True),
    Row("api_reading", get={"team": 200}, at=session, states="session", is_api=True),
    Row("agreement_ritual", get={"team": 200}, post={"team": 422}, at=agreement),
    # Papers
    Row("documents", get={"viewers": 200}),
    Row("documents_prepare", post={}, at=session, states="session", but={("POST", "ended"): {"team": 302}}),
    # Rituals, the facilitator's side
    Row("couple_rituals", get={"team": 200}, at=couple),
    Row("ritual_propose", get={"team": 200}, post={"team": 200}, at=couple),
    Row("ritual_change", post={"team": 302}, at=shared_ritual, states="ritual"),
    Row("partner_link", post={"team": 302}, at=ana),
    # A partner's own pages
    Row("portal", get={"partners": 200, "cleo": 200}),
    Row("partner_sign_out", post={"partners": 200, "cleo": 200}),
    Row("ritual_answer", post={"partners": 422}, at=shared_ritual, states="ritual"),
    Row("ritual_consent", post={"partners": 422}, at=shared_ritual, states="ritual"),
    Row("ritual_rest", post={"partners": 302}, at=shared_ritual, states="ritual"),
    Row("ritual_resume", post={"partners": 302}, at=shared_ritual, states="ritual"),
    Row("api_rituals", get={"partners": 200, "cleo": 200}, is_api=True),
    Row("api_today", get={"partners": 200, "cleo": 200}, is_api=True),
    Row("api_answer", post={"partners": 400}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_consent", post={"partners": 400}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_rest", post={"partners": 200}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_resume", post={"partners": 200}, at=shared_ritual, states="ritual", is_api=True),
    # Links
    Row(
        "link", get={"everybody": 200}, post={"everybody": 302}, is_open=True, states="link",
        at=lambda w: {"token": w.links["unused"]},
        but={(verb, state): {"everybody": 404} for verb in ("GET", "POST") for state in ("used", "too old", "revoked")},
    ),
]  # fmt: skip
# One address, several kinds of paper: each has readers of its own.
PAPERS = [
    Row("document", get={"team": 200}, at=paper("facilitator_record"), states="document"),
    Row("document", get={"team": 200, "ana": 200}, at=paper("partner_copy", "A"), states="document"),
    Row("document", get={"team": 200, "ben": 200}, at=paper("partner_copy", "B"), states="document"),
    Row("document", get={"team": 200, "partners": 200}, at=paper("joint_summary"), states="document"),
]
# A ritual of one is nobody else's: not even that it is.
OWN = [
    Row(name, post={"ana": status}, at=lambda w: {"ritual_id": w.rituals["Ana's"].pk}, is_api=api)
    for name, status, api in (
        ("ritual_answer", 422, False),
        ("ritual_consent", 422, False),
        ("ritual_rest", 302, False),
        ("ritual_resume", 302, False),
        ("api_answer", 400, True),
        ("api_consent", 400, True),
        ("api_rest", 200, True),
        ("api_resume", 200, True),
    )
] + [Row("ritual_change", post={"team": 302}, at=lambda w: {"ritual_id": w.rituals["Ben's"].pk})]
EVERY = ROWS + PAPERS + OWN


# States of a route's own object: the enum it has, and how it comes to be so


def _session_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    # *Wrapping up* is a reading of *running* at a later instant: no row differs.
    assert set(TO_STATE) == set(ALWAYS) - {"wrapping_up"}
    for state in TO_STATE:
        yield state, {"session_id": world.sessions[state].pk}


def _ritual_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    mine = Ritual.objects.unscoped("a test sets a state").filter(pk=world.rituals["both"].pk)
    yes = RitualConsent.objects.unscoped("a test sets a state").filter(ritual=world.rituals["both"].pk)
    for state, answer in itertools.product(Ritual.State, RitualConsent.Answer):
        mine.update(state=state)
        yes.update(answer=answer)
        yield f"{state}, {answer}", row.at(world)


def _document_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    at = row.at(world)
    mine = Document.objects.unscoped("a test sets a state").filter(pk=at["document_id"])
    for state in Document.State:
        mine.update(state=state)
        yield state, at


def _link_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    links = SignInLink.objects.unscoped("a test spends a link").order_by("made_at", "pk")
    links.filter(partner=world.fay.a).exclude(digest="").update(used_at=None)
    yield "unused", {"token": world.links["unused"]}
    yield "too old", {"token": world.links["too old"]}
    links.update(used_at=NOW)
    yield "used", {"token": world.links["used"]}
    links.update(used_at=None)
    Partner.objects.unscoped("a test lets Ana leave").filter(pk=world.fay.a.pk).update(left_at=NOW)
    yield "revoked", {"token": world.links["unused"]}
    Partner.objects.unscoped("a test brings Ana back").filter(pk=world.fay.a.pk).update(left_at=None)


STATES = {
    "session": _session_states,
    "ritual": _ritual_states,
    "document": _document_states,
    "link": _link_states,
}


def ready(world: World) -> None:
    """Papers as their sweep leaves them; what they say is another test's."""
    sealed = seal_blob(b"%PDF-1.7", scopes=[(world.fay.couple.pk, world.fay.couple.pk)], bound_to=BOUND_TO)
    Document.objects.unscoped("a test sets a state").update(state=Document.State.READY, sealed=sealed)


# The world, once for this file


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    # Thousands of requests from one address are this test's own.
    unhurried = override_settings(ACCOUNT_RATE_LIMITS=False)
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False), unhurried:
        with transaction.atomic(), transaction.atomic(using="keys"):
            made = built.build()
            ready(made)
            made.cookies = {
                name: signed_in(user).cookies.output()
                for name, user in made.people.items()
                if name not in NOBODY
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


def expected(row: Row, verb: str, actor: str, state: str = "") -> int:
    # REST framework's function views know no HEAD.
    shown = "GET" if verb == "HEAD" and not row.is_api else verb
    table = row.but.get((shown, state), {"GET": row.get, "POST": row.post}.get(shown))
    if table is None:
        if actor in NOBODY and not row.is_open:
            return 401 if row.is_api else 302
        return 405
    for who, status in table.items():
        if actor in GROUPS.get(who, (who,)):
            return status
    if actor in NOBODY and not row.is_open:
        return 401 if row.is_api else 302
    return 404


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
            allowed = (
                {wanted, *CONFLICTS.get((row.name, verb), ())}
                if wanted not in (302, 401, 404)
                or row.states == "ritual"
                and wanted == 302
                and actor not in NOBODY
                else {wanted}
            )
            if response.status_code not in allowed:
                wrong.append((state, actor, verb, wanted, response.status_code))
            if verb == "GET" and set(tables) - MAY_BE_WRITTEN:
                wrong.append((state, actor, verb, "writes nothing", tables))
    assert wrong == [], wrong
    assert len(seen) == len(set(seen)) >= 4


# Where the rules have a say about the state, a kind sentence comes instead; never to a stranger.
CONFLICTS = {
    (name, "POST"): (409,)
    for name in ("ritual_change", "ritual_rest", "ritual_resume", "ritual_answer", "ritual_consent",
                 "api_rest", "api_resume", "api_answer", "api_consent")
}  # fmt: skip


@pytest.mark.parametrize("row", [row for row in EVERY if row.name not in ("link",)], ids=_ids)
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
