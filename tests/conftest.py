"""Shared by all tests: real services on request, marks by folder, and a list of whatever was left out."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ready_databases, services
from tests.cast import _no_keys_from_an_earlier_test, fay, oli  # noqa: F401  (fixtures for everybody)

ready_databases.use_them()

# Measured: not beside other tests.
ALONE_FOLDERS = {"benchmarks"}
# Each of these starts houses and other programs.
SERVICE_FOLDERS = {"journeys", "faults"}
# One test of these takes as long as hundreds of others: begun first, it does not keep everybody waiting at the end.
FIRST = {"test_privacy.py", "test_seeds.py", "test_session_survives.py", "test_supervisor_kill.py"}
SERVICE_FIXTURES = {"postgres", "redis_url", "house", "any_house"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in FIRST)
    for item in items:
        folders = set(item.path.relative_to(services.ROOT).parts)
        fixtures = set(getattr(item, "fixturenames", ()))
        if folders & ALONE_FOLDERS:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.alone)
        if "browser" in folders or "chromium" in fixtures:
            item.add_marker(pytest.mark.browser)
        if folders & SERVICE_FOLDERS or fixtures & SERVICE_FIXTURES:
            item.add_marker(pytest.mark.services)
        _open_both_databases(item, fixtures)


def _open_both_databases(item: pytest.Item, fixtures: set[str]) -> None:
    """The key store is part of every row with words in it, so whoever may use a database may use both."""
    if not item.get_closest_marker("django_db") and fixtures & {"db", "transactional_db"}:
        item.add_marker(pytest.mark.django_db(transaction="transactional_db" in fixtures))
    for mark in item.iter_markers("django_db"):
        mark.kwargs.setdefault("databases", "__all__")


def _or_skip(service: Any) -> Iterator[Any]:
    try:
        with service as running:
            yield running
    except services.LeftOut as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres() -> Iterator[services.Postgres]:
    """A PostgreSQL server for the test run; `.database()` makes an empty database in it."""
    yield from _or_skip(services.postgres())


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    yield from _or_skip(services.redis("--maxmemory-policy", "noeviction"))


@pytest.fixture
def smtp() -> Iterator[services.SmtpServer]:
    with services.smtp() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Playwright's Browser; make a context for each person who looks."""
    # Playwright's loop lives in this thread; the ORM may still be used between its calls.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield from _or_skip(services.chromium())


@pytest.fixture(autouse=True)
def _no_page_stays_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """A desk that nobody closes counts on, and costs whoever comes after it."""
    browser = request.getfixturevalue("chromium") if "chromium" in request.fixturenames else None
    yield

    if browser is None:
        return
    for context in browser.contexts:
        context.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[services.House]:
    """The whole house on the embedded default: SQLite and the file-system broker."""
    with services.house(tmp_path / "data") as running:
        yield running


@pytest.fixture(params=["embedded", "postgresql and redis"])
def any_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[services.House]:
    """The whole house, once on the embedded default and once on PostgreSQL and Redis."""
    env: dict[str, str] = {}
    if request.param != "embedded":
        server = request.getfixturevalue("postgres")
        env = server.for_a_house()
        env["REDIS_URL"] = request.getfixturevalue("redis_url")
    with services.house(tmp_path / "data", **env) as running:
        yield running


# What was left out is said at the end, and with THIRD_CHAIR_STRICT=1 it fails the run.


def _left_out(terminal: Any) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for report in terminal.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    return reasons


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput") or not terminal:
        return
    for reason, count in _left_out(terminal).items():
        services.note_left_out(f"{count} {'test' if count == 1 else 'tests'}: {reason}")
    if os.environ.get("THIRD_CHAIR_STRICT") == "1" and exitstatus == 0 and _left_out(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
