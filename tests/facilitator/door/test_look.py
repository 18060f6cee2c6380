"""The look: contrast in light and dark, nothing inline, nothing from elsewhere, kind words."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "facilitator" / "static" / "facilitator"
ROOMS = ("facilitator", "clients", "clients/rituals", "sessions", "reports")
PAGES = sorted(p for room in ROOMS for p in (ROOT / room / "templates").rglob("*.html"))
SCRIPTS = sorted(p for room in ROOMS for p in (ROOT / room / "static").rglob("*.js"))
STYLES = sorted(p for room in ROOMS for p in (ROOT / room / "static").rglob("*.css"))
# practice.md 8
BANNED = ("refused", "invalid", "expired", "not available", "homework", "compliance", "failed", "overdue")

TEXT = [(ink, ground) for ink in ("ink", "ink-soft") for ground in ("paper", "surface", "sunk")] + [
    ("ink", "accent-soft"),
    ("ink", "dusk-soft"),
    ("ink", "clay-soft"),
    ("ink-soft", "accent-soft"),
    ("ink-soft", "dusk-soft"),
    ("accent", "paper"),
    ("accent", "surface"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-a", "a"),
    ("on-b", "b"),
    ("clay", "surface"),
    ("clay", "paper"),
]
BODY = [("ink", "paper"), ("ink", "surface"), ("ink", "sunk")]
SHAPES = [
    ("line-strong", "paper"),
    ("line-strong", "surface"),
    ("focus", "paper"),
    ("focus", "surface"),
    ("accent", "sunk"),
    ("dusk", "dusk-soft"),
    ("a", "paper"),
    ("b", "paper"),
]


def palette(scheme):
    tokens = (STATIC / "tokens.css").read_text()
    light, dark = tokens.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light))
    if scheme == "dark":
        found |= dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", dark.split("@media print")[0]))
    return found


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXT, 4.5), (BODY, 7), (SHAPES, 3)], ids=["AA", "AAA", "shapes"]
)
def test_colours_can_be_read(scheme, pairs, least):
    colours = palette(scheme)
    short = {f"{a} on {b}": round(contrast(colours[a], colours[b]), 2) for a, b in pairs}
    assert {pair: ratio for pair, ratio in short.items() if ratio < least} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neither_partner_has_the_louder_colour(scheme):
    colours = palette(scheme)
    assert contrast(colours["a"], colours["b"]) < 1.25


def test_pages_hold_no_inline_script_or_style():
    inline = re.compile(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:", re.I)
    screens = [p for p in PAGES if "reports" not in p.parts]
    assert [str(p.relative_to(ROOT)) for p in screens if inline.search(p.read_text())] == []


def test_nothing_is_fetched_from_elsewhere():
    elsewhere = re.compile(r"(?:src|href|url\(|@import|fetch\()\s*=?\s*[\"'(]*(?:https?:)?//", re.I)
    assert [
        str(p.relative_to(ROOT)) for p in [*PAGES, *SCRIPTS, *STYLES] if elsewhere.search(p.read_text())
    ] == []


def test_the_typeface_lies_here_with_its_licence():
    fonts = STATIC / "fonts"
    asked_for = set(re.findall(r'url\("fonts/([^"]+)"\)', (STATIC / "tokens.css").read_text()))
    assert asked_for == {p.name for p in fonts.glob("*.woff2")}
    assert "SIL Open Font License" in (fonts / "LICENSE").read_text()


def partner_pages():
    errors = [p for p in PAGES if p.parent.name == "templates" and p.stem.isdigit()]
    own = [p for p in PAGES if "base_partner.html" in p.read_text() or p.name == "base_partner.html"]
    parts = [p for p in PAGES if p.parent.name == "rituals" and p.stem in ("answers", "running")]
    return [*errors, *own, *parts]


def said_on(page):
    source = page.read_text()
    short = re.findall(r'translate "([^"]*)"', source)
    long = re.findall(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate", source, re.S)
    return " ".join([*short, *long]).lower()


def test_partners_never_read_a_word_that_blames_or_brands():
    pages = partner_pages()
    assert len(pages) >= 10
    assert all(said_on(page) for page in pages if page.name != "base_error.html")
    found = [(str(p.relative_to(ROOT)), word) for p in pages for word in BANNED if word in said_on(p)]
    assert found == []
    assert [str(p.relative_to(ROOT)) for p in pages if "Third Chair" in p.read_text()] == []


def test_the_two_are_told_apart_by_shape_and_not_by_colour_alone():
    style = (STATIC / "base.css").read_text()
    shapes = dict(re.findall(r"\.mark-([ab]) \{ border-radius: (\d+%)", style))
    assert shapes == {"a": "50%", "b": "24%"}
