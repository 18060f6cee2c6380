"""render(template, context) -> bytes. The only importer of WeasyPrint, lazily: it costs most of a second."""

import atexit
import gc
import io
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

FACES = {
    "app-static:face-400.ttf": "facilitator/fonts/atkinson-hyperlegible-next-400.ttf",
    "app-static:face-700.ttf": "facilitator/fonts/atkinson-hyperlegible-next-700.ttf",
}
# A megabyte of words takes ten seconds and 150 MiB to set; the record of a long session is a sixth of this.
MOST_LETTERS = 400_000
# What XML forbids, and marks that would let one line of text rearrange the page around it.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\u202a-\u202e\ud800-\udfff]")
# More marks on one letter than any language uses make the page unreadable and slow.
MARK_PILES = re.compile(
    "([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# What indents the templates must not count as letters. And WeasyPrint makes room for a space at the end of a
# paragraph, so that a last line that just fits would break.
INDENT = re.compile(r"\n[ \n]+")
LAST_SPACE = re.compile(r"\n(?=</(?:p|li|h[1-3]|th|td|figcaption)>)")
_one_at_a_time = threading.Lock()


class NotRendered(Exception):
    """This document cannot be set: too long, or it asked for something from outside."""


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    language: str,
    title: str,
    author: str = "",
    paper: str = "A4",
    large: bool = False,
) -> bytes:
    """A tagged PDF/UA-1. Same input, same bytes. `title` and `author` are metadata: no personal names."""
    with translation.override(language):
        html = render_to_string(template, {**context, "language": language, "title": title, "author": author})
    return typeset(html, paper=paper, large=large)


def typeset(html: str, *, paper: str = "A4", large: bool = False) -> bytes:
    html = LAST_SPACE.sub("", INDENT.sub("\n", html))
    if len(html) > MOST_LETTERS:
        raise NotRendered("too long to set")

    html = MARK_PILES.sub(r"\1", UNPRINTABLE.sub("", html))
    with _one_at_a_time, _no_collector():
        press = _press()
        try:
            plain = press.HTML(string=html, url_fetcher=press.fetcher).write_pdf(
                stylesheets=[press.sheet, *press.variant(paper, large)],
                font_config=press.fonts,
                pdf_variant="pdf/ua-1",
            )
        except press.Fatal as asked:
            # Not an Exception by birth: it would fly past every handler and end the worker.
            raise NotRendered("asked for something from outside") from asked
        except RecursionError as deep:
            raise NotRendered("nested too deep") from deep
    return finish(plain)


@contextmanager
def _no_collector() -> Iterator[None]:
    """A long record makes a million small objects at once; walking them again and again doubles its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Press:
    """One engine per process: WeasyPrint, its fonts and our sheet, read once."""

    def __init__(self) -> None:
        import pikepdf
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

        class OurFilesOnly(URLFetcher):  # type: ignore[misc]
            """Two font files by name. Everything else ends the render: our pages ask for nothing else."""

            def fetch(self, url: str, headers: Any = None) -> Any:
                if url not in FACES:
                    raise FatalURLFetchingError(f"denied: {url[:80]}")
                with open(_static(FACES[url]), "rb") as face:
                    return URLFetcherResponse(url, face.read(), {"Content-Type": "font/ttf"})

            open = fetch

        self.pikepdf = pikepdf
        self.HTML, self.CSS = weasyprint.HTML, weasyprint.CSS
        self.Fatal = FatalURLFetchingError
        self.fetcher = OurFilesOnly(allowed_protocols=("app-static",), allow_redirects=False)
        self.fonts = FontConfiguration()
        self.sheet = self._css("".join(_text(f"reports/{name}.css") for name in ("leaf", "print")))
        self._variants: dict[tuple[str, bool], list[Any]] = {}

    def _css(self, text: str) -> Any:
        return self.CSS(string=text, url_fetcher=self.fetcher, font_config=self.fonts)

    def variant(self, paper: str, large: bool) -> list[Any]:
        if (paper, large) not in self._variants:
            size = "14pt" if large else "11pt"
            letter = "@page { size: letter }" if paper == "Letter" else "@page { size: A4 }"
            self._variants[paper, large] = [self._css(f"{letter} html {{ font-size: {size} }}")]
        return self._variants[paper, large]


@cache
def _press() -> _Press:
    # Its fonts must be let go before the interpreter takes the modules apart.
    atexit.register(_press.cache_clear)
    return _Press()


def _static(name: str) -> str:
    path = finders.find(name)
    if path is None:
        raise FileNotFoundError(name)
    return str(path)


def _text(name: str) -> str:
    with open(_static(name), encoding="utf-8") as sheet:
        return sheet.read()


def finish(plain: bytes) -> bytes:
    """What the engine leaves out of PDF/UA: a scope on every header cell, the print flag on annotations."""
    pike = _press().pikepdf
    with pike.open(io.BytesIO(plain)) as pdf:
        for element, in_head in _elements(pdf.Root.StructTreeRoot, pike):
            if element.get("/S") == "/TH":
                scope = pike.Name("/Column" if in_head else "/Row")
                element["/A"] = pike.Dictionary(O=pike.Name("/Table"), Scope=scope)
        for page in pdf.pages:
            for note in page.get("/Annots", []):
                note["/F"] = 4
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _elements(root: Any, pike: Any) -> Iterator[tuple[Any, bool]]:
    """Every structure element, and whether it stands in a table head. No recursion: records are deep."""
    waiting = [(root, False)]
    while waiting:
        element, head = waiting.pop()
        head = head or element.get("/S") == "/THead"
        yield element, head
        kids = element.get("/K")
        for kid in kids if isinstance(kids, pike.Array) else [kids]:
            if isinstance(kid, pike.Dictionary) and "/S" in kid:
                waiting.append((kid, head))
