"""What a paper costs beside a one-line page, the engine alone and Chromium; what two processes and many papers do.

`./run bench pdf`.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import WALL, Figure, alone, beside, interleaved

RUNS = 9
OVERHEAD_GOAL = 1.15
ONE_LINE_GOAL = 17
PAGE_GOAL = 1.25
CHROMIUM_GOAL = 0.5
# Two processes make 1.9 times as many papers: each takes so much of the time it would take alone.
TWO_PROCESSES_GOAL = 0.53
PAPERS_EACH = 12
MANY = 100
# 5 MiB over 500.
GROWTH_GOAL_MIB = 1

ONE_LINE = '<html lang="en"><head><title>x</title></head><body data-of="of" data-mark=""><p>One line.</p></body></html>'
FACTS = {"language": "en", "title": "x", "author": "x"}


def figures(*, brief: bool = False) -> Iterator[Figure]:
    from reports import pdf
    from reports.contexts import JointSummary
    from tests.reports import stage

    runs = 1 if brief else RUNS
    html = summary_html()

    def summary() -> bytes:
        return whole("joint_summary", JointSummary.of(stage.worked()))

    acts: dict[str, Callable[[], Any]] = {
        "whole path": summary,
        "engine alone": lambda: bare_weasyprint(html),
        "ours without template": lambda: pdf.typeset(html),
        "one line": lambda: pdf.typeset(ONE_LINE),
    }
    ms = interleaved(acts, runs=runs)

    path = ms["whole path"]
    name = "pdf: joint summary, whole path / WeasyPrint alone"
    yield beside(name, path, ms["engine alone"], goal=OVERHEAD_GOAL, n=runs)
    name = "pdf: joint summary, whole path / our typesetting of the same HTML"
    yield beside(name, path, ms["ours without template"], goal=OVERHEAD_GOAL, n=runs)
    yield beside("pdf: joint summary / one line", path, ms["one line"], goal=ONE_LINE_GOAL, n=runs)

    yield pages_of_a_long_record(summary, runs=runs)
    yield beside_chromium(summary, html, runs=runs)
    yield in_two_processes()
    yield memory_after_many(summary)


# The same summary by others


def bare_weasyprint(html: str) -> bytes:
    """The engine as its manual has it, with our sheet, our fonts and no step of our own."""
    from reports import pdf

    press = pdf._press()
    sheets = [press.sheet, *press.variant("A4", False)]
    document = press.HTML(string=html, url_fetcher=press.fetcher)
    made: bytes = document.write_pdf(stylesheets=sheets, font_config=press.fonts, pdf_variant="pdf/ua-1")
    return made


def beside_chromium(summary: Callable[[], Any], html: str, *, runs: int) -> Figure:
    """By the clock on the wall, because the browser works in processes of its own."""
    from tests import services

    with services.chromium() as browser:

        def on_a_new_page() -> None:
            page = browser.new_page()
            page.set_content(html)
            page.pdf(format="A4")
            page.close()

        ms = interleaved({"ours": summary, "chromium": on_a_new_page}, runs=runs, clock=WALL)

    name = "pdf: joint summary / Chromium on a new page"
    return beside(name, ms["ours"], ms["chromium"], goal=CHROMIUM_GOAL, n=runs)


# A long paper


def pages_of_a_long_record(summary: Callable[[], Any], *, runs: int) -> Figure:
    from tests.reports.reading import pages_of

    record = long_record()

    def long() -> bytes:
        return whole("facilitator_record", record)

    pages, few_pages = pages_of(long()), pages_of(summary())
    ms = interleaved({"summary": summary, "record": long}, runs=max(1, runs // 2))

    name = f"pdf: ms a page of {pages} / of {few_pages}"
    return beside(name, ms["record"] / pages, ms["summary"] / few_pages, goal=PAGE_GOAL, n=max(1, runs // 2))


def long_record() -> Any:
    """The record of a long session: the log of the worked one, several times over."""
    from reports.contexts import FacilitatorRecord
    from tests.reports import stage

    record = FacilitatorRecord.of(stage.worked())
    rows = tuple(row for _ in range(5) for row in record.log.rows)
    return replace(record, log=replace(record.log, rows=rows))


# Many papers


def memory_after_many(summary: Callable[[], Any]) -> Figure:
    """What this process has grown by, after the first few have filled every cache."""
    for _ in range(20):
        summary()
    before = resident_mib()

    for _ in range(MANY):
        summary()
    return alone(f"pdf: MiB grown over {MANY} summaries", resident_mib() - before, goal=GROWTH_GOAL_MIB)


def resident_mib() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kib) / 1024


def in_two_processes() -> Figure:
    """Seconds a paper takes while one process works, and while two do: by the clock on the wall."""
    with typesetter() as first, typesetter() as second:
        one = together(first)
        two = together(first, second) / 2

    name = "pdf: ms a summary with two processes / with one"
    return beside(name, two * 1000, one * 1000, goal=TWO_PROCESSES_GOAL, n=PAPERS_EACH)


def together(*processes: Any) -> float:
    """Let each make PAPERS_EACH papers at the same time; the seconds one paper took."""
    began = WALL()
    for process in processes:
        process.stdin.write(f"{PAPERS_EACH}\n")
        process.stdin.flush()
    for process in processes:
        process.stdout.readline()
    return (WALL() - began) / PAPERS_EACH


@contextmanager
def typesetter() -> Iterator[Any]:
    """A process that makes as many summaries as it is told to, each line of its input a number."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_pdf"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        # Its first paper is made: everything is imported.
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def typeset_as_told() -> None:
    import django

    django.setup()
    from reports import pdf

    html = summary_html()
    pdf.typeset(html)
    print("ready", flush=True)

    for line in sys.stdin:
        for _ in range(int(line)):
            pdf.typeset(html)
        print("done", flush=True)


# Our own path


def summary_html() -> str:
    from django.template.loader import render_to_string
    from django.utils import translation

    from reports.contexts import JointSummary
    from reports.documents.content import RINGS
    from tests.reports import stage

    context = {"paper": JointSummary.of(stage.worked()), "rings": RINGS, **FACTS}
    with translation.override("en"):
        return render_to_string("reports/joint_summary.html", context)


def whole(kind: str, paper: Any) -> bytes:
    """From a context to bytes, as the sweep makes it."""
    from reports import pdf
    from reports.documents.content import RINGS

    return pdf.render(f"reports/{kind}.html", {"paper": paper, "rings": RINGS}, **FACTS)


if __name__ == "__main__":
    typeset_as_told()
