"""Papers as rows: asked for, set as their reader, versioned, sealed. Release decides who reads."""

from reports.documents.asking import ask_due, has_sheet, prepare
from reports.documents.at_once import papers_of, sheet_at_the_door
from reports.documents.building import render_due
from reports.documents.previews import own_among, read_through
from reports.documents.reading import file_name, listed, listed_for, open_pdf, readable_by

__all__ = [
    "ask_due",
    "file_name",
    "has_sheet",
    "listed",
    "listed_for",
    "open_pdf",
    "own_among",
    "papers_of",
    "prepare",
    "read_through",
    "readable_by",
    "render_due",
    "sheet_at_the_door",
]
