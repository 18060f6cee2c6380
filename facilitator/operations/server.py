"""The web process: uvicorn, except that open streams are asked to end when it is told to stop.

A stream waits on `stopping` beside whatever else it waits for, says goodbye, and returns.
"""

import argparse
import asyncio
import importlib
import socket
import sys
from types import FrameType

import uvicorn

from facilitator.stopping import stopping

# A stream that does not listen to `stopping`, or a page that hangs, is cut after this long.
GRACE_S = 4


class Server(uvicorn.Server):
    _loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(stopping.set)
        super().handle_exit(sig, frame)


def config(app: str = "facilitator.asgi:application") -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="none",
        # Addresses hold sign-in links, so nobody writes them down.
        access_log=False,
        log_level="warning",
        server_header=False,
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
        listener = socket.create_server((chosen.host, chosen.port), backlog=2048)
    else:
        listener = socket.socket(fileno=chosen.fd)
    Server(config(chosen.app)).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    # By its own name: run as __main__ there would be two modules, and two events called `stopping`.
    sys.exit(importlib.import_module("facilitator.operations.server").main())
