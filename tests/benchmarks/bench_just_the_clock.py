"""Just the clock over 300 presses: what the page sends and gets, and what the longest press takes beside home.

`./run bench just_the_clock`.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, interleaved, undone

PRESSES = 300
RUNS = 20
KIB = 1024


def figures(*, brief: bool = False) -> Iterator[Figure]:
    import time_machine

    from tests.cast import household
    from tests.sessions.clock_page.test_just_the_clock import START

    presses = 12 if brief else PRESSES
    runs = 1 if brief else RUNS
    with time_machine.travel(START, tick=False) as traveller, undone():
        page = counted_page(household("Fay", ("Ana", "Ben")), traveller)
        page.begun().press("ground_rules_confirmed")
        page.press("phase_started", phase="2", wait=300).press("phase_started", phase="3")
        while page.keys < presses:
            spoken(page)

        yield alone(f"just the clock: KiB sent in {presses} presses", sum(page.up) / KIB, goal=None)
        yield alone(
            f"just the clock: KiB got, compressed, in {presses} presses", sum(page.down) / KIB, goal=None
        )
        yield alone("just the clock: bytes the last press sent", page.up[-1], goal=None)
        yield alone("just the clock: bytes the last press got, compressed", page.down[-1], goal=None)

        acts = {"home": lambda: page.client.get("/"), "press": lambda: page.send(kind="look")}
        ms = interleaved(acts, runs=runs)
        name = f"just the clock: press {presses} / home"
        yield beside(name, ms["press"], ms["home"], goal=None, n=runs)


def counted_page(house: Any, traveller: Any) -> Any:
    """The page of the tests, with the bytes of each press both ways."""
    from tests.sessions.clock_page.test_just_the_clock import Page

    class CountedPage(Page):
        def __init__(self) -> None:
            super().__init__(house, traveller)
            self.up: list[int] = []
            self.down: list[int] = []

        def send(self, route: str = "clock_press", **fields: Any) -> Any:
            answer = super().send(route, **fields)
            assert answer.status_code == 200, json.loads(answer.content).get("words", answer.status_code)

            self.up.append(int(answer.wsgi_request.META["CONTENT_LENGTH"]))
            self.down.append(len(gzip.compress(answer.content, 6)))
            return answer

    return CountedPage()


def spoken(page: Any) -> None:
    """Three statements and a note, each a few seconds after the other."""
    for number in range(3):
        page.press("statement", wait=5, by="A", text=f"I walked home alone, {page.keys + number}.")
    page.press("note", wait=5, text=f"Softer now, {page.keys}.")
