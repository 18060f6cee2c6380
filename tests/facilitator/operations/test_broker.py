"""The broker of the embedded default: messages are files, and a pipe wakes whoever waits for one."""

import os
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest
from kombu import Connection, Exchange, Queue

from facilitator.operations import broker


class Line:
    """Both ends of one queue: what is sent, and a worker in small that notes when each message came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A name of its own: kombu remembers for the whole process what it has declared.
        name = uuid4().hex
        self.queue = Queue(name, Exchange(name, type="direct"), routing_key=name)
        self.heard: list[tuple[str, float]] = []

    def connection(self) -> Connection:
        return Connection(f"{broker.SCHEME}://", transport_options=broker.options(self.folder))

    def send(self, text: str) -> None:
        where = {"exchange": self.queue.exchange, "routing_key": self.queue.routing_key}
        with self.connection() as line, line.Producer() as producer:
            producer.publish({"text": text}, declare=[self.queue], serializer="json", **where)

    def listen(self, *, within_s: float) -> None:
        """Until one message has come; TimeoutError when none does."""
        with self.connection() as line, line.Consumer([self.queue], callbacks=[self._take]):
            line.drain_events(timeout=within_s)

    def _take(self, body, message) -> None:
        self.heard.append((body["text"], time.monotonic()))
        message.ack()

    def listening(self) -> threading.Thread:
        """Waits for one message beside the test; given back once it surely waits."""
        thread = threading.Thread(target=self.listen, kwargs={"within_s": 60})
        thread.start()
        threading.Event().wait(0.5)
        return thread


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "broker")


def test_what_was_sent_before_anybody_listened_is_delivered_in_order(line) -> None:
    line.send("first")
    line.send("second")

    line.listen(within_s=5)
    line.listen(within_s=5)

    assert [text for text, _ in line.heard] == ["first", "second"]


def test_whoever_waits_is_woken_at_once(line) -> None:
    waiting = line.listening()

    sent = time.monotonic()
    line.send("now")
    waiting.join(60)

    [(text, heard)] = line.heard
    assert text == "now"
    assert heard - sent < 1.0


def test_without_a_pipe_it_looks_again_and_again(line) -> None:
    broker.options(line.folder)
    (line.folder / "bell").unlink()
    # A folder in its place, so that no pipe can be made.
    (line.folder / "bell").mkdir()
    waiting = line.listening()

    line.send("found")
    waiting.join(60)

    assert [text for text, _ in line.heard] == ["found"]


def test_nobody_waits_longer_than_asked(line) -> None:
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        line.listen(within_s=0.3)

    assert 0.3 <= time.monotonic() - began < 5


def test_a_message_that_was_read_is_gone(line) -> None:
    line.send("a word")
    line.listen(within_s=5)

    assert os.listdir(line.folder / "queue") == []
    assert os.listdir(line.folder / "done") == []


def test_a_message_that_cannot_be_written_leaves_nothing_and_is_an_error(line, monkeypatch) -> None:
    def refuse(*paths):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(broker.ChannelError):
        line.send("a word")

    assert os.listdir(line.folder / "queue") == []


def test_messages_that_earlier_versions_kept_are_removed(line) -> None:
    broker.options(line.folder)
    (line.folder / "done" / "1_2.celery.msg").write_text("{}")

    broker.tidy(line.folder)

    assert os.listdir(line.folder / "done") == []


def test_the_folder_and_its_pipe_are_their_owners_alone(line) -> None:
    broker.options(line.folder)
    assert {path.stat().st_mode & 0o077 for path in line.folder.iterdir()} == {0}
