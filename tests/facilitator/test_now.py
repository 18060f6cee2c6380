"""One clock, aware, in UTC; moved only by a file, and only in tests."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from facilitator.now import now
from tests.cast import MORNING


def test_now_is_the_servers_instant_in_utc():
    with time_machine.travel(MORNING, tick=False):
        assert now() == MORNING
        assert now().tzinfo == UTC


@pytest.mark.parametrize(("offset", "moved"), [("3600", 3600), ("-86400.5", -86400.5), ("", 0), ("soon", 0)])
def test_the_offset_file_moves_it_and_is_read_anew_each_time(settings, tmp_path, offset, moved):
    settings.TEST_CLOCK = str(tmp_path / "clock")
    with time_machine.travel(MORNING, tick=False):
        assert now() == MORNING
        (tmp_path / "clock").write_text(offset)
        assert now() == MORNING + timedelta(seconds=moved)


def test_a_machine_in_another_zone_says_the_same_instant():
    with time_machine.travel(datetime(2026, 3, 10, 0, 0, tzinfo=ZoneInfo("America/New_York")), tick=False):
        assert now().isoformat() == "2026-03-10T04:00:00+00:00"
