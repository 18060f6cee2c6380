"""The stream's door stands beside the URL conf, so it is walked by itself: as raw ASGI, by everybody."""

import asyncio
import itertools
from uuid import uuid4

import pytest
import time_machine

from clients.models import Partner
from facilitator import asgi, headers
from sessions import live
from tests import world as built
from tests.cast import signed_in
from tests.world import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# Who may watch a session of both; a talk with Ana is hers and the team's.
WATCH = {"session of both": {"fay", "co", "ana", "ben"}, "talk with Ana": {"fay", "co", "ana"}}


def cookies(client):
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


async def knock(path, verb, cookie, **extra):
    """The first thing the door says, and its body if it refuses; the visitor then leaves."""
    sent = []
    gone = asyncio.Event()

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body":
            gone.set()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    given = {"host": "127.0.0.1", "cookie": cookie, **extra}
    scope = {
        "type": "http",
        "method": verb,
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "headers": [(name.encode(), value.encode()) for name, value in given.items() if value],
    }
    await asyncio.wait_for(asgi.application(scope, receive, send), 20)
    return sent


def start(sent):
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.fixture
def world():
    with time_machine.travel(NOW, tick=True):
        made = built.build()
        made.cookies = {name: cookies(signed_in(user)) for name, user in made.people.items()}
        made.cookies["nobody"] = ""
        yield made


def test_everybody_with_every_verb_meets_the_stream_or_nothing(world):
    sessions = {"session of both": world.sessions["running"], "talk with Ana": world.sessions["with Ana"]}

    async def walk():
        wrong = []
        for (what, session), actor, verb in itertools.product(sessions.items(), world.cookies, VERBS):
            sent = await knock(f"{live.PREFIX}{session.pk}", verb, world.cookies[actor])
            status, given = start(sent)
            wanted = 200 if verb == "GET" and actor in WATCH[what] else 404
            if status != wanted:
                wrong.append((what, actor, verb, wanted, status))
            if not {n.lower(): v for n, v in headers.all_headers().items()}.items() <= given.items():
                wrong.append((what, actor, verb, "strict headers", given))
            body = b"".join(m.get("body", b"") for m in sent[1:])
            if status == 404 and body:
                wrong.append((what, actor, verb, "says nothing", body))
            if status == 200 and not body.startswith(b"retry: "):
                wrong.append((what, actor, verb, "only pokes", body))
        return wrong

    assert asyncio.run(walk()) == []


def test_every_state_of_a_session_may_be_watched_by_whom_it_concerns(world):
    async def walk():
        return {
            (state, actor): start(await knock(f"{live.PREFIX}{session.pk}", "GET", world.cookies[actor]))[0]
            for state, session in world.sessions.items()
            for actor in ("fay", "ben", "cleo", "nobody")
        }

    met = asyncio.run(walk())
    assert {
        key: status
        for key, status in met.items()
        if status != (200 if key[1] in ("fay", "ben") and key != ("with Ana", "ben") else 404)
    } == {}


def test_what_is_not_there_another_origin_and_a_partner_who_left_meet_the_same_nothing(world):
    path, ana = f"{live.PREFIX}{world.sessions['running'].pk}", world.cookies["ana"]

    async def walk():
        return [
            await knock(f"{live.PREFIX}{uuid4()}", "GET", ana),
            await knock(f"{live.PREFIX}not-an-id", "GET", ana),
            await knock(path, "GET", ana, origin="https://evil.example"),
            await knock(path, "GET", ana, host="evil.example"),
            await knock(path, "GET", "session=forged"),
        ]

    before = asyncio.run(walk())
    Partner.objects.unscoped("a test lets Ana leave").filter(pk=world.fay.a.pk).update(left_at=NOW)
    after = asyncio.run(knock(path, "GET", ana))
    assert {start(sent)[0] for sent in [*before, after]} == {404}
    assert len({str(sent[1:]) for sent in [*before, after]}) == 1
