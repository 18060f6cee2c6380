"""Papers as rows: asked for, set as their reader, versioned, sealed. Release decides who reads."""

from reports.documents.asking import ask_due, prepare
from reports.documents.building import papers_of, render_due, sheet_at_the_door
from reports.documents.reading import file_name, listed, open_pdf, readable_by

__all__ = [
    "ask_due",
    "file_name",
    "listed",
    "open_pdf",
    "papers_of",
    "prepare",
    "readable_by",
    "render_due",
    "sheet_at_the_door",
]
