"""The desk beside the home page of the same run: a press, the fragment after 20, 100 and 300 commands, a 304.

`./run bench desk`.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, interleaved

RUNS = 40
SIZES = {20: 1.5, 100: 1.8, 300: 2.4}
MIDDLE = 100
DESK = {"X-Requested-With": "desk"}
# So that the longest session is as far as the others when the desk is looked at.
SPACING = timedelta(seconds=5)


@dataclass
class LongSession:
    """Fay's desk after so many commands: statements and notes in the third part."""

    house: Any
    traveller: Any
    session: Any
    client: Any
    presses: int = 0

    @property
    def address(self) -> str:
        return f"/sessions/{self.session.pk}/desk/fragment/"

    def press(self) -> Any:
        """What the desk sends for a statement, and what it asks for afterwards."""
        self.presses += 1
        self.traveller.shift(timedelta(seconds=5))
        body = {"kind": "statement", "by": "A", "text": "I walked home.", "key": f"bench-{self.presses}"}
        answer = self.client.post(f"/sessions/{self.session.pk}/command/", body, headers=DESK)
        if answer.status_code == 302:
            return self.client.get(answer["Location"], headers=DESK)
        return answer


def figures(*, brief: bool = False) -> Iterator[Figure]:
    import time_machine

    from tests.cast import household
    from tests.sessions.desk.pressed import START

    sizes, middle, runs = (SIZES, MIDDLE, RUNS)
    if brief:
        sizes, middle, runs = ({20: SIZES[20]}, 20, 1)

    with time_machine.travel(START, tick=False) as traveller:
        house = household("Desk", ("Ana", "Ben"))
        desks = {size: long_session(house, traveller, size) for size in sizes}
        traveller.shift(SPACING * max(sizes))

        home = house.client()
        yield from looks(home, desks, sizes, middle, runs)
        yield from presses(home, desks[middle], middle, runs)
        yield from bytes_of(desks[middle], middle)


def looks(
    home: Any, desks: dict[int, LongSession], goals: dict[int, float], middle: int, runs: int
) -> Iterator[Figure]:
    """The desk's living part after so many commands, and where nothing has changed."""
    tag = desks[middle].client.get(desks[middle].address)["ETag"]
    same = {"If-None-Match": tag}

    def not_changed() -> Any:
        return desks[middle].client.get(desks[middle].address, headers=same)

    acts: dict[str, Any] = {"home": lambda: home.get("/"), "304": not_changed}
    for size, desk in desks.items():
        acts[f"fragment at {size}"] = lambda desk=desk: desk.client.get(desk.address)

    ms = interleaved(acts, runs=runs)
    assert not_changed().status_code == 304

    for size, goal in goals.items():
        name = f"fragment at {size}"
        yield beside(f"desk: {name} / home", ms[name], ms["home"], goal=goal, n=runs)
    yield beside(f"desk: 304 at {middle} / home", ms["304"], ms["home"], goal=0.7, n=runs)


def presses(home: Any, desk: LongSession, middle: int, runs: int) -> Iterator[Figure]:
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    ms = interleaved({"home": lambda: home.get("/"), "press": desk.press}, runs=runs)
    yield beside(f"desk: press at {middle} / home", ms["press"], ms["home"], goal=3.5, n=runs)

    with CaptureQueriesContext(connections["default"]) as asked:
        desk.press()
    yield alone("desk: queries of a press", len(statements(asked)), goal=14)


def bytes_of(desk: LongSession, middle: int) -> Iterator[Figure]:
    html = desk.client.get(desk.address).content
    compressed = gzip.compress(html, 6)

    yield alone(f"desk: fragment at {middle}, bytes", len(html), goal=None)
    yield alone(f"desk: fragment at {middle}, bytes compressed", len(compressed), goal=15_000)


def statements(asked: Any) -> list[str]:
    """Without what opens and closes a transaction."""
    frame = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    return [one["sql"] for one in asked.captured_queries if not one["sql"].startswith(frame)]


def long_session(house: Any, traveller: Any, size: int) -> LongSession:
    from tests.sessions.desk.pressed import START
    from tests.world import planned, post

    session = planned(house, start=START)
    steps: list[Any] = [("A", "arrived", {}), ("B", "arrived", {}), ("F", "session_started", {})]
    steps += [("F", "phase_started", {"phase": 1}), ("A", "ground_rules_confirmed", {})]
    steps += [("F", "phase_finished", {"phase": 1}), ("F", "phase_started", {"phase": 3})]
    steps += [("F", "turn_started", {"floor": "A"})]
    for number in range(size - len(steps)):
        if number % 4 == 3:
            steps.append(("F", "note", {"text": f"Softer now, {number}."}))
        else:
            steps.append(("A", "statement", {"id": f"S{number}", "text": f"I walked home alone, {number}."}))
    for place, (by, kind, fields) in enumerate(steps):
        at = START + SPACING * place
        post(session, by, kind, fields, at=at, facilitator=house.facilitator)
    return LongSession(house, traveller, session, house.client())
