"""`python -m tests.benchmarks [NAME …]`: the figures of all benchmarks, or of these, one JSON line each."""

import importlib
import sys
from pathlib import Path

from tests.benchmarks import measuring

FOLDER = Path(__file__).parent


def main(wanted: list[str]) -> int:
    known = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2

    with measuring.database():
        for name in wanted or known:
            module = importlib.import_module(f"tests.benchmarks.bench_{name}")
            for figure in module.figures():
                print(figure.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
