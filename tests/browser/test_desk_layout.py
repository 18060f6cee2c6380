"""Nothing on the desk needs scrolling on a laptop, in any state, with long names, eight parts, light and dark."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import services
from tests.browser.conftest import Rooms
from tests.browser.desk_stage import STATES

# Cards that lie open over the table, as a key opens them; the end is armed in the closing.
OPENED = {"told": "feoam", "lots": "m", "closing": "n", "cooling_down": "m"}
WRONG = """() => {
  const out = [];
  const root = document.documentElement;
  if (root.scrollHeight > innerHeight) out.push(['page', root.scrollHeight]);
  if (root.scrollWidth > innerWidth) out.push(['wide', root.scrollWidth]);
  const shown = '.glance > *, .hand button, .hand summary, .hand a, .capture > details > summary, .refusal > *, '
    + '.check-card > *';
  const named = (one) => one.textContent.trim().slice(0, 40);
  for (const one of document.querySelectorAll(shown)) {
    if (!one.checkVisibility()) continue;
    const box = one.getBoundingClientRect();
    if (!box.height) continue;
    const outside = box.bottom > innerHeight + 1 || box.top < -1 || box.right > innerWidth + 1;
    if (outside) out.push([named(one), Math.round(box.top), Math.round(box.bottom)]);
    const pressed = one.matches('button, summary, a') && one.closest('.hand');
    if (pressed && box.height < 43.5) out.push(['small', named(one), box.height]);
  }
  const hand = [...document.querySelectorAll('.hand button')]
    .filter((one) => one.checkVisibility() && !one.closest('.arm'));
  for (const one of hand) {
    const box = one.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!top || !(one.contains(top) || top.contains(one))) out.push(['covered', named(one)]);
  }
  return out;
}"""

CLOSED = """() => {
  document.activeElement.blur();
  for (const one of document.querySelectorAll('.capture-card, .arm')) one.open = false;
}"""


@pytest.fixture(scope="module")
def desks(tmp_path_factory, chromium):
    with services.house(tmp_path_factory.mktemp("desks") / "data") as house:
        said = house.manage(
            "shell", "-v0", "-c", "from tests.browser.desk_stage import stage; stage()"
        ).stdout
        yield Rooms(house, chromium, **json.loads(said.splitlines()[-1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_needs_scrolling_in_any_state(desks, scheme):
    page = desks.page("fay", color_scheme=scheme, bypass_csp=True, reduced_motion="reduce")
    found = {}

    for name in [*STATES, "overtime"]:
        page.goto(desks.url(f"/sessions/{{{name}}}/desk/"))
        page.wait_for_selector("[data-desk]")
        found[name, ""] = wrong_on(page)

        for key in OPENED.get(name, ""):
            page.keyboard.press(key)
            found[name, key] = wrong_on(page)
            page.evaluate(CLOSED)

    page.context.close()
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def wrong_on(page):
    """What needs scrolling, is covered or too small, and what axe finds."""
    wrong = page.evaluate(WRONG)
    violations = Axe().run(page).response["violations"]
    return wrong + [(one["id"], one["nodes"][0]["html"][:120]) for one in violations]
