"""Starts a few processes, starts again what dies, and stops all of them together.

Each child leads a session of its own, so that whatever it started can be ended with it, and gets SIGTERM
from the kernel when this process dies without a word.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
# One death is answered at once; a child that keeps dying young is given more and more time.
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
YOUNG_S = 5.0
# Signals wake us; should one be lost, we look anyway.
LOOK_S = 1.0
# Ten seconds are promised for all of it; what has not gone by now is not asked again.
GRACE_S = 8.0


@dataclass(frozen=True)
class Child:
    name: str
    argv: Sequence[str]
    pass_fds: Sequence[int] = ()


def say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


class Post:
    """One child's place: who stands there now, and when the next may start."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.young_deaths = 0

    def pause_s(self, lived_s: float) -> float:
        """How long to wait before the next start, after a life of this length."""
        if lived_s < YOUNG_S:
            self.young_deaths += 1
        else:
            self.young_deaths = 0

        return min(FIRST_PAUSE_S * 2.0 ** max(0, self.young_deaths - 1), LONGEST_PAUSE_S)


class Supervisor:
    """`run()` returns when SIGTERM, SIGINT or SIGHUP has come and every child is gone."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Callable[[str], None] = say,
        grace_s: float = GRACE_S,
    ) -> None:
        self._posts = [Post(child) for child in children]
        self._cwd = cwd
        self._env = dict(env)
        self._log = log
        self._grace_s = grace_s

        self._ends = {signal.SIGTERM, signal.SIGINT}
        # nohup means it: a closed terminal ends us only where nobody asked otherwise.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._ends.add(signal.SIGHUP)

    def run(self) -> int:
        # Blocked and waited for by name: no handler runs between two lines, and none is lost.
        watched = {signal.SIGCHLD, *self._ends}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        # A child's end is a signal to ignore by default, and some kernels drop those even while blocked.
        handler = signal.signal(signal.SIGCHLD, lambda *_: None)

        try:
            while True:
                self._tend()
                got = signal.sigtimedwait(watched, self._idle_s())
                if got and got.si_signo != signal.SIGCHLD:
                    break
            self._stop(watched)
        finally:
            self._kill_all()
            signal.signal(signal.SIGCHLD, handler)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

        return 0

    def _tend(self) -> None:
        now = time.monotonic()
        for post in self._posts:
            status = _ended(post.process)
            if status is not None:
                pause = post.pause_s(now - post.started_at)
                post.start_at = now + pause
                self._log(f"{post.child.name} {_how(status)}; starting it again in {pause:.1f} s")
                post.process = None

            if post.process is None and now >= post.start_at:
                self._start(post)

    def _idle_s(self) -> float:
        waiting = [post.start_at for post in self._posts if post.process is None]
        if not waiting:
            return LOOK_S

        until_next_start = max(0.0, min(waiting) - time.monotonic())
        return min(LOOK_S, until_next_start)

    def _start(self, post: Post) -> None:
        post.started_at = time.monotonic()
        try:
            post.process = subprocess.Popen(
                post.child.argv,
                cwd=self._cwd,
                env=self._env,
                pass_fds=post.child.pass_fds,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as refused:
            post.start_at = post.started_at + post.pause_s(0)
            self._log(f"{post.child.name} could not be started: {refused.strerror}")
            return

        self._log(f"{post.child.name} started (pid {post.process.pid})")

    def _stop(self, watched: set[signal.Signals]) -> None:
        self._log("stopping")
        # Only the leaders are asked: each knows best how to end what it started.
        for post in self._posts:
            if post.process:
                post.process.send_signal(signal.SIGTERM)

        deadline = time.monotonic() + self._grace_s
        while any(post.process for post in self._posts):
            for post in self._posts:
                status = _ended(post.process)
                if status is not None:
                    self._log(f"{post.child.name} stopped ({_how(status)})")
                    post.process = None

            left = deadline - time.monotonic()
            if left <= 0:
                break

            got = signal.sigtimedwait(watched, min(left, LOOK_S / 10))
            was_asked_twice = got is not None and got.si_signo != signal.SIGCHLD
            if was_asked_twice:
                break

    def _kill_all(self) -> None:
        for post in self._posts:
            if post.process:
                _kill_group(post.process.pid)
                post.process.wait()
                self._log(f"{post.child.name} did not stop and was killed")
                post.process = None


def _die_with(parent: int) -> Callable[[], None]:
    """Runs in the child before exec: no blocked signals, and SIGTERM when the parent is gone."""
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

        # Whoever started us in the background may ignore Ctrl-C and hang-ups; a child must still hear them.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)

        if libc:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _ended(process: subprocess.Popen[bytes] | None) -> int | None:
    """The exit status once it has ended; by then nothing of its group is left alive."""
    if process is None:
        return None

    was_reaped = process.returncode is not None
    if not was_reaped and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        return None

    # Before the leader is reaped its number cannot belong to anybody else.
    _kill_group(process.pid)
    return process.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _how(status: int) -> str:
    if status < 0:
        return f"ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def become(children: Sequence[Child], *, cwd: Path, env: Mapping[str, str]) -> NoReturn:
    """Go on as a supervisor and nothing else: the same process, without the memory that was used until now.

    Open files that are to stay open, such as a lock, have to be inheritable.
    """
    for child in children:
        for number in child.pass_fds:
            os.set_inheritable(number, True)

    os.chdir(cwd)
    told = json.dumps([asdict(child) for child in children])
    os.execve(sys.executable, [sys.executable, "-m", __name__, told], dict(env))


def main(told: str) -> int:
    children = [Child(**facts) for facts in json.loads(told)]
    return Supervisor(children, cwd=Path.cwd(), env=os.environ).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
