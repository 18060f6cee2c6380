"""PDFs: tagged, naming nobody, the same bytes every time, and unharmed by anything that people write."""

import http.server
import io
import threading
import urllib.request
from dataclasses import replace
from functools import cache

import pikepdf
import pytest

from reports import pdf
from reports.contexts import AgreementSheet, FacilitatorRecord, JointSummary, PartnerCopy
from reports.documents.content import RINGS
from tests.reports import stage
from tests.reports.reading import everything_in, opened, pages_of, structure_of, text_of

# Each sets a paper, and most a hostile one.
pytestmark = pytest.mark.slow


def contexts(material):
    return {
        "joint_summary": JointSummary.of(material),
        "partner_copy": PartnerCopy.of(material, "B"),
        "facilitator_record": FacilitatorRecord.of(material),
        "agreement_sheet": AgreementSheet.of(material),
    }


@cache
def worked(kind):
    return made(kind, stage.worked())


def made(kind, material=None, **setting):
    if material is None and not setting:
        return worked(kind)
    context = {"paper": contexts(material or stage.worked())[kind], "rings": RINGS}
    facts = {"language": "en", "title": "Summary, 13 March 2025", "author": "Notes"} | setting
    return pdf.render(f"reports/{kind}.html", context, **facts)


KINDS = ("joint_summary", "partner_copy", "facilitator_record", "agreement_sheet")


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_is_tagged_titled_and_in_a_language(kind):
    paper = made(kind)

    with opened(paper) as file:
        assert str(file.Root.Lang) == "en"
        assert bool(file.Root.MarkInfo.Marked) is True
        assert bool(file.Root.ViewerPreferences.DisplayDocTitle) is True
        assert str(file.docinfo["/Title"]) == "Summary, 13 March 2025"
        assert str(file.docinfo["/Author"]) == "Notes"
        assert "pdfuaid" in file.Root.Metadata.read_bytes().decode()

    kinds = [kind for kind, _, _ in structure_of(paper)]
    assert kinds.count("/H1") == 1


def test_header_cells_say_what_they_head_and_figures_say_what_they_show():
    elements = structure_of(made("facilitator_record"))

    assert {scope for kind, scope, _ in elements if kind == "/TH"} == {"/Column", "/Row"}
    assert [alt for kind, _, alt in elements if kind == "/Figure"] == [
        "Who spoke in each phase; the same figures are in the table above"
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_session_gives_the_same_bytes(kind):
    assert made(kind, stage.worked()) == worked(kind)


def test_the_summary_of_the_worked_session_has_two_pages_and_its_sheet_one():
    assert [pages_of(made(kind)) for kind in ("joint_summary", "agreement_sheet")] == [2, 1]


def test_every_page_says_which_it_is_and_what_it_is_not():
    text = text_of(made("joint_summary"))

    assert "1 of 2" in text
    assert "2 of 2" in text
    assert text.count("Not a diagnosis, not legal advice, not for use against one another.") == 2


def test_a_draft_says_so_on_every_page_and_a_record_that_it_stays_here():
    draft = text_of(made("joint_summary", stage.worked(released_on=None)))
    assert draft.count("Draft") == 2

    record = made("facilitator_record")
    assert text_of(record).count("not for release") == pages_of(record)


def test_the_cover_of_a_copy_names_nobody():
    with opened(made("partner_copy")) as file:
        del file.pages[1:]
        cover = io.BytesIO()
        file.save(cover)

    text = text_of(cover.getvalue())

    assert "Your copy" in text
    assert [name for name in ("Mara", "Teo", "Ines", "R-014") if name in text] == []


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_names_nobody(kind):
    with opened(made(kind)) as file:
        known = str(file.docinfo) + file.Root.Metadata.read_bytes().decode()
        attached = "/EmbeddedFiles" in file.Root.get("/Names", {})

    assert [name for name in ("Mara", "Teo", "Ines", "R-014") if name in known] == []
    assert attached is False


def test_all_text_is_in_our_own_typeface():
    with opened(made("facilitator_record")) as file:
        fonts = {str(f.BaseFont) for page in file.pages for f in page.Resources.Font.values()}

    assert {name.split("+")[1] for name in fonts} == {"Third", "Third-Bold"}


@pytest.mark.parametrize(("large", "points"), [(False, 11), (True, 14)])
def test_no_text_is_smaller_than_promised(large, points):
    with opened(made("joint_summary", large=large)) as file:
        pixels = [
            float(operands[1])
            for page in file.pages
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "Tf"
        ]
    assert round(min(pixels) * 72 / 96, 1) == points


def test_large_type_takes_more_room_and_says_the_same():
    small, large = made("joint_summary"), made("joint_summary", large=True)

    assert pages_of(large) > pages_of(small)
    assert "I am afraid of failing at this with her." in text_of(large)


def test_names_in_other_scripts_are_set():
    header, commands = stage.read()
    header["partners"] = {"A": {"name": "Ελένη"}, "B": {"name": "Żółć"}}
    text = text_of(made("joint_summary", stage.material_from(header, commands, stage.worked().figures)))

    assert "Ελένη" in text
    assert "Żółć" in text


class _Listener(http.server.BaseHTTPRequestHandler):
    hits: list[str] = []

    def do_GET(self):
        self.hits.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, *args):
        pass


@pytest.fixture
def listener():
    """A server on this machine that remembers who asked."""
    _Listener.hits = []

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


VECTORS = (
    '<img src="{url}/1">',
    '<img srcset="{url}/2 2x">',
    '<link rel="stylesheet" href="{url}/3">',
    '<link rel="attachment" href="{url}/4">',
    '<style>@import url("{url}/5");</style>',
    '<style>body {{ background: url("{url}/6") }}</style>',
    '<style>@font-face {{ font-family: x; src: url("{url}/7") }} p {{ font-family: x }}</style>',
    '<svg><image href="{url}/8" width="9" height="9"/></svg>',
    '<svg><use href="{url}/9#a"/></svg>',
    '<object data="{url}/10"></object>',
    '<embed src="{url}/11">',
    '<iframe src="{url}/12"></iframe>',
    '<ul style="list-style-image: url({url}/13)"><li>x</ul>',
    '<p style="content: url({url}/14)">x</p>',
    '<base href="{url}/15/"><img src="y">',
    '<meta http-equiv="refresh" content="0;url={url}/16">',
    '<input type="image" src="{url}/17">',
    '<video poster="{url}/18"></video>',
    '<div style="border-image: url({url}/19) 1">x</div>',
    '<style>p::before {{ content: url("{url}/20") }}</style>',
    '<img src="file://{secret}">',
    '<link rel="attachment" href="file://{secret}">',
    '<object data="file://{secret}"></object>',
    '<style>@import "file://{secret}";</style>',
    "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}/25'/></svg>\">",
)


def test_what_people_write_fetches_nothing_and_reads_no_file(listener, tmp_path):
    """Every vector in every text of every paper."""
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-the-disk")
    material = stage.worked()
    hostile = " ".join(vector.format(url=listener, secret=secret) for vector in VECTORS)

    def written(value, name=""):
        if isinstance(value, str):
            return value if name == "who" else f"{value} {hostile}"
        if isinstance(value, list):
            return [written(one, name) for one in value]
        if isinstance(value, dict):
            return {key: written(one, key) for key, one in value.items()}
        return value

    few = [line for line in material.lines if line.words][:12]
    lines = [
        replace(line, words={name: written(value) for name, value in line.words.items()})
        if line in few
        else line
        for line in material.lines
    ]

    for kind in ("joint_summary", "facilitator_record"):
        paper = made(kind, replace(material, lines=lines))
        assert "<img" in text_of(paper)
        assert "canary-of-the-disk" not in everything_in(paper)
    assert _Listener.hits == []

    # The listener does hear what is really asked.
    with urllib.request.urlopen(f"{listener}/asked") as answer:
        answer.read()
    assert _Listener.hits == ["/asked"]


@pytest.mark.parametrize("vector", VECTORS)
def test_even_a_template_cannot_fetch_anything(vector, listener, tmp_path):
    """Unescaped, as only a mistake of ours could print it: refused as a whole, or printed without it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-of-the-disk")
    body = vector.format(url=listener, secret=secret)
    html = f'<html lang="en"><head><title>x</title></head><body><p>x</p>{body}</body></html>'

    try:
        paper = everything_in(pdf.typeset(html))
    except pdf.NotRendered:
        paper = ""

    assert "canary-of-the-disk" not in paper
    assert _Listener.hits == []


def test_after_a_refused_paper_the_next_is_rendered():
    with pytest.raises(pdf.NotRendered, match="outside"):
        pdf.typeset('<html lang="en"><title>x</title><img src="https://elsewhere.example/x.png">')
    assert pages_of(made("agreement_sheet")) == 1


def with_words(text):
    material = stage.worked()
    lines = [
        replace(line, words={**line.words, "text": text}) if line.get("id") in ("S1", "O3") else line
        for line in material.lines
    ]
    return replace(material, lines=lines)


BOMBS = {
    "one word without end": "w" * 4000,
    "marks piled on one letter": "a" + "\u0301" * 3000,
    "marks that turn the page around": "\u202e" * 500 + "drawkcab",
    "what XML forbids": "a\x00\x08\ufffe\ud800b",
    "lines and lines": "x\n" * 2000,
    "markup": "</p></div></body>" * 200,
    "a style that never was": "</style><style>body{display:none}</style>",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_hostile_text_is_printed_like_any_other(bomb):
    paper = made("joint_summary", with_words(BOMBS[bomb]))
    assert "I am afraid of failing at this with her." in text_of(paper)


def test_a_text_that_is_too_long_is_refused_at_once():
    with pytest.raises(pdf.NotRendered, match="too long"):
        made("joint_summary", with_words("word " * 100_000))
    assert pages_of(made("agreement_sheet")) == 1


def test_a_space_before_the_end_of_a_paragraph_leaves_every_line_where_it_was():
    """Templates are indented; on paper nothing of it may show, wherever the last line ends."""
    for letters in range(60, 110):
        words = ("ab " * letters)[:letters].strip()

        tight = pdf.typeset(f"<html lang=en><title>x</title><p>{words}</p></html>")
        indented = pdf.typeset(f"<html lang=en><title>x</title><p>{words}\n    \n  </p></html>")

        assert indented == tight
