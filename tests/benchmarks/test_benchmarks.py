"""Every benchmark still runs: its first figure on a tiny n. No speed is judged here."""

import importlib
from contextlib import closing

import pytest

from tests.benchmarks.__main__ import names
from tests.benchmarks.measuring import Figure

# Nothing of these can be measured without starting the whole house, which takes seconds: they run by hand only.
NEED_A_HOUSE = {"load", "visit"}
IN_PROCESS = [name for name in names() if name not in NEED_A_HOUSE]


@pytest.mark.django_db
@pytest.mark.parametrize("name", IN_PROCESS)
def test_a_benchmark_yields_a_figure(name):
    module = importlib.import_module(f"tests.benchmarks.bench_{name}")

    with closing(module.figures(brief=True)) as figures:
        first = next(figures)

    assert isinstance(first, Figure)
    assert first.value > 0
