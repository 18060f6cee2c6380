"""`python -m tests.benchmarks [NAME …]`: the figures of all benchmarks, or of these, one JSON line each."""

import importlib
import sys
from pathlib import Path

from tests.benchmarks import measuring

FOLDER = Path(__file__).parent


def names() -> list[str]:
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        known = ", ".join(names())
        print(f"There is no benchmark {', '.join(unknown)}; there are {known}.", file=sys.stderr)
        return 2

    with measuring.database():
        for name in wanted or names():
            show(name)
    return 0


def show(name: str) -> None:
    """One benchmark's figures; where a program it needs is missing, one line that says so."""
    from tests.services import LeftOut

    module = importlib.import_module(f"tests.benchmarks.bench_{name}")
    try:
        for figure in module.figures():
            print(figure.line(), flush=True)
    except LeftOut as missing:
        print(f"{name}: left out, {missing}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
