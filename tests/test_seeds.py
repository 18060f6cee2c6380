"""The tests bite: each deliberate bug of tests/seeded_bugs.py is noticed by the test that is named for it."""

import pytest

from tests import seeded_bugs
from tests.seeded_bugs import BUGS
from tests.thorough import IS_THOROUGH

# What only a test of some ninety seconds notices has its turn in a thorough run.
IN_THIS_RUN = [bug for bug in BUGS if IS_THOROUGH or not bug.is_slow_to_notice]


def test_every_bug_still_fits_the_code_it_was_made_for():
    tree = seeded_bugs.services.ROOT
    assert [bug.name for bug in BUGS if (tree / bug.file).read_text().count(bug.was) != 1] == []
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 10


def test_the_table_in_the_decisions_is_of_these_bugs_and_none_was_missed():
    told = seeded_bugs.TABLE.read_text()
    assert [bug.name for bug in BUGS if f"| {bug.name} | {bug.what} |" not in told] == []
    assert f"{len(BUGS)} of {len(BUGS)} caught" in told
    assert "missed" not in told.replace("none was missed", "")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return seeded_bugs.copy_of_the_tree(tmp_path_factory.mktemp("seeds"))


@pytest.mark.slow
@pytest.mark.parametrize("bug", IN_THIS_RUN, ids=[bug.name for bug in IN_THIS_RUN])
def test_the_bug_is_noticed(tree, bug):
    """The same tests pass without it: they are part of this very run."""
    is_noticed, by, _seconds = seeded_bugs.seed(tree, bug)

    assert is_noticed, by
