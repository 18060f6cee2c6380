"""POST to poke over many open streams, and a bare ASGI peer: `pytest -s tests/benchmarks/bench_live.py`.

Promise (in one process, without Redis): at most half a poll and 10 ms more than the bare peer. Asserted nowhere.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests import services
from tests.sessions.test_live import Listener, Stage

STREAMS, POSTS = 60, 80


def latencies(listen, post):
    streams = [listen().settled() for _ in range(STREAMS)]
    taken = []
    for _ in range(POSTS):
        began = time.time()
        post()
        for stream in streams:
            services.wait_until(lambda s=stream, b=began: s.pokes(b), what="a poke")
        taken.append((max(stream.pokes(began)[0] for stream in streams) - began) * 1000)
    for stream in streams:
        stream.close()
    return {"p50_ms": round(statistics.median(taken), 1), "p99_ms": round(sorted(taken)[-1], 1)}


def measured_bare():
    port = services.free_port()
    command = [sys.executable, "-m", "uvicorn", "--log-level", "error", "--port", str(port)]
    process = subprocess.Popen([*command, "tests.benchmarks.bare:bare"], cwd=services.ROOT)

    def post():
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as one:
            one.request("POST", "/")
            one.getresponse().read()

    try:
        services.wait_until(lambda: services._listens(port), what="the peer to answer")
        return latencies(lambda: Listener(port, "x"), post)
    finally:
        process.kill()
        process.wait()


def measured_ours():
    with tempfile.TemporaryDirectory() as folder, services.house(Path(folder) / "data") as house:
        stage = Stage(house)
        return latencies(lambda: stage.listen("fay"), lambda: stage.post(by="F", kind="note", text="a note"))


def test_pokes_beside_a_bare_peer():
    peer, ours = measured_bare(), measured_ours()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    ratio = round(ours["p50_ms"] / peer["p50_ms"], 2)
    found = {"ours": ours, "bare_asgi": peer, "ratio_p50": ratio, "streams": STREAMS, "n": POSTS}
    print(json.dumps({**found, "commit": commit.stdout.strip()}))
