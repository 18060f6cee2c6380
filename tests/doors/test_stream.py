"""The stream's address is not in the URL conf, so it is tested here: as raw ASGI, by every actor with every verb."""

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
    status = sent[0]["status"]
    return status, {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def faults(sent, wanted):
    """What is wrong with an answer of the door: its status, its headers, or what it says."""
    status, given = start(sent)
    strict = {name.lower(): value for name, value in headers.all_headers().items()}
    body = b"".join(message.get("body", b"") for message in sent[1:])

    if status != wanted:
        yield wanted, status
    if not strict.items() <= given.items():
        yield "strict headers", given
    if status == 404 and body:
        yield "says nothing", body
    if status == 200 and not body.startswith(b"retry: "):
        yield "only pokes", body


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
            wanted = 200 if verb == "GET" and actor in WATCH[what] else 404
            sent = await knock(f"{live.PREFIX}{session.pk}", verb, world.cookies[actor])
            wrong += [(what, actor, verb, *fault) for fault in faults(sent, wanted)]
        return wrong

    assert asyncio.run(walk()) == []


def test_every_state_of_a_session_may_be_watched_by_whom_it_concerns(world):
    async def walk():
        return {
            (state, actor): start(await knock(f"{live.PREFIX}{session.pk}", "GET", world.cookies[actor]))[0]
            for state, session in world.sessions.items()
            for actor in ("fay", "ben", "cleo", "nobody")
        }

    def may_watch(state, actor):
        return actor == "fay" or (actor == "ben" and state != "with Ana")

    met = asyncio.run(walk())

    assert met == {key: 200 if may_watch(*key) else 404 for key in met}


def test_unknown_sessions_other_origins_and_partners_who_left_meet_the_same_404(world):
    path = f"{live.PREFIX}{world.sessions['running'].pk}"
    ana = world.cookies["ana"]

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
