"""What the thorough run reached: lines and branches of the four packages, beside the figure that was kept last.

python -m tests.covered            after a run under coverage: print the figure and what was not reached
python -m tests.covered --keep     the same, and keep the figure in tests/coverage.txt
"""

import sys
from pathlib import Path

from coverage import Coverage

from tests.surroundings import ROOT

KEPT = ROOT / "tests" / "coverage.txt"


def measured() -> tuple[float, dict[str, str]]:
    """Per cent of lines and branches reached, and for each file the lines that were not."""
    data = Coverage(config_file=str(ROOT / "pyproject.toml"))
    data.combine(strict=True)
    data.save()

    missing = {}
    for path in sorted(data.get_data().measured_files()):
        _file, _statements, _excluded, _lines, not_reached = data.analysis2(path)
        if not_reached:
            missing[Path(path).relative_to(ROOT).as_posix()] = not_reached

    with Path("/dev/null").open("w") as nowhere:
        per_cent = data.report(file=nowhere)
    return per_cent, missing


def main(arguments: list[str]) -> int:
    per_cent, missing = measured()
    kept = KEPT.read_text().strip() if KEPT.exists() else "none"

    for path, lines in missing.items():
        print(f"{path}: {lines}")
    print(f"coverage of lines and branches: {per_cent:.1f} %, kept last: {kept} %")

    if "--keep" in arguments:
        KEPT.write_text(f"{per_cent:.1f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
