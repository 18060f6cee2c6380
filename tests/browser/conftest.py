import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests import services


@dataclass
class Rooms:
    """A running house with a world in it, and a browser for each who looks."""

    house: Any
    chromium: Any
    ids: dict[str, str]
    sign_ins: dict[str, str]

    def page(self, who="", **look):
        context = self.chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **look})
        if who:
            context.add_cookies([{"name": "session", "value": self.sign_ins[who], "url": self.house.url}])
        return context.new_page()

    def url(self, path):
        return self.house.url + path.format(**self.ids)


@pytest.fixture(scope="module")
def rooms(tmp_path_factory, chromium):
    with services.house(tmp_path_factory.mktemp("browser") / "data") as house:
        said = house.manage("shell", "-v0", "-c", "from tests.browser.stage import stage; stage()").stdout
        yield Rooms(house, chromium, **json.loads(said.splitlines()[-1]))
