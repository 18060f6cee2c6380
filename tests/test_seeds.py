"""The tests bite: every deliberate bug of tests/seeded_bugs.py is noticed, and by a test that passes without it."""

import os

import pytest

from tests import seeded_bugs


def test_every_bug_still_fits_the_code_it_was_made_for():
    tree = seeded_bugs.services.ROOT
    assert [bug.name for bug in seeded_bugs.BUGS if (tree / bug.file).read_text().count(bug.was) != 1] == []
    assert len({bug.name for bug in seeded_bugs.BUGS}) == len(seeded_bugs.BUGS) >= 10


def test_the_table_in_the_decisions_is_of_these_bugs_and_none_was_missed():
    told = seeded_bugs.TABLE.read_text()
    assert [bug.name for bug in seeded_bugs.BUGS if f"| {bug.name} | {bug.what} |" not in told] == []
    assert f"{len(seeded_bugs.BUGS)} of {len(seeded_bugs.BUGS)} caught" in told
    assert "missed" not in told.replace("none was missed", "")


@pytest.mark.slow
def test_every_bug_is_caught():
    """All of them with THIRD_CHAIR_SEEDS=all (some ten minutes); otherwise those that one quick test notices."""
    every = os.environ.get("THIRD_CHAIR_SEEDS") == "all"
    chosen = [bug for bug in seeded_bugs.BUGS if every or (bug.tests != seeded_bugs.PRIVACY and bug.names)]
    assert [(bug.name, by) for bug, caught, by, _ in seeded_bugs.run(chosen) if not caught] == []
