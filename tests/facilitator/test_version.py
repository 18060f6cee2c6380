"""One version in one place, and a changelog that knows it."""

import re
import subprocess
import tomllib

from facilitator.version import version
from tests.surroundings import ROOT, clean_env

HEADING = re.compile(r"## (?:Unreleased|\d+\.\d+\.\d+ – \d{4}-\d{2}-\d{2})")
# The changelog tells of every version; the locks hold those of others.
MAY_NAME_IT = {"pyproject.toml", "CHANGELOG.md", "requirements.lock", "requirements-test.lock"}


def headings() -> list[str]:
    lines = (ROOT / "CHANGELOG.md").read_text().splitlines()
    return [line for line in lines if line.startswith("## ")]


def test_the_version_is_read_from_the_project_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert version() == project["version"]


def test_run_says_the_version():
    done = subprocess.run(
        ["sh", str(ROOT / "run"), "--version"], env=clean_env(), capture_output=True, text=True
    )

    assert (done.returncode, done.stdout) == (0, f"Third Chair {version()}\n")


def test_no_other_file_writes_the_version_down():
    found = subprocess.run(
        ["git", "grep", "-lFw", "-e", f'"{version()}"', "-e", f"'{version()}'"],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip

    assert set(found) - MAY_NAME_IT == set()


def test_the_changelog_has_one_form_and_its_newest_release_is_this_version():
    released = [heading for heading in headings() if heading != "## Unreleased"]

    assert [heading for heading in headings() if not HEADING.fullmatch(heading)] == []
    assert headings().count("## Unreleased") == 1
    assert headings()[0] == "## Unreleased"
    assert released[0].startswith(f"## {version()} – ")
    assert released == sorted(released, key=_numbers, reverse=True)


def _numbers(heading: str) -> list[int]:
    return [int(number) for number in heading.split()[1].split(".")]
