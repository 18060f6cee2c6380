"""How many pages a second the house answers, with one web process and with two; and its connections meanwhile.

`./run bench load`.
"""

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, running_house

SECONDS, VISITORS = 8.0, 8
MANY_VISITORS = 40
# Eight threads answer pages, one watches for the streams, and the worker has two hands: a connection for each.
CONNECTIONS_GOAL = 11


def figures(*, brief: bool = False) -> Iterator[Figure]:
    seconds = 0.5 if brief else SECONDS

    one = answered_a_second(processes=1, seconds=seconds)
    yield alone("load: home pages a second, one web process", one, goal=None, n=round(one * seconds))

    two = answered_a_second(processes=2, seconds=seconds)
    yield beside(
        "load: home pages a second, two web processes / one", two, one, goal=None, n=round(two * seconds)
    )

    most = most_connections(seconds=seconds)
    name = f"load: database connections of a house with {MANY_VISITORS} visitors"
    yield alone(name, most, goal=CONNECTIONS_GOAL, n=MANY_VISITORS)


def answered_a_second(*, processes: int, seconds: float) -> float:
    with running_house("--processes", str(processes)) as house:
        sign_in = signed_in(house)
        visit(house, sign_in, visitors=VISITORS, seconds=seconds / 8)

        return visit(house, sign_in, visitors=VISITORS, seconds=seconds) / seconds


def most_connections(*, seconds: float) -> int:
    """As PostgreSQL counts them while everybody asks at once."""
    import psycopg

    from tests import services
    from tests.sessions.test_live import connections_of

    with services.postgres() as server:
        env = server.for_a_house()
        with running_house(**env) as house, psycopg.connect(env["DATABASE_URL"], autocommit=True) as database:
            asking = {"visitors": MANY_VISITORS, "seconds": seconds}
            visits = threading.Thread(target=visit, args=(house, signed_in(house)), kwargs=asking)
            visits.start()

            most = 0
            while visits.is_alive():
                most = max(most, connections_of(database))
                visits.join(0.1)
            return most


def signed_in(house: Any) -> str:
    """The cookie of a facilitator with a couple and a session."""
    from tests.sessions.test_live import Stage

    return str(Stage(house).sign_ins["fay"])


def visit(house: Any, sign_in: str, *, visitors: int, seconds: float) -> int:
    """Each visitor asks for the home page again and again; how many were answered in that time."""
    deadline = time.monotonic() + seconds
    answered = [0] * visitors

    def ask(number: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=60)) as one:
            while time.monotonic() < deadline:
                one.request("GET", "/", headers={"Cookie": f"session={sign_in}"})
                answer = one.getresponse()
                answer.read()
                assert answer.status == 200
                answered[number] += 1

    hands = [threading.Thread(target=ask, args=(number,)) for number in range(visitors)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    return sum(answered)
