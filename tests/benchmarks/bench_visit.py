"""What a browser fetches for the desk at the first visit and at the second: bytes as they travel, and requests.

`./run bench visit`. A real browser, because it decides what it keeps.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.measuring import Figure, alone, beside, running_house

STATE = "lots"
# Everything that was fetched, from the browser's own notes; what it had kept has a transfer size of 0.
FETCHED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter((one) => one.transferSize > 0).map((one) => one.transferSize)"""
WAIT_MS = 1500


def figures(*, brief: bool = False) -> Iterator[Figure]:
    from tests import services

    wait_ms = 100 if brief else WAIT_MS
    with running_house() as house, services.chromium() as browser:
        page = desk_page(house, browser)
        first = visited(page, wait_ms)
        second = visited(page, wait_ms)

    yield beside("visit: bytes of the desk, second visit / first", sum(second), sum(first), goal=None, n=1)
    yield alone("visit: bytes of the desk, first visit", sum(first), goal=None)
    yield alone("visit: requests of the desk, first visit", len(first), goal=None)
    yield alone("visit: requests of the desk, second visit", len(second), goal=None)


def desk_page(house: Any, browser: Any) -> Any:
    """A signed-in browser, and the desk of a session with a lot on its table."""
    code = "from tests.browser.desk_stage import stage; stage()"
    said = house.manage("shell", "-v0", "-c", code).stdout
    staged = json.loads(said.splitlines()[-1])

    context = browser.new_context(viewport={"width": 1280, "height": 800})
    cookie = {"name": "session", "value": staged["sign_ins"]["fay"], "url": house.url}
    context.add_cookies([cookie])

    page = context.new_page()
    page.desk_address = f"{house.url}/sessions/{staged['ids'][STATE]}/desk/"
    return page


def visited(page: Any, wait_ms: int) -> list[int]:
    """The sizes of what was fetched, until the page has looked once after its stream opened."""
    page.goto("about:blank")
    page.goto(page.desk_address)
    page.wait_for_timeout(wait_ms)
    sizes: list[int] = page.evaluate(FETCHED)
    return sizes
