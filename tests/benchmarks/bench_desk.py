"""The desk beside the home page of the same run: a press, the fragment after 20, 100 and 300 commands, a 304.

`./run bench desk`, or `python -m tests.benchmarks desk`.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, interleaved

RUNS = 40
SIZES = {20: 1.5, 100: 1.8, 300: 2.4}
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


def figures() -> Iterator[Figure]:
    import time_machine
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    from tests.cast import household
    from tests.sessions.desk.pressed import START

    with time_machine.travel(START, tick=False) as traveller:
        house = household("Fay", ("Ana", "Ben"))
        desks = {size: long_session(house, traveller, size) for size in SIZES}
        traveller.shift(SPACING * max(SIZES))
        client = house.client()

        acts: dict[str, Any] = {"home": lambda: client.get("/")}
        for size, desk in desks.items():
            acts[f"fragment at {size}"] = lambda desk=desk: desk.client.get(desk.address)
        tag = desks[100].client.get(desks[100].address)["ETag"]
        same = {"If-None-Match": tag}
        acts["304 at 100"] = lambda: desks[100].client.get(desks[100].address, headers=same)
        ms = interleaved(acts, runs=RUNS)
        assert acts["304 at 100"]().status_code == 304

        for size, goal in SIZES.items():
            yield beside(
                f"desk: fragment at {size} / home", ms[f"fragment at {size}"], ms["home"], goal=goal, n=RUNS
            )
        yield beside("desk: 304 at 100 / home", ms["304 at 100"], ms["home"], goal=0.7, n=RUNS)

        ms = interleaved({"home": acts["home"], "press": desks[100].press}, runs=RUNS)
        yield beside("desk: press at 100 / home", ms["press"], ms["home"], goal=3.5, n=RUNS)

        with CaptureQueriesContext(connections["default"]) as asked:
            desks[100].press()
        yield alone("desk: queries of a press", len(statements(asked)), goal=14)

        html = desks[100].client.get(desks[100].address).content
        yield alone("desk: fragment at 100, bytes", len(html), goal=None)
        yield alone("desk: fragment at 100, bytes compressed", len(gzip.compress(html, 6)), goal=15_000)


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
