"""The broker of the embedded default: a message is a file, and a byte in a pipe wakes the worker at once.

kombu's own file-system broker looks into its folder several times a second, may read a message that is only half
written, and keeps every message that was read.
"""

import os
import select
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME = "folder"
# How often to look where the pipe does not tell: it could not be made, or no more may be taken until a task is done.
POLL_S = 0.2


def options(folder: Path) -> dict[str, str]:
    """What the transport has to know about a folder, which is made if it is not there."""
    for name in ("queue", "done", "control"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    # Some file systems have no pipes. There the worker looks again and again.
    with suppress(OSError):
        os.mkfifo(folder / "bell", 0o600)

    return {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "processed_folder": str(folder / "done"),
        "control_folder": str(folder / "control"),
        "bell": str(folder / "bell"),
    }


def tidy(folder: Path) -> None:
    """Remove the messages that earlier versions kept after reading them."""
    for message in (folder / "done").glob("*.msg"):
        message.unlink(missing_ok=True)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        """A message appears whole or not at all."""
        name = f"{time.time_ns()}_{uuid4()}.{queue}.msg"
        draft = Path(self.data_folder_out, f".{name}")

        try:
            draft.write_text(dumps(payload))
            draft.rename(draft.with_name(name))
        except OSError as refused:
            draft.unlink(missing_ok=True)
            raise ChannelError(f"No message could be written to {draft.parent}.") from refused

        _wake(self.transport_options["bell"])

    def _get(self, queue: str) -> Any:
        """The oldest message. Whoever moves it first has it; once read it is gone."""
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue

            taken = Path(self.processed_folder, name)
            try:
                Path(self.data_folder_in, name).rename(taken)
            except FileNotFoundError:
                continue

            message = loads(taken.read_text())
            taken.unlink()
            return message
        raise Empty


class Transport(filesystem.Transport):
    Channel = Channel
    # No host: kombu warns of one that is missing.
    default_connection_params: dict[str, Any] = {}

    _bell: int | None = None

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message; while there is none, wait for the bell."""
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while True:
            with suppress(Empty):
                self.cycle.get(self._deliver, timeout=timeout)
                return

            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._wait(left)

    def _wait(self, at_most_s: float) -> None:
        bell = self._opened_bell()
        if bell is None:
            time.sleep(min(at_most_s, POLL_S))
            return

        may_take_more = all(channel.qos.can_consume() for channel in self.channels)
        if not may_take_more:
            at_most_s = min(at_most_s, POLL_S)

        ready, _, _ = select.select([bell], [], [], None if at_most_s == float("inf") else at_most_s)
        if ready:
            os.read(bell, 4096)

    def _opened_bell(self) -> int | None:
        """The pipe, held open for writing too: otherwise it would read as ended while nobody writes."""
        if self._bell is None:
            with suppress(OSError):
                self._bell = os.open(self.client.transport_options["bell"], os.O_RDWR | os.O_NONBLOCK)
        return self._bell

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        if self._bell is not None:
            os.close(self._bell)
            self._bell = None


def _wake(bell: str) -> None:
    """Nothing happens where nobody waits, or where the pipe is full and has woken somebody already."""
    with suppress(OSError):
        pipe = os.open(bell, os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, b".")
        finally:
            os.close(pipe)


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
