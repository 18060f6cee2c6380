"""The list of modules in docs/architecture.md, made of their own first sentences: `python -m tests.modules`."""

import ast
import subprocess
from itertools import groupby
from pathlib import Path

from tests.services import ROOT

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- modules: made by python -m tests.modules -->\n", "<!-- end of modules -->\n"
ROOMS = ("sessions", "clients", "reports", "facilitator")


def modules() -> list[Path]:
    """Every module of the four packages, without migrations, room by room."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    paths = [Path(name) for name in listed if (ROOT / name).is_file()]
    ours = [path for path in paths if path.parts[0] in ROOMS and "migrations" not in path.parts]
    return sorted(ours, key=lambda path: (ROOMS.index(path.parts[0]), path.parent.parts, path.name))


def says(path: Path) -> str:
    """The first sentence of a module's docstring; nothing where it has none."""
    text = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
    first_paragraph = " ".join(text.split("\n\n")[0].split())
    sentence, dot, _rest = first_paragraph.partition(". ")
    return sentence + "." if dot else first_paragraph


def listed() -> str:
    """A heading for each folder with what it is for, then a line for each module in it."""
    lines: list[str] = []
    for folder, paths in groupby(modules(), key=lambda path: path.parent):
        inside = list(paths)
        package = says(folder / "__init__.py") if folder / "__init__.py" in inside else ""
        lines += ["", f"**`{folder}/`** {package}".rstrip(), ""]
        lines += [f"- `{path.stem}` {says(path)}" for path in inside if path.name != "__init__.py"]
    return "\n".join([*lines[1:], ""])


def page() -> str:
    """The whole page of the architecture with its list as it should be today."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _old, after = rest.split(END)
    return before + BEGIN + listed() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(len(modules()), "modules")
