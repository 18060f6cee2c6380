"""Every sentence a partner can read, in one place, so that it can be read aloud: `python -m tests.words`.

Read from where the sentences stand: the marked texts of templates and modules, and the data of the house.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHEET = ROOT / "docs" / "words.md"
HEAD = """# Every sentence a partner can read

Made by `python -m tests.words`; `tests/test_words.py` holds it to the code and to the words of practice.md 8.
`{…}` stands for a name, a day or a number. Read it aloud when you change something: short, warm, plain.
"""
# Where it appears: the files it is written in. A pattern that finds nothing is an error.
GROUPS = {
    "On the turned screen, and on the cards it hands over": (
        "sessions/templates/facilitation/room/*.html",
        "sessions/templates/facilitation/room/hand_over/*.html",
        "clients/templates/clients/agreement_card.html",
        "clients/agreement.py",
        "clients/models.py",
        "sessions/room/card_in_hand.py",
        "sessions/room/hand_over.py",
        "sessions/room/questions.py",
        "sessions/room/shared_view.py",
    ),
    "On their own page": (
        "facilitator/templates/facilitator/base_partner.html",
        "clients/rituals/templates/rituals/*.html",
        "clients/rituals/portal.py",
        "clients/rituals/models.py",
        "clients/rituals/views.py",
        "clients/rituals/rituals.py",
        "clients/rituals/api.py",
        "reports/templates/reports/documents.html",
        "reports/templates/reports/waiting.html",
        "reports/models.py",
    ),
    "In a mail": ("clients/rituals/deliveries/letters.py",),
    "When something is not there, or went wrong": (
        "facilitator/templates/4*.html",
        "facilitator/templates/5*.html",
        "facilitator/templates/facilitator/base_error.html",
    ),
    "On the papers of a session": (
        "reports/templates/reports/_*.html",
        "reports/templates/reports/paper.html",
        "reports/templates/reports/door_*.html",
        "reports/templates/reports/joint_summary.html",
        "reports/templates/reports/partner_copy.html",
        "reports/templates/reports/agreement_sheet.html",
        "reports/templates/reports/read_with.html",
        "reports/contexts/door.py",
        "reports/contexts/joint.py",
        "reports/contexts/partner.py",
        "reports/contexts/sheet.py",
        "sessions/wording/codes.py",
        "sessions/wording/moments.py",
        "reports/documents/building.py",
        "reports/documents/previews.py",
    ),
    "On the papers to start with": (
        "reports/templates/reports/blank_papers/*.html",
        "reports/templates/reports/leaf.html",
        "reports/blank_papers.py",
    ),
    "Said in the same way everywhere": ("clients/words.py", "sessions/wording/goals.py"),
    "In the ready formats": ("sessions/engine/data/formats.json",),
    "In the rituals": ("clients/rituals/data/rituals.json",),
    "In the lists of words": ("sessions/engine/data/feelings.tsv", "sessions/engine/data/needs.tsv"),
}
# The same folders hold pages of the facilitator's own.
NOT_THEIRS = {
    "clients/rituals/templates/rituals/couple_rituals.html",
    "clients/rituals/templates/rituals/propose.html",
    "clients/rituals/templates/rituals/ritual_card.html",
    "clients/rituals/templates/rituals/not_yet.html",
    "reports/templates/reports/_parting_form.html",
}
MARKED = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext"}
SAID = {"title", "prompts", "purpose", "steps", "invitation", "decline_acknowledgement"}


def files(pattern: str) -> list[Path]:
    found = sorted(path for path in ROOT.glob(pattern) if str(path.relative_to(ROOT)) not in NOT_THEIRS)
    assert found, f"nothing at {pattern}"
    return found


def tidy(text: str) -> str:
    """One line, with a mark where a name or a number will stand."""
    holes = re.sub(
        r"\{\{\s*(\w+).*?\}\}|%\((\w+)\)[sd]|\{(\w+)\}", lambda m: "{" + (m[1] or m[2] or m[3]) + "}", text
    )
    return " ".join(holes.split())


def of_template(source: str) -> Iterator[str]:
    short = r"""{%\s*translate\s+(?:"([^"]*)"|'([^']*)')"""
    long = r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate\s*%}"
    for found in re.finditer(f"{short}|{long}", source, re.S):
        text = next(part for part in found.groups() if part is not None)
        yield from re.split(r"{%\s*plural\s*%}", text)


def of_module(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKED:
            for given in node.args:
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    yield given.value


def of_data(source: str) -> Iterator[str]:
    def walk(value: object, is_said: bool) -> Iterator[str]:
        if isinstance(value, str):
            if is_said:
                yield value

        elif isinstance(value, list):
            for each in value:
                yield from walk(each, is_said)

        elif isinstance(value, dict):
            for name, each in value.items():
                yield from walk(each, name in SAID)

    yield from walk(json.loads(source), False)


def of_list(source: str) -> Iterator[str]:
    for line in source.splitlines()[1:]:
        yield from line.split("\t")[:2]


READERS = {".tsv": of_list, ".html": of_template, ".py": of_module, ".json": of_data}


def collected() -> dict[str, dict[str, list[str]]]:
    """By where it appears, then by the file it is written in; each sentence once in its place."""
    found: dict[str, dict[str, list[str]]] = {}

    for where, patterns in GROUPS.items():
        seen: set[str] = set()
        for pattern in patterns:
            for path in files(pattern):
                texts = [tidy(text) for text in READERS[path.suffix](path.read_text(encoding="utf-8"))]

                fresh = [text for text in dict.fromkeys(texts) if text and text not in seen]
                seen |= set(fresh)

                if fresh:
                    found.setdefault(where, {})[str(path.relative_to(ROOT))] = fresh

    return found


def sheet() -> str:
    parts = [HEAD]
    for where, sources in collected().items():
        parts.append(f"\n## {where}\n")
        for source, texts in sources.items():
            parts.append(f"\n`{source}`\n\n" + "".join(f"- {text}\n" for text in texts))
    return "".join(parts)


if __name__ == "__main__":
    SHEET.write_text(sheet(), encoding="utf-8")
    print(sum(len(texts) for sources in collected().values() for texts in sources.values()), "sentences")
