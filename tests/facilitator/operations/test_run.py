"""./run and `up`, as far as they go before anything is installed or served."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from facilitator.management.commands import up
from tests.services import ROOT, clean_env, free_port


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "run"), *arguments], env=clean_env(**env), capture_output=True, text=True
    )


def test_help_says_how_it_is_used() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "./run [--port N] [--data DIR] [--listen HOST] [--processes N]" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "eight"), "run: --port wants a number.\n"),
        (("--port=80a",), "run: --port wants a number.\n"),
        (("--data",), "run: --data wants a value.\n"),
        (("--processes", "two"), "run: --processes wants a number.\n"),
        (("--processes=2x",), "run: --processes wants a number.\n"),
        (("--processes",), "run: --processes wants a value.\n"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)

    assert done.returncode == 1
    assert done.stderr == said


def test_a_word_it_does_not_know_shows_what_it_knows() -> None:
    done = run("serve")
    assert done.returncode == 2
    assert "./run manage COMMAND" in done.stderr


@pytest.fixture
def poor_machine(tmp_path: Path) -> dict[str, str]:
    """A search path with the few programs of a bare Debian, and no Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname", "id", "cat", "cksum", "tr", "mkdir"):
        (programs / name).symlink_to(str(shutil.which(name)))
    return {"PATH": str(programs), "THIRD_CHAIR_APT": "0", "THIRD_CHAIR_DATA": str(tmp_path / "data")}


@pytest.mark.skipif(not shutil.which("apt-get"), reason="speaks of apt-get, which is not on this machine")
def test_where_it_may_not_install_it_prints_the_one_command(poor_machine, tmp_path: Path) -> None:
    (tmp_path / "bin" / "apt-get").symlink_to(str(shutil.which("apt-get")))

    done = run(**poor_machine)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "run: missing: Python 3.11 or newer",
        "run: Run this, then ./run again:  sudo apt-get install -y python3 python3-venv"
        " libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
    ]


def test_where_there_is_no_apt_it_names_what_is_needed(poor_machine) -> None:
    done = run(**poor_machine)

    assert done.returncode == 1
    assert "Install Python 3.11 with venv, Pango and HarfBuzz" in done.stderr


def test_an_interpreter_that_is_too_old_or_none_is_not_taken(poor_machine) -> None:
    done = run(**poor_machine, PYTHON="/bin/false")
    assert "missing: Python 3.11 or newer" in done.stderr


def test_lost_secrets_are_not_quietly_replaced(tmp_path: Path) -> None:
    (tmp_path / "keys.sqlite3").write_text("")

    done = run("--data", str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith(f"run: secrets.json is gone from {tmp_path}: put it back")
    assert not (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("env", [{}, {"THIRD_CHAIR_DATA": ""}], ids=["unset", "empty"])
def test_without_a_data_folder_named_it_is_var_in_the_checkout(tmp_path: Path, env: dict[str, str]) -> None:
    (tmp_path / "facilitator").mkdir()
    for name in ("__init__.py", "settings.py", "environment.py", "headers.py"):
        shutil.copy(ROOT / "facilitator" / name, tmp_path / "facilitator")
    whole = clean_env(PYTHONPATH=str(tmp_path), **env)

    say = [sys.executable, "-c", "from facilitator.settings import DATA; print(DATA)"]
    done = subprocess.run(say, cwd=tmp_path, env=whole, capture_output=True, text=True)

    assert done.stdout == f"{tmp_path}/var\n"
    assert done.stderr == ""


@pytest.fixture
def start(tmp_path: Path):
    def begin(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        whole = clean_env(THIRD_CHAIR_DATA=str(tmp_path / "data"), **env)
        command = [sys.executable, str(ROOT / "manage.py"), "up", *arguments]
        return subprocess.run(command, env=whole, capture_output=True, text=True, timeout=30)

    return begin


def test_a_port_in_use_is_said_in_one_line(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = start("--port", str(port))

    assert done.returncode == 1
    assert done.stderr == f"CommandError: Port {port} is in use: choose another with --port N.\n"


def test_a_second_start_in_the_same_folder_says_where_the_first_is(start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)

    with (tmp_path / "data" / "up.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("http://127.0.0.1:8000 (pid 1)")
        held.flush()
        done = start("--port", str(free_port()))

    assert done.returncode == 1
    assert done.stderr.endswith("at http://127.0.0.1:8000 (pid 1).\n")


def test_an_unsafe_set_up_is_not_started(start, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    clock = tmp_path / "offset"

    done = start("--port", str(free_port()), THIRD_CHAIR_TEST_CLOCK=str(clock))

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"Others can read {tmp_path}/data: chmod 700 {tmp_path}/data",
        "THIRD_CHAIR_TEST_CLOCK moves the clock and is for tests: unset it.",
        "CommandError: Nothing was started.",
    ]
    assert not (tmp_path / "data" / "keys.sqlite3").exists()


def test_on_its_own_machine_no_other_name_is_answered_to() -> None:
    env = up._environment(
        address="http://127.0.0.1:8000", host="127.0.0.1", port=8000, listen="127.0.0.1", processes=1
    )
    assert env["THIRD_CHAIR_HOSTS"] == os.environ.get("THIRD_CHAIR_HOSTS", "")


def test_beyond_the_machine_it_answers_to_its_address_and_name() -> None:
    env = up._environment(
        address="http://192.0.2.7:8000", host="192.0.2.7", port=8000, listen="0.0.0.0", processes=3
    )
    assert env["THIRD_CHAIR_HOSTS"].split(",") == ["192.0.2.7", socket.gethostname()]
    assert env["THIRD_CHAIR_URL"] == "http://192.0.2.7:8000"
    assert env["THIRD_CHAIR_PROCESSES"] == "3"


def test_the_test_lock_holds_all_of_the_other_at_the_same_versions() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text().splitlines()
        return {line.rstrip(" \\") for line in lines if line[:1].isalnum()}

    assert pins("requirements.lock") - pins("requirements-test.lock") == set()
    assert len(pins("requirements.lock")) > 20


@pytest.mark.parametrize(("strict", "status"), [("0", 0), ("1", 1)])
def test_what_had_to_be_left_out_is_told_and_fails_a_strict_run(
    tmp_path: Path, strict: str, status: int
) -> None:
    """Redis is not to be found on this search path, so its test cannot run."""
    told = tmp_path / "told"
    env = {"PATH": str(tmp_path), "THIRD_CHAIR_STRICT": strict, "THIRD_CHAIR_LEFT_OUT": str(told)}
    whole = clean_env() | env
    del whole["DJANGO_SETTINGS_MODULE"]
    file = "tests/facilitator/operations/test_services.py"
    command = [sys.executable, "-m", "pytest", "-q", file, "-k", "redis"]

    done = subprocess.run(command, cwd=ROOT, env=whole, capture_output=True, text=True)

    assert done.returncode == status, done.stdout
    assert told.read_text() == "1 test: Redis is not installed: apt-get install redis-server\n"
