"""From a press to the poke on every open stream, beside a bare ASGI peer; and what a stream costs to keep open.

`./run bench live`.
"""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, running_house

STREAMS, POSTS = 60, 80
ELSEWHERE = 15
IDLE_STREAMS = 300
KIB_A_STREAM_GOAL = 16
# Meant for a thousand streams and a POST that does nothing; ours is a whole command, durable when it is answered.
POKE_GOAL = 2.5
# The watcher finds what other processes wrote when it polls next: half a poll on average, and 10 ms for its way.
ELSEWHERE_GOAL_MS = 60


def figures(*, brief: bool = False) -> Iterator[Figure]:
    streams, posts = (3, 3) if brief else (STREAMS, POSTS)
    peer = bare_latencies(streams, posts)
    yield alone(f"live: ms to the last of {streams} pokes, bare ASGI, p50", peer["p50"], goal=None, n=posts)

    with running_house() as house:
        from tests.sessions.test_live import Stage

        stage = Stage(house)
        ours = latencies(
            listen=lambda: stage.listen("fay"),
            post=lambda: stage.post(by="F", kind="note", text="a note"),
            streams=streams,
            posts=posts,
        )
        name = f"live: ms from a note posted to the last of {streams} pokes / bare ASGI"
        yield beside(f"{name}, p50", ours["p50"], peer["p50"], goal=POKE_GOAL, n=posts)
        yield beside(f"{name}, p99", ours["p99"], peer["p99"], goal=None, n=posts)

        alone_ms = without_streams(stage, posts)
        name = f"live: ms of a note posted with {streams} streams / with none"
        yield beside(name, ours["answered"], alone_ms, goal=None, n=posts)

        ms = statistics.median(written_elsewhere(stage, ELSEWHERE))
        name = "live: ms from a commit of another process to the poke, p50"
        yield alone(name, ms, goal=ELSEWHERE_GOAL_MS, n=ELSEWHERE)

        kib = kib_a_stream(stage, IDLE_STREAMS)
        yield alone("live: KiB of the web process a stream", kib, goal=KIB_A_STREAM_GOAL, n=IDLE_STREAMS)


# Posting


def latencies(
    *, listen: Callable[[], Any], post: Callable[[], Any], streams: int, posts: int
) -> dict[str, float]:
    """Milliseconds until the last stream was poked, and until the poster was answered."""
    from tests import services

    opened = [listen().settled() for _ in range(streams)]
    poked, answered = [], []
    for _ in range(posts):
        began = time.time()
        post()
        answered.append((time.time() - began) * 1000)

        for stream in opened:
            services.wait_until(lambda stream=stream, began=began: stream.pokes(began), what="a poke")
        poked.append((max(stream.pokes(began)[0] for stream in opened) - began) * 1000)

    for stream in opened:
        stream.close()
    p99 = sorted(poked)[int(len(poked) * 0.99)]
    return {"p50": statistics.median(poked), "p99": p99, "answered": statistics.median(answered)}


def without_streams(stage: Any, posts: int) -> float:
    """Milliseconds until the poster is answered while nobody listens."""
    taken = []
    for _ in range(posts):
        began = time.time()
        stage.post(by="F", kind="note", text="a note")
        taken.append((time.time() - began) * 1000)
    return statistics.median(taken)


def bare_latencies(streams: int, posts: int) -> dict[str, float]:
    from tests.sessions.test_live import Listener

    with bare_peer() as port:
        return latencies(
            listen=lambda: Listener(port, "x"), post=lambda: bare_post(port), streams=streams, posts=posts
        )


def bare_post(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as one:
        one.request("POST", "/")
        one.getresponse().read()


@contextmanager
def bare_peer() -> Iterator[int]:
    from tests import services

    port = services.free_port()
    command = [sys.executable, "-m", "uvicorn", "--log-level", "error", "--port", str(port)]
    process = subprocess.Popen([*command, "tests.benchmarks.bare:bare"], cwd=services.ROOT)
    try:
        services.wait_until(lambda: services._listens(port), what="the peer to answer")
        yield port
    finally:
        process.kill()
        process.wait()


def written_elsewhere(stage: Any, times: int) -> list[float]:
    """Notes written by a process that does not stream, each at another point of the watcher's poll."""
    one = stage.listen("fay").settled()
    write = f'[(post("F", "note", text="elsewhere"), time.sleep(0.4 + n * 0.013)) for n in range({times})]'
    durable_at = [float(line) for line in stage.run(write).splitlines()]

    pokes = one.pokes(durable_at[0] - 0.1)
    one.close()
    return [min(poke - at for poke in pokes if poke > at - 0.05) * 1000 for at in durable_at]


# Holding


def kib_a_stream(stage: Any, count: int) -> float:
    """What the web process grows by while so many more listen. The first few fill its caches."""
    warm = [stage.listen("fay").settled() for _ in range(20)]
    web = stage.house.pid("web")

    before = resident_kib(web)
    more = [stage.listen("fay").settled() for _ in range(count)]
    grown = resident_kib(web) - before

    for stream in warm + more:
        stream.close()
    return grown / count


def resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
