"""The stream: it only pokes. "There is something new for you", and each screen fetches its own checked fragment.

One watcher per process looks at the heads of the sessions somebody watches; a commit in this process wakes it at
once, what other processes wrote it finds at its next poll. Streams carry no id, no body and no cursor.
"""

import asyncio
import logging
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session as SignIn
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.db.models import Max

from clients.access import AsFacilitator, AsPartner, AsRoom, Audience, Viewer, viewer_of
from clients.turned import turned_in
from facilitator import headers
from facilitator.models import User
from facilitator.now import now
from facilitator.stopping import stopping
from sessions.models import Moment, Session

logger = logging.getLogger(__name__)

PREFIX = "/stream/"
# How often to look for what other processes wrote: seldom where one process serves, as nobody else moves a session.
POLL_S = 0.1
POLL_ALONE_S = 1.0
HEARTBEAT_S = 15.0
# With the longest poll on top, a right that was taken away ends a stream within five seconds.
PERMISSION_S = 4.0
# A watcher that stopped starts again after this long, so that a database that is away is not hammered.
AGAIN_S = 0.5
# SQLite takes no more than 500 parts of one UNION.
VIEWERS_AT_ONCE = 200
# A stream ends by itself now and then, so that a proxy or a phone never holds one for a day.
LIFE_S = 600.0
# Who may have reached this door at most at once, so that a forgotten tab cannot starve a process.
MOST = 4000
LONGEST_TAB = 40
# What a stream says: look again, or only that it is still there.
POKE = "data:\n\n"
STILL_THERE = ":\n\n"

Heads = dict[tuple[str, UUID | None], int]


@dataclass(frozen=True)
class Answered:
    """A page that pressed, and was answered with the session up to this Moment."""

    session_id: UUID
    tab: str
    head: int


@dataclass(eq=False)
class Stream:
    session_id: UUID
    viewer: Viewer
    sign_in: str
    user_id: UUID
    password: str
    # Made by the page; tells it apart from another tab of the same sign-in.
    tab: str = ""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = -1
    over: bool = False

    def newest(self, heads: Heads) -> int:
        """The newest Moment this viewer may know of; a private one of somebody else never moves it."""
        if isinstance(self.viewer, AsFacilitator):
            return max(heads.values(), default=0)

        mine = {(str(Audience.JOINT), None)}
        if isinstance(self.viewer, AsPartner):
            for audience in (Audience.OWN, Audience.OWN_F, Audience.REL):
                mine.add((str(audience), self.viewer.partner_id))

        newest = [number for readers, number in heads.items() if readers in mine]
        return max(newest, default=0)


def poll_s() -> float:
    """Seconds between two looks. On SQLite all web processes are of this machine, so their number is known."""
    on_sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    is_alone = settings.PROCESSES == 1 and on_sqlite
    return POLL_ALONE_S if is_alone else POLL_S


class Watcher:
    """Referenced by the module and restarted by whoever opens a stream: a lost task would be silence."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.heads: dict[UUID, int] = {}
        self.task: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.woken = asyncio.Event()
        self.closing = False
        # One thread, so one database connection, given back while nobody watches.
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watcher")

    def add(self, stream: Stream) -> None:
        self.streams.add(stream)
        self.heads.pop(stream.session_id, None)
        self.loop = asyncio.get_running_loop()
        self.woken.set()
        self._start()

    def _start(self) -> None:
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.watch())
            self.task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """A watcher that stopped while somebody still looks starts again, with a connection of its own."""
        error = None
        if not task.cancelled():
            error = task.exception()
        if error is not None:
            logger.error("the watcher stopped on %s and starts again", type(error).__name__)

        if self.streams and not self.closing:
            task.get_loop().call_later(AGAIN_S, self._start)

    async def watch(self) -> None:
        try:
            await self._look()
        finally:
            self.heads.clear()
            if not self.closing:
                self.thread.submit(_let_go)

    async def _look(self) -> None:
        """While somebody watches: poke those for whom there is something new, and end what is not allowed."""
        next_permission = self._time() + PERMISSION_S
        while self.streams:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.woken.wait(), poll_s())
            self.woken.clear()

            watched = {stream.session_id for stream in self.streams}
            moved = await self._asked(_moved, watched, dict(self.heads))
            for session_id, (head, heads) in moved.items():
                self.heads[session_id] = head
                self._poke(session_id, heads)

            if self._time() >= next_permission:
                next_permission = self._time() + PERMISSION_S
                await self._end_not_allowed()

    async def _end_not_allowed(self) -> None:
        # Only those that are asked about now: one may come in meanwhile.
        asked = set(self.streams)
        allowed = await self._asked(_still_allowed, asked)
        for stream in asked - allowed:
            stream.over = True
            stream.wake.set()

    def heard(self, answered: Answered | None) -> None:
        """Look at once. The page that pressed has what is new in its answer, so its stream does not poke it."""
        if answered is not None and answered.tab:
            for stream in self.streams:
                if stream.session_id == answered.session_id and stream.tab == answered.tab:
                    stream.seen = answered.head

        self.woken.set()

    def _poke(self, session_id: UUID, heads: Heads) -> None:
        for stream in self.streams:
            if stream.session_id == session_id and stream.newest(heads) != stream.seen:
                stream.seen = stream.newest(heads)
                stream.wake.set()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    async def _asked(self, question: Any, *about: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.thread, question, *about)

    async def close(self) -> None:
        self.closing = True
        if self.task:
            self.task.cancel()
        self.thread.shutdown(wait=False)


watcher = Watcher()


def woke(answered: Answered | None = None) -> None:
    """Called after a commit, from any thread: this process looks at once instead of at its next poll."""
    if watcher.loop is not None and watcher.streams:
        watcher.loop.call_soon_threadsafe(watcher.heard, answered)


def _moved(watched: set[UUID], known: dict[UUID, int]) -> dict[UUID, tuple[int, Heads]]:
    """Sessions whose head differs from what this process knows, with the newest Moment per audience and owner."""
    sessions = Session.objects.unscoped("the watcher reads heads").filter(pk__in=watched)
    rows = sessions.values_list("pk", "head")
    new = {pk: head for pk, head in rows if known.get(pk) != head}
    if not new:
        return {}

    heads: dict[UUID, Heads] = {pk: {} for pk in new}
    newest = (
        Moment.objects.unscoped("the watcher reads heads per audience")
        .filter(session__in=new)
        .order_by()
        .values_list("session", "audience", "owner")
        .annotate(newest=Max("number"))
    )
    for session_id, audience, owner, number in newest:
        if audience == Audience.JOINT:
            owner = None
        heads[session_id][audience, owner] = number

    return {pk: (head, heads[pk]) for pk, head in new.items()}


def _let_go() -> None:
    """Asked on the watcher's own thread: the connection is looked up where this runs."""
    connection.close()


def _still_allowed(streams: Iterable[Stream]) -> set[Stream]:
    """Re-read what lets a stream be open: the sign-in, the account, and the right to see the session."""
    streams = list(streams)

    keys = {stream.sign_in for stream in streams}
    sign_ins = SignIn.objects.filter(session_key__in=keys, expire_date__gt=now())
    kept_in = dict(sign_ins.values_list("session_key", "session_data"))

    people = User.objects.filter(pk__in={stream.user_id for stream in streams}, is_active=True)
    passwords = dict(people.values_list("pk", "password"))

    by_viewer: dict[Viewer, set[UUID]] = {}
    for stream in streams:
        by_viewer.setdefault(stream.viewer, set()).add(stream.session_id)
    visible = _visible_pairs(by_viewer)

    allowed = set()
    for stream in streams:
        if stream.sign_in not in kept_in:
            continue
        if passwords.get(stream.user_id) != stream.password:
            continue
        if not _still_looks(stream.viewer, kept_in[stream.sign_in]):
            continue
        if (stream.viewer, stream.session_id) in visible:
            allowed.add(stream)
    return allowed


def _still_looks(viewer: Viewer, kept: str) -> bool:
    """A screen that was turned, or turned back, since its stream opened looks as somebody else now."""
    if not isinstance(viewer, AsFacilitator | AsRoom):
        return True

    turned = turned_in(_sign_ins().SessionStore().decode(kept))
    if turned is None:
        return isinstance(viewer, AsFacilitator)
    return viewer == AsRoom(turned.session)


def _sign_ins() -> Any:
    return import_module(settings.SESSION_ENGINE)


def _visible_pairs(by_viewer: dict[Viewer, set[UUID]]) -> set[tuple[Viewer, UUID]]:
    """(viewer, session) that may still be seen; one UNION query for every two hundred viewers."""
    viewers = list(by_viewer)
    found: set[tuple[Viewer, UUID]] = set()
    for start in range(0, len(viewers), VIEWERS_AT_ONCE):
        found |= _visible_to_each(viewers[start : start + VIEWERS_AT_ONCE], by_viewer)
    return found


def _visible_to_each(viewers: list[Viewer], by_viewer: dict[Viewer, set[UUID]]) -> set[tuple[Viewer, UUID]]:
    """As `_visible_pairs`, in one query; each row says by number for which viewer it was found."""
    queries = [
        Session.objects.visible_to(viewer)
        .filter(pk__in=by_viewer[viewer])
        .order_by()
        .extra(select={"viewer": "%s"}, select_params=[index])
        .values_list("viewer", "pk")
        for index, viewer in enumerate(viewers)
    ]

    rows = queries[0]
    if len(queries) > 1:
        rows = rows.union(*queries[1:], all=True)
    return {(viewers[int(index)], pk) for index, pk in rows}


async def door(scope: Any, receive: Any, send: Any) -> None:
    """GET /stream/<session>: 404 for everybody who may not see that session, whoever they are."""
    stream = None
    if scope["method"] == "GET" and len(watcher.streams) < MOST:
        stream = await asyncio.to_thread(_admit, scope)

    if stream is None:
        await _answer(send, 404, [(b"content-type", b"text/plain"), (b"content-length", b"0")])
        await send({"type": "http.response.body", "body": b""})
        return

    await _answer(send, 200, [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")])
    await _run(stream, receive, send)


async def _answer(send: Any, status: int, own: list[tuple[bytes, bytes]]) -> None:
    house = [(name.lower().encode(), value.encode()) for name, value in headers.all_headers().items()]
    await send({"type": "http.response.start", "status": status, "headers": own + house})


def _admit(scope: Any) -> Stream | None:
    """The stream of whoever asks; None for everybody who may not see that session."""
    try:
        return _stream_for(ASGIRequest(scope, None))
    except (ValueError, DisallowedHost):
        return None
    finally:
        connection.close()


def _stream_for(request: ASGIRequest) -> Stream | None:
    """The same questions as every page: this host, this origin, this sign-in, this viewer, this session."""
    host = request.get_host()
    session_id = UUID(request.scope["path"].removeprefix(PREFIX).rstrip("/"))
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != host:
        return None

    request.session = _sign_ins().SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = get_user(request)
    viewer = viewer_of(request)
    if viewer is None or not Session.objects.visible_to(viewer).filter(pk=session_id).exists():
        return None

    user: Any = request.user
    tab = request.GET.get("tab", "")[:LONGEST_TAB]
    sign_in = request.session.session_key or ""
    return Stream(session_id, viewer, sign_in, user.pk, user.password, tab)


async def _run(stream: Stream, receive: Any, send: Any) -> None:
    """Poke, breathe, and end when the sign-in, the server or the visitor does."""
    gone = asyncio.create_task(_disconnected(receive))
    stop = asyncio.create_task(stopping.wait())
    watcher.add(stream)
    end = asyncio.get_running_loop().time() + LIFE_S

    try:
        await _say(send, f"retry: {random.randint(500, 2500)}\n\n")

        while not stream.over and asyncio.get_running_loop().time() < end:
            poke = asyncio.create_task(stream.wake.wait())
            done, _ = await asyncio.wait(
                {poke, gone, stop}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
            )
            poke.cancel()
            if gone in done or stop in done:
                break

            stream.wake.clear()
            if not stream.over:
                await _say(send, POKE if poke in done else STILL_THERE)

        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        watcher.streams.discard(stream)
        gone.cancel()
        stop.cancel()


async def _say(send: Any, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _disconnected(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
