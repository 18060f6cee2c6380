"""The kept houses: unpacked once a run, copied for whoever asks."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.houses.kept import Kept


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Kept]:
    @cache
    def of(version: str, database: str) -> Kept:
        server = request.getfixturevalue("postgres") if database == "postgresql" else None
        return Kept(version, tmp_path_factory.mktemp(f"house-{version}"), server)

    return of
