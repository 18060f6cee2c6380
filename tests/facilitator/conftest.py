"""Data folders of their own, on either database."""

import pytest

from tests.facilitator import ground


@pytest.fixture
def embedded_ground(tmp_path):
    return ground.made(tmp_path / "data")


@pytest.fixture(params=["embedded", "postgresql"])
def any_ground(request, tmp_path):
    """Once on SQLite, once on PostgreSQL."""
    if request.param == "embedded":
        return ground.made(tmp_path / "data")
    server = request.getfixturevalue("postgres")
    return ground.made(tmp_path / "data", **server.for_a_house())
