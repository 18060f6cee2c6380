"""Real services for tests: PostgreSQL, Redis, an SMTP server, Chromium and the whole house.

Nothing here is a stand-in. Each lives in a temporary folder, on a free loopback port, as long as the run.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as modern
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests import ready_databases
from tests.surroundings import ROOT, clean_env

SESSION_FILES = ROOT / "tests" / "session_files"
CHROMIUM_FLAGS = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class LeftOut(Exception):
    """A program these tests need is not on this machine; the text says which and how to get it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], Any], *, what: str, within_s: float = 20.0) -> Any:
    """Ask until the answer is true; fails with what was waited for."""
    deadline = time.monotonic() + within_s
    while not (answer := true()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:.0f} s for {what}")
        threading.Event().wait(0.02)
    return answer


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-2000:] if path.exists() else ""


# PostgreSQL


def postgres_programs() -> Path:
    """The newest folder that holds initdb; Debian keeps it off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise LeftOut("PostgreSQL is not installed: apt-get install postgresql")
    return found[-1].parent if found else Path(str(on_path)).parent


@dataclass
class Postgres:
    port: int
    password: str
    folder: Path
    process: subprocess.Popen[bytes]
    made: int = 0
    # Two databases with all tables, copied for each house.
    ready: tuple[str, str] | None = None

    def database(self, *, like: str = "template0") -> str:
        """A new database, empty unless it is to be `like` another; its address as DATABASE_URL takes it."""
        self.made += 1
        name = f"third_chair_{self.made}"
        self.run("createdb", "-T", like, "-E", "UTF8", name)
        return self.url(name)

    def for_a_house(self) -> dict[str, str]:
        """Two new databases that hold all tables and nothing else, as a house's environment names them."""
        if self.ready is None:
            words, keys = self.database(), self.database()
            ready_databases.migrate("default", DATABASE_URL=words, KEYS_DATABASE_URL=keys)
            ready_databases.migrate("keys", DATABASE_URL=words, KEYS_DATABASE_URL=keys)
            self.ready = (words.rpartition("/")[2], keys.rpartition("/")[2])

        words, keys = self.ready
        return {"DATABASE_URL": self.database(like=words), "KEYS_DATABASE_URL": self.database(like=keys)}

    def url(self, name: str) -> str:
        return f"postgres://owner:{self.password}@127.0.0.1:{self.port}/{name}"

    def run(self, program: str, *arguments: str) -> str:
        who = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "owner",
            "PGPASSWORD": self.password,
        }
        done = subprocess.run(
            [postgres_programs() / program, *arguments],
            env={**os.environ, **who},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise AssertionError(f"{program}: {done.stderr}")
        return done.stdout


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """PostgreSQL refuses to run as root, so there it runs as the user its package made."""
    programs = postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="third-chair-pg-"))
    rights: dict[str, Any] = {}
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        rights = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    password, port, log = secrets.token_hex(16), free_port(), folder / "log"
    secret = folder / "password"
    secret.write_text(password)
    if rights:
        os.chown(secret, rights["user"], rights["group"])
    command = [programs / "initdb", "-D", folder / "data", "-U", "owner", f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--no-sync", "--locale=C.UTF-8", "-E", "UTF8"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **rights)
    settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder}
    settings |= {"fsync": "off", "max_connections": 80, "shared_buffers": "32MB"}
    command = [programs / "postgres", "-D", folder / "data"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, start_new_session=True, **rights
        )
    server = Postgres(port=port, password=password, folder=folder, process=process)
    try:
        ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "owner"]
        wait_until(
            lambda: process.poll() is not None or subprocess.run(ready).returncode == 0,
            what="PostgreSQL to answer",
        )
        if process.poll() is not None:
            raise AssertionError(f"PostgreSQL did not start: {_tail(log)}")
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: connections are cut
        process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


# Redis


@contextlib.contextmanager
def redis(*options: str, port: int | None = None) -> Iterator[str]:
    """A Redis of its own; yields its address as REDIS_URL takes it. Options go to redis-server."""
    program = shutil.which("redis-server")
    if not program:
        raise LeftOut("Redis is not installed: apt-get install redis-server")
    folder = Path(tempfile.mkdtemp(prefix="third-chair-redis-"))
    port = port or free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with (folder / "log").open("wb") as out:
        process = subprocess.Popen([*command, *options], stdout=out, stderr=out, start_new_session=True)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), what="Redis to answer")
        if process.poll() is not None:
            raise AssertionError(f"Redis did not start: {_tail(folder / 'log')}")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


# Mail


@dataclass
class SmtpServer:
    """Takes what it is sent, and keeps it."""

    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    reply: str = "250 kept"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # aiosmtpd's name
        if self.reply.startswith("250"):
            self.messages.append(BytesParser(EmailMessage, policy=modern).parsebytes(envelope.content))
            self.recipients.append(list(envelope.rcpt_tos))
        return self.reply


@contextlib.contextmanager
def smtp(**options: Any) -> Iterator[SmtpServer]:
    """`options` go to aiosmtpd (tls_context, require_starttls, authenticator…)."""
    kept = SmtpServer()
    controller = Controller(kept, hostname=kept.host, port=kept.port, **options)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


# Chromium


def chromium_program() -> str:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not program:
        raise LeftOut("Chromium is not installed: apt-get install chromium")
    return program


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """Playwright's Browser over Debian's Chromium, without its sandbox only as root, where it cannot work."""
    from playwright.sync_api import sync_playwright

    flags = [*CHROMIUM_FLAGS, *(["--no-sandbox"] if os.getuid() == 0 else [])]
    program = chromium_program()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=flags)
        yield browser
        browser.close()


# The house


@dataclass
class House:
    """`manage.py up` in a folder of its own: web, worker and beat under the supervisor, as ./run has it."""

    data: Path
    port: int
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def begin_url(self) -> str:
        """The one-time first-run address that was printed."""
        return next(word for word in self.said().split() if "/begin?code=" in word)

    def pid(self, child: str) -> int:
        """The latest process of web, worker or beat, as the supervisor's log has it."""
        starts = [line for line in self.said().splitlines() if f"{child} started (pid " in line]
        return int(starts[-1].rsplit("(pid ", 1)[1].rstrip(")"))

    def kill(self, child: str) -> int:
        """Kill -9, and wait until the supervisor has started another. The new pid."""
        old = self.pid(child)
        os.kill(old, signal.SIGKILL)
        wait_until(lambda: self.pid(child) != old, what=f"{child} to be started again", within_s=20)
        return self.pid(child)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A management command in this house's environment."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(command, env=self.env, check=check, capture_output=True, text=True)

    def stop(self, within_s: float = 10.0) -> float:
        """SIGTERM, as Ctrl-C does; the seconds it took."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(within_s + 5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
                raise
        return time.monotonic() - began


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def house(
    data: Path,
    *arguments: str,
    port: int | None = None,
    wait: bool = True,
    from_nothing: bool = False,
    **env: str,
) -> Iterator[House]:
    """The running house. Calling it again with the same folder is the next start of the same house.

    A new house finds its tables made, because making them takes seconds; `from_nothing` lets it make them itself.
    """
    if not data.exists() and not from_nothing:
        ready_databases.copy_to(data)
    port = port or free_port()
    whole = clean_env(
        THIRD_CHAIR_DATA=str(data),
        THIRD_CHAIR_TESTING="1",
        THIRD_CHAIR_PORT=str(port),
        THIRD_CHAIR_URL=f"http://127.0.0.1:{port}",
        **env,
    )
    log = data.with_name(f"{data.name}.log")
    log.write_bytes(b"")
    command = [sys.executable, str(ROOT / "manage.py"), "up", "--port", str(port), *arguments]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=whole, stdout=out, stderr=out, start_new_session=True)
    running = House(data=data, port=port, env=whole, process=process, log=log)
    try:
        if wait:
            wait_until(
                lambda: process.poll() is not None or _answers(running.url),
                what="the house to answer",
                within_s=60,
            )
            if process.poll() is not None:
                raise AssertionError(f"the house did not start:\n{_tail(log)}")
        yield running
    finally:
        running.stop()


# A whole test run on PostgreSQL: python -m tests.services postgresql COMMAND…


def main(arguments: Sequence[str]) -> int:
    if len(arguments) < 2 or arguments[0] != "postgresql":
        print("usage: python -m tests.services postgresql COMMAND…", file=sys.stderr)
        return 2
    try:
        with postgres() as server:
            env = {**os.environ, "DATABASE_URL": server.url("postgres"), "PYTHONTZPATH": ""}
            return subprocess.run(arguments[1:], env=env).returncode
    except LeftOut as missing:
        note_left_out(str(missing))
        print(f"left out: {missing}")
        return 0


def note_left_out(line: str) -> None:
    """./run test names a file here and shows its lines at the end."""
    if path := os.environ.get("THIRD_CHAIR_LEFT_OUT"):
        with Path(path).open("a") as file:
            file.write(" ".join(line.split()) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
