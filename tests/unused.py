"""Code that nothing uses: `python -m tests.unused`. What only looks so stands in tests/unused.txt, with its reason.

vulture reads Python only. So a name counts as used, too, where a template says it.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from vulture import Vulture

from tests.surroundings import ROOT

LIST = ROOT / "tests" / "unused.txt"
ROOMS = ("facilitator", "sessions", "clients", "reports")
TAG = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)


def found() -> set[str]:
    """What the rooms define and never use, as `file: name`. Code that only a test uses is unused."""
    reader = Vulture()
    reader.scavenge([str(ROOT / room) for room in ROOMS] + [str(ROOT / "manage.py")])
    said = _said_in_templates()

    names = set()
    for item in reader.get_unused_code():
        path = Path(item.filename).relative_to(ROOT)
        is_made_by_django = "migrations" in path.parts
        if not is_made_by_django and item.name not in said:
            names.add(f"{path}: {item.name}")
    return names


def _said_in_templates() -> set[str]:
    """Every word of every tag."""
    words: set[str] = set()
    for room in ROOMS:
        for template in (ROOT / room).rglob("templates/**/*.html"):
            for tag in TAG.findall(template.read_text()):
                words.update(re.findall(r"\w+", tag))
    return words


def listed() -> Mapping[str, str]:
    """What the list excuses, and why: a reason in brackets holds for the lines under it."""
    reasons = {}
    reason = ""
    for line in LIST.read_text().splitlines():
        if line.startswith("["):
            reason = line.strip("[]")
        elif line and not line.startswith("#"):
            reasons[line] = reason
    return reasons


def is_excused(name: str, excused: Mapping[str, str]) -> bool:
    """Listed with its file, or as a name that means the same in every file."""
    path, _, word = name.partition(": ")
    return name in excused or f"*: {word}" in excused or f"{path}: *" in excused


def complaints() -> Iterator[str]:
    """What is unused and not listed, and what is listed and no longer unused."""
    unused = found()
    excused = listed()

    for name in sorted(unused):
        if not is_excused(name, excused):
            yield f"{name} is used by nothing"

    for name, reason in excused.items():
        if not reason:
            yield f"{name} is listed without a reason"
        if not any(is_excused(one, {name: reason}) for one in unused):
            yield f"{name} is listed in tests/unused.txt, and used or gone"


def main() -> int:
    found_fault = False
    for line in complaints():
        print(line)
        found_fault = True
    return 1 if found_fault else 0


if __name__ == "__main__":
    sys.exit(main())
