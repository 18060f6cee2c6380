"""The shape of the templates, where the formatter (djade) has no opinion: short lines, and two spaces a level."""

import subprocess
from pathlib import Path

from tests.surroundings import ROOT

LONGEST = 140


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
    too_long = [
        f"{path}:{number}"
        for path in templates()
        for number, line in enumerate(lines_of(path), 1)
        if len(line) > LONGEST
    ]

    assert too_long == [], "break these lines: a branch a line"


def test_templates_are_indented_by_two_spaces_a_level():
    wrong = [
        f"{path}:{number}"
        for path in templates()
        for number, line in enumerate(lines_of(path), 1)
        if line.strip() and (line[0] == "\t" or (len(line) - len(line.lstrip(" "))) % 2)
    ]

    assert len(templates()) > 100
    assert wrong == []
