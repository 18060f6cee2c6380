"""The shape of the templates, where the formatter (djade) has no opinion: short lines, and two spaces a level."""

import subprocess
from pathlib import Path

from tests.surroundings import ROOT

LONGEST = 140
LIST = ROOT / "tests" / "long_templates.txt"


def templates() -> list[Path]:
    """All but the icons: each of them is one line, and stands in the middle of another."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.html"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    paths = [Path(name) for name in tracked if (ROOT / name).is_file()]
    return [path for path in paths if "icons" not in path.parts]


def lines_of(path: Path) -> list[str]:
    return (ROOT / path).read_text().splitlines()


def test_no_template_has_a_line_over_140_characters():
    """tests/long_templates.txt lists those that still have one: it only ever gets shorter."""
    with_long_lines = {
        str(path) for path in templates() if any(len(line) > LONGEST for line in lines_of(path))
    }
    listed = {line for line in LIST.read_text().splitlines() if line and not line.startswith("#")}

    assert with_long_lines - listed == set(), "break these lines: a branch a line"
    assert listed - with_long_lines == set(), f"take these out of {LIST.name}: they are done"


def test_templates_are_indented_by_two_spaces_a_level():
    wrong = [
        f"{path}:{number}"
        for path in templates()
        for number, line in enumerate(lines_of(path), 1)
        if line.strip() and (line[0] == "\t" or (len(line) - len(line.lstrip(" "))) % 2)
    ]

    assert len(templates()) > 100
    assert wrong == []
