"""The web process: uvicorn, except that open streams are asked to end when it is told to stop.

A stream waits on `stopping` beside whatever else it waits for, says goodbye, and returns.
"""

import argparse
import asyncio
import importlib
import socket
import sys
from contextlib import suppress
from types import FrameType

import uvicorn

from facilitator.stopping import stopping

# A stream that does not listen to `stopping`, or a page that hangs, is cut after this long.
GRACE_S = 4
# How many may wait to be let in; and how many of them one process lets in at a time, so that others get their share.
WAITING = 2048
AT_A_TIME = 1
# The Date header tells seconds, so it is renewed each second. uvicorn wakes ten times as often.
TICK_S = 1.0


class Server(uvicorn.Server):
    _loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets=sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        # asyncio takes AT_A_TIME for the length of the queue as well.
        for listener in sockets or []:
            listener.listen(WAITING)

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), TICK_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop:
            self._loop.call_soon_threadsafe(stopping.set)


def config(app: str = "facilitator.asgi:application") -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="none",
        # Addresses hold sign-in links, so nobody writes them down.
        access_log=False,
        log_level="warning",
        server_header=False,
        backlog=AT_A_TIME,
        timeout_graceful_shutdown=GRACE_S,
    )


def main(arguments: list[str] | None = None) -> int:
    """Serve on a socket the supervisor has opened, or on one of our own."""
    parser = argparse.ArgumentParser(prog="python -m facilitator.operations.server")
    parser.add_argument("--app", default="facilitator.asgi:application")
    parser.add_argument("--fd", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)

    if chosen.fd is None:
        listener = socket.create_server((chosen.host, chosen.port), backlog=WAITING)
    else:
        listener = socket.socket(fileno=chosen.fd)

    Server(config(chosen.app)).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    # By its own name: run as __main__ there would be two modules, and two events called `stopping`.
    sys.exit(importlib.import_module("facilitator.operations.server").main())
