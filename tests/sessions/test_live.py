"""The stream: whom it lets in, that it only pokes and whom, when it ends, and what it costs to keep open."""

import asyncio
import http.client
import json
import socket
import statistics
import threading
import time
from contextlib import ExitStack, closing, suppress
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from clients.access import AsFacilitator
from facilitator import headers
from sessions import live
from tests import services
from tests.services import wait_until
from tests.sessions.hall import Hall

STAGE = "from tests.sessions.live_stage import *; "
# Eight threads for pages, the watcher, and the two hands of the worker, which keep theirs.
CONNECTIONS_OF_A_HOUSE = 11


class Listener:
    """One open stream; every line with the instant it came in."""

    def __init__(self, port, session, sign_in="", **more):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
        given = {"Cookie": f"session={sign_in}"} if sign_in else {}
        method = more.pop("method", "GET")
        self.connection.connect()
        self.socket = self.connection.sock
        self.connection.request(method, f"/stream/{session}", headers={**given, **more})
        self.response = self.connection.getresponse()
        self.status, self.lines, self.ended_at = self.response.status, [], None
        self.thread = threading.Thread(target=self._listen, daemon=True)
        if self.status == 200:
            self.thread.start()

    def _listen(self):
        try:
            while line := self.response.fp.readline():
                text = line.strip()
                if text == b"0":
                    break  # the last chunk; the connection itself may be kept
                if text and not _is_chunk_size(text):
                    self.lines.append((time.time(), text))
        except (OSError, ValueError):
            pass
        self.ended_at = time.time()

    def pokes(self, since=0.0):
        return [at for at, text in self.lines if text == b"data:" and at >= since]

    def settled(self):
        """Every stream pokes once when it opens."""
        wait_until(lambda: self.pokes(), what="the first poke", within_s=5)
        return self

    def close(self):
        if self.status == 200 and not self.ended_at:
            # A reader waits on it: closing alone would wait for the reader.
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.thread.join(5)
        self.response.close()
        self.connection.close()


def _is_chunk_size(text):
    return len(text) < 5 and all(letter in b"0123456789abcdef" for letter in text)


class Stage:
    def __init__(self, house):
        self.house = house
        staged = json.loads(self.run("stage()").splitlines()[-1])
        self.session, self.sign_ins = staged["session"], staged["sign_ins"]
        self.open = []

    def run(self, code):
        return self.house.manage("shell", "-v0", "-c", STAGE + code).stdout

    def other_process(self, code):
        return float(self.run(code).split()[-1])

    def listen(self, who="", session="", **more):
        one = Listener(self.house.port, session or self.session, self.sign_ins.get(who, ""), **more)
        self.open.append(one)
        return one

    def post(self, **body):
        """At the API of the process that streams; the instant at which it was answered."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=20)) as api:
            cookie = f"session={self.sign_ins['fay']}; csrf={'0' * 32}"
            given = {"Content-Type": "application/json", "Cookie": cookie, "X-CSRFToken": "0" * 32}
            given["Origin"] = self.house.url
            api.request("POST", f"/api/v1/sessions/{self.session}/commands", json.dumps(body), given)
            answer = api.getresponse()
            return answer.status, json.loads(answer.read()), time.time()

    def hang_up(self):
        while self.open:
            self.open.pop().close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with services.house(tmp_path_factory.mktemp("live") / "data") as house:
        yield Stage(house)


@pytest.fixture
def stage(running):
    yield running
    running.hang_up()


@pytest.mark.services
class TestInARunningHouse:
    REFUSED = [
        ("nobody", "", {}),
        ("another practice", "oli", {}),
        ("the same practice, another couple", "colleague", {}),
        ("another host", "fay", {"Host": "elsewhere.example"}),
        ("another origin", "fay", {"Origin": "http://elsewhere.example"}),
        ("an opaque origin", "fay", {"Origin": "null"}),
        ("a post", "fay", {"method": "POST"}),
        ("a head", "fay", {"method": "HEAD"}),
        ("options", "fay", {"method": "OPTIONS"}),
        ("no session of that name", "fay", {"session": str(uuid4())}),
        ("no name at all", "fay", {"session": "new"}),
        ("more than a name", "fay", {"session": f"{uuid4()}/more"}),
    ]

    @pytest.mark.parametrize(("who", "more"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
    def test_whoever_may_not_look_meets_404_and_the_same_headers(self, stage, who, more):
        one = stage.listen(who, **more)

        assert one.status == 404
        assert one.response.read() == b""
        assert {name: one.response.getheader(name) for name in headers.all_headers()} == headers.all_headers()

    @pytest.mark.parametrize("who", ["fay", "Gil", "A", "B"])
    def test_whoever_may_look_is_let_in(self, stage, who):
        one = stage.listen(who, Origin=stage.house.url).settled()

        assert one.status == 200
        assert one.response.getheader("content-type") == "text/event-stream"
        assert {name: one.response.getheader(name) for name in headers.all_headers()} == headers.all_headers()

    def test_a_command_of_this_process_pokes_at_once_and_one_of_another_within_a_poll(self, stage):
        one = stage.listen("fay").settled()
        own = []
        for number in range(12):
            began = time.time()
            status, _body, _answered = stage.post(by="F", kind="note", text=f"note {number}")
            assert status == 201
            own.append(wait_until(lambda began=began: one.pokes(began), what="a poke", within_s=5)[0] - began)

            # Until the watcher rests again: a poll that comes by chance is a second away, so it is no wake.
            rested = time.time() + 0.15
            wait_until(lambda rested=rested: time.time() > rested, what="a poll", within_s=2)

        # Between the commit and the print there is no waiting, so this may even be a little less than nothing.
        durable = stage.other_process('post("F", "note", text="elsewhere")')
        far = wait_until(lambda: one.pokes(durable - 0.5), what="a poke", within_s=5)[0] - durable

        near = statistics.median(own)
        print(f"POST to poke, same process: median {near * 1000:.0f} ms; another: {far * 1000:.0f} ms")
        assert far < live.POLL_ALONE_S + 0.4
        assert near < 0.5

    def test_a_stream_says_nothing_but_that_there_is_something_new(self, stage):
        everybody = [stage.listen(who).settled() for who in ("fay", "A", "B")]

        stage.post(by="A", kind="arrived")
        stage.post(by="F", kind="note", text="a canary of words")
        wait_until(lambda: len(everybody[0].pokes()) >= 2, what="a poke", within_s=5)

        said = {text for one in everybody for _at, text in one.lines}
        assert {text for text in said if not text.startswith(b"retry: ")} <= {b"data:", b":"}
        assert [text for text in said if text.startswith(b"retry: ") and not text[7:].isdigit()] == []

    def test_anas_number_pokes_the_team_and_her_and_a_note_the_team_only(self, stage):
        fay, ana, ben = (stage.listen(who).settled() for who in ("fay", "A", "B"))

        began = time.time()
        assert stage.post(by="A", kind="arrival_temperature", temperature=7)[0] == 201
        wait_until(lambda: fay.pokes(began) and ana.pokes(began), what="their pokes", within_s=5)

        later = time.time()
        assert stage.post(by="F", kind="note", text="for the team")[0] == 201
        wait_until(lambda: fay.pokes(later), what="the team's poke", within_s=5)

        # What everybody may know reaches Ben after all of that: had he been poked before, it would show here.
        last = time.time()
        assert stage.post(by="B", kind="arrived")[0] == 201
        wait_until(lambda: ben.pokes(last), what="Ben's poke", within_s=5)

        assert ben.pokes(began) == ben.pokes(last)
        assert ana.pokes(later) == ana.pokes(last)

    ENDS = [("signed out", "Gil"), ("off the care team", "Hal"), ("a new password", "Ida")]

    def test_a_stream_ends_with_what_let_it_in(self, stage):
        open_streams = {name: stage.listen(name).settled() for _how, name in self.ENDS}
        stays = stage.listen("fay").settled()

        took = {}
        for how, name in self.ENDS:
            at = stage.other_process(f"end({how!r}, {name!r}, {stage.sign_ins[name]!r})")
            wait_until(lambda name=name: open_streams[name].ended_at, what=f"the end: {how}", within_s=8)
            took[how] = open_streams[name].ended_at - at
            assert stage.listen(name).status == 404

        assert dict.fromkeys(took, True) == {how: s < live.PERMISSION_S + 1 for how, s in took.items()}
        assert stays.ended_at is None

    def test_one_key_posted_by_many_threads_at_once_is_one_line(self, stage):
        answers = []
        gate = threading.Barrier(6)

        def press():
            gate.wait(10)
            answers.append(stage.post(by="F", kind="note", text="once", key="one press")[:2])

        hands = [threading.Thread(target=press) for _ in range(6)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

        assert sorted(status for status, _body in answers) == [200] * 5 + [201]
        assert len({body["line"] for _status, body in answers}) == 1


@pytest.mark.services
def test_idle_streams_hold_no_connection_and_a_stop_ends_them(postgres, tmp_path):
    env = postgres.for_a_house()
    with ExitStack() as ends, services.house(tmp_path / "data", **env) as house:
        stage = Stage(house)
        ends.callback(stage.hang_up)
        stage.listen("fay").settled()
        house_pages(house, 30)

        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            streams = [stage.listen(who).settled() for who in ("fay", "A", "B", "Gil") * 5]
            wait_until(
                lambda: connections_of(database) <= CONNECTIONS_OF_A_HOUSE,
                what="connections to be given back",
                within_s=15,
            )
        assert [stream.ended_at for stream in streams] == [None] * 20

        took = house.stop()
        wait_until(lambda: all(stream.ended_at for stream in streams), what="the streams to end", within_s=3)
        print(f"stopped in {took:.1f} s with 21 streams open")
        assert took < 10


def house_pages(house, number):
    """As many at once as there are threads, so that each has its connection before they are counted."""

    def ask():
        for _ in range(number):
            with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)) as page:
                page.request("GET", "/health/")
                page.getresponse().read()

    hands = [threading.Thread(target=ask) for _ in range(16)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()


def connections_of(database):
    ask = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return database.execute(ask).fetchone()[0]


# The watcher and its questions


def stream_of(session_id, house, number=0):
    viewer = AsFacilitator(house.facilitator.pk, house.practice.pk)
    return live.Stream(session_id, viewer, f"key{number}", house.facilitator.pk, house.facilitator.password)


@pytest.mark.django_db
def test_permission_is_asked_as_often_for_one_stream_as_for_fifty(fay, oli):
    halls = [Hall(fay), Hall(oli)]
    people = [
        live.Stream(hall.session.pk, viewer, "key", hall.house.facilitator.pk, "x")
        for hall in halls
        for viewer in (hall.house.viewer, hall.house.seat("A"), hall.house.seat("B"))
    ]
    many = [*people, *(stream_of(halls[0].session.pk, fay, number) for number in range(44))]

    with CaptureQueriesContext(connection) as one:
        live._still_allowed(people[:1])
    with CaptureQueriesContext(connection) as fifty:
        live._still_allowed(many)

    assert len(fifty) == len(one) == 3


@pytest.mark.django_db
def test_more_viewers_than_one_union_takes_are_asked_in_several(fay):
    session = Hall(fay).session
    strangers = {AsFacilitator(uuid4(), fay.practice.pk): {session.pk} for _ in range(600)}

    assert live._visible_pairs({**strangers, fay.viewer: {session.pk}}) == {(fay.viewer, session.pk)}


@pytest.mark.django_db
def test_a_session_that_did_not_move_is_not_looked_into(fay):
    hall = Hall(fay).begun()
    head = hall.again().head

    with CaptureQueriesContext(connection) as asked:
        assert live._moved({hall.session.pk}, {hall.session.pk: head}) == {}

    assert len(asked) == 1


@pytest.fixture
def committed(transactional_db, fay):
    """A session that other threads can see; what they opened is closed again."""
    yield Hall(fay)
    connections["default"].close()


@pytest.mark.parametrize("blow", ["cancelled", "broken"])
def test_a_watcher_that_stopped_starts_again(committed, blow, caplog):
    async def scene():
        watcher = live.Watcher()
        stream = stream_of(committed.session.pk, committed.house)
        watcher.add(stream)
        await asyncio.wait_for(stream.wake.wait(), 5)
        stream.wake.clear()
        first = watcher.task
        if blow == "cancelled":
            first.cancel()
        else:
            # Nothing like this id can be looked up.
            watcher.streams.add(stream_of("no id", committed.house))
            await asyncio.wait({first}, timeout=5)
            watcher.streams = {stream}
        await asyncio.wait({first}, timeout=5)
        stream.seen = -1
        await asyncio.wait_for(stream.wake.wait(), 5)
        again = watcher.task
        watcher.streams.clear()
        await asyncio.wait_for(again, 5)
        await watcher.close()
        return first, again

    first, again = asyncio.run(scene())
    assert (first.done(), again.done(), first is again) == (True, True, False)
    assert ("starts again" in caplog.text) == (blow == "broken")
