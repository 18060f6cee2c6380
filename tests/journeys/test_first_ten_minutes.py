"""The whole path once, in a browser and the running house: the README's first ten minutes.

First-run page → couple → a session held at the desk → papers → a ritual from the agreement → Celery delivers it to
the mailbox → the partner signs in by the link, sees it at the API and answers it.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import services
from tests.journeys import steps
from tests.services import wait_until


@pytest.mark.parametrize("database", ["embedded", "postgresql and redis"])
def test_first_ten_minutes(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, chromium: Any
) -> None:
    env = {"THIRD_CHAIR_TEST_CLOCK": str(tmp_path / "clock")}
    if database != "embedded":
        server = request.getfixturevalue("postgres")
        env |= {"DATABASE_URL": server.database(), "KEYS_DATABASE_URL": server.database()}
        env["REDIS_URL"] = request.getfixturevalue("redis_url")
    clock = steps.Clock(tmp_path / "clock")

    with services.house(tmp_path / "data", from_nothing=True, **env) as house:
        page = chromium.new_context(viewport={"width": 1280, "height": 800}).new_page()

        # A couple walks in, and an hour is held at the desk.
        steps.begin(page, house)
        couple = steps.couple_walks_in(page, house)
        steps.plan(page, couple)
        steps.hold(steps.Desk(page, clock))

        # The papers, and a ritual from the agreement.
        steps.read_through(page)
        made = steps.papers(page, house)
        assert all(body.startswith(b"%PDF-") for body in made.values())
        steps.ritual_from_agreement(page)

        # Each signs in on a phone of their own and says yes to it.
        phones = steps.phones(page, chromium, house, couple)
        for phone in phones.values():
            steps.consent(phone, house)

        # On Saturday both are reminded, and what Ana answers Ben does not see.
        clock.go_to(steps.coming_saturday(clock))
        wait_until(lambda: steps.reminded(page, house), what="the reminders of both", within_s=60)
        [walk] = steps.api(phones["A"], house, "me/rituals")["rituals"]
        steps.answer(phones["A"], house, f"me/rituals/{walk['id']}/answer", answer="done")
        [seen_by_ben] = steps.api(phones["B"], house, "me/rituals")["rituals"]
        assert "done" not in json.dumps(seen_by_ben)
