"""What a start needs, in order: alone in the folder, a free port, a sound set-up, a current database."""

import errno
import fcntl
import hashlib
import os
import secrets
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

from facilitator import environment
from facilitator.models import Practice
from facilitator.now import now
from facilitator.operations import backups, doctor, statics, supervisor
from facilitator.operations.supervisor import Child

EVERYWHERE = {"0.0.0.0", "::"}
BACKLOG = 2048


class Command(BaseCommand):
    help = "Start web, worker and beat, and keep them running until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--listen", default=settings.LISTEN, metavar="HOST")
        parser.add_argument("--processes", type=int, default=settings.PROCESSES, metavar="N")
        parser.add_argument("--without-backup", action="store_true", help="upgrade without a copy made first")

    def handle(self, *, port: int, listen: str, processes: int, without_backup: bool, **options: Any) -> None:
        os.umask(0o077)
        host = _shown(listen)
        address = environment.address("THIRD_CHAIR_URL", f"http://{host}:{port}")
        if processes < 1:
            raise CommandError("--processes wants 1 or more.", returncode=1)

        with _alone(address), _listener(listen, port) as listener:
            self.refuse(doctor.checks(listen=listen))
            self.upgrade(with_backup=not without_backup)
            self.collect()
            self.greet(address)
            connections.close_all()

            env = _environment(address=address, host=host, port=port, listen=listen, processes=processes)
            supervisor.become(_children(listener, processes), cwd=settings.BASE_DIR, env=env)

    def refuse(self, found: Iterable[doctor.Problem]) -> None:
        problems = list(found)
        for problem in problems:
            self.stderr.write(problem.line)
        if problems:
            raise CommandError("Nothing was started.", returncode=1)

    def upgrade(self, *, with_backup: bool) -> None:
        """Bring both databases up to date; what was there before is copied first."""
        waiting = [alias for alias in ("keys", DEFAULT_DB_ALIAS) if _pending(alias)]

        if waiting and with_backup and any(_is_used(alias) for alias in waiting):
            try:
                copy = backups.before_upgrade(now=now())
            except backups.BackupRefused as refused:
                raise CommandError(f"No copy could be made before the upgrade. {refused}") from refused
            self.stdout.write(f"Before the upgrade, a copy: {copy}")

        backups.drop_old_keys(now=now())
        for alias in waiting:
            call_command("migrate", database=alias, verbosity=0, interactive=False)

        if waiting:
            # A migration that rebuilt a table may have dropped its triggers.
            self.refuse(doctor.triggers())

    def collect(self) -> None:
        """Once for all web processes. Each of them would do it too, should the code change while they run."""
        try:
            statics.collect()
        except OSError as refused:
            raise CommandError(
                f"Style and script could not be written to {settings.STATIC_ROOT} ({refused.strerror}):"
                " name another folder in THIRD_CHAIR_STATIC.",
                returncode=1,
            ) from refused

    def greet(self, address: str) -> None:
        if Practice.objects.exists():
            settings.FIRST_RUN_CODE_FILE.unlink(missing_ok=True)
            self.stdout.write(f"Third Chair is at {address}/")
        else:
            self.stdout.write(f"Third Chair is at {address}/begin/?code={_first_run_code()}")
            self.stdout.write("Open that address: it makes your practice, or loads a demo to look around in.")

        if settings.MUTE_FILE.exists():
            self.stdout.write(
                "It is mute since it was restored: ./run manage unmute lets it send mail again."
            )

        self.stdout.write(f"Everything it keeps is in {settings.DATA}. Ctrl-C stops it.")
        self.stdout.flush()


def _children(listener: socket.socket, processes: int) -> list[Child]:
    """web (web2, web3 …), worker and beat."""
    number = listener.fileno()
    serve = (sys.executable, "-m", "facilitator.operations.server", "--fd", str(number))
    names = ["web", *(f"web{count}" for count in range(2, processes + 1))]
    return [
        # The socket stays open here: whoever asks while web is started again waits instead of failing.
        *(Child(name, serve, pass_fds=(number,)) for name in names),
        Child("worker", (sys.executable, "-m", "facilitator.worker")),
        Child("beat", (sys.executable, "-m", "facilitator.beat")),
    ]


def _environment(*, address: str, host: str, port: int, listen: str, processes: int) -> dict[str, str]:
    hosts = list(settings.FURTHER_HOSTS)
    if listen in EVERYWHERE:
        hosts += [host, socket.gethostname()]

    ours = {
        "THIRD_CHAIR_URL": address,
        "THIRD_CHAIR_HOSTS": ",".join(dict.fromkeys(hosts)),
        "THIRD_CHAIR_PORT": str(port),
        "THIRD_CHAIR_LISTEN": listen,
        "THIRD_CHAIR_PROCESSES": str(processes),
        "THIRD_CHAIR_DATA": str(settings.DATA),
        "DJANGO_SETTINGS_MODULE": "facilitator.settings",
        "PYTHONTZPATH": "",
    }
    return {**os.environ, **ours}


@contextmanager
def _alone(address: str) -> Iterator[None]:
    """One house per data folder. The lock goes with the process, however it ends."""
    with (settings.DATA / "up.lock").open("a+") as file:
        os.set_inheritable(file.fileno(), True)

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            there = file.read().strip()
            raise CommandError(
                f"Third Chair already runs on {settings.DATA}, at {there}.", returncode=1
            ) from None

        file.truncate(0)
        file.write(f"{address} (pid {os.getpid()})")
        file.flush()
        yield


@contextmanager
def _listener(listen: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET
    if ":" in listen:
        family = socket.AF_INET6

    try:
        listener = socket.create_server((listen, port), family=family, backlog=BACKLOG)
    except OSError as taken:
        if taken.errno == errno.EADDRINUSE:
            raise CommandError(
                f"Port {port} is in use: choose another with --port N.", returncode=1
            ) from None
        raise CommandError(
            f"Cannot listen on {listen} port {port}: {taken.strerror}.", returncode=1
        ) from None

    with listener:
        yield listener


def _shown(listen: str) -> str:
    """The host under which others find us: where everything is listened to, the address traffic leaves by."""
    if listen not in EVERYWHERE:
        is_ipv6 = ":" in listen
        return f"[{listen}]" if is_ipv6 else listen

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))  # sends nothing: it only asks the routing table
            return str(way.getsockname()[0])
        except OSError:
            return socket.gethostname()


def _pending(alias: str) -> bool:
    executor = MigrationExecutor(connections[alias])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_used(alias: str) -> bool:
    return bool(MigrationExecutor(connections[alias]).recorder.applied_migrations())


def _first_run_code() -> str:
    """A new one for each start; only its digest is kept."""
    code = secrets.token_urlsafe(12)
    path: Path = settings.FIRST_RUN_CODE_FILE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(hashlib.sha256(code.encode()).hexdigest())
    return code
