"""What a paper costs: against a one-line page and the engine alone, interleaved in one run.

Only the ratios count; the machine decides the milliseconds.
Run: pytest tests/benchmarks/bench_pdf.py -s
"""

import statistics
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from django.template.loader import render_to_string
from django.utils import translation

from reports import pdf
from reports.contexts import FacilitatorRecord, JointSummary
from reports.documents.content import RINGS
from tests.reports import stage
from tests.reports.reading import pages_of

ROUNDS = 9
# performance.md A.
SUMMARY_FLOORS, OVERHEAD, PAGE_GROWTH = 17, 1.15, 1.25
ONE_LINE = '<html lang="en"><head><title>x</title></head><body data-of="of" data-mark=""><p>One line.</p></body></html>'


def summary_html():
    with translation.override("en"):
        return render_to_string(
            "reports/joint_summary.html",
            {
                "paper": JointSummary.of(stage.worked()),
                "rings": RINGS,
                "language": "en",
                "title": "x",
                "author": "x",
            },
        )


def long_record():
    """The record of a long session: the log of the worked one, several times over."""
    material = stage.worked()
    record = FacilitatorRecord.of(material)
    log = record.log
    rows = tuple(row for _ in range(5) for row in log.rows)
    return replace(record, log=replace(log, rows=rows))


def whole(kind, paper):
    facts = {"language": "en", "title": "x", "author": "x"}
    return pdf.render(f"reports/{kind}.html", {"paper": paper, "rings": RINGS}, **facts)


def took(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def commit():
    root = Path(__file__).parent.parent.parent
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.strip()


def test_what_a_paper_costs():
    html, record = summary_html(), long_record()
    pages = pages_of(whole("facilitator_record", record))
    work = {
        "one line": lambda: pdf.typeset(ONE_LINE),
        "summary, engine alone": lambda: pdf.typeset(html),
        "summary, whole path": lambda: whole("joint_summary", JointSummary.of(stage.worked())),
        "long record": lambda: whole("facilitator_record", record),
    }
    times = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            times[name].append(took(run))
    middle = {name: statistics.median(found) for name, found in times.items()}
    floor, alone, path, long = middle.values()
    page_ratio = (long / pages) / (path / 2)
    print(f"n={ROUNDS} commit={commit()}")
    for name, value in middle.items():
        print(f"{name:24} {value:8.1f} ms")
    print(f"summary / one line        {path / floor:6.2f}  (reach: {SUMMARY_FLOORS})")
    print(f"whole path / engine alone {path / alone:6.2f}  (reach: {OVERHEAD})")
    print(f"{pages} pages: ms a page / summary's ms a page {page_ratio:6.2f}  (reach: {PAGE_GROWTH})")
    # The reaches are for a quiet machine; twice as much is a mistake on any.
    assert (path / floor < 2 * SUMMARY_FLOORS, path / alone < 2 * OVERHEAD) == (True, True)
