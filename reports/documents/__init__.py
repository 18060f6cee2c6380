"""Papers as rows: asked for, set as their reader, versioned, sealed. Release decides who reads."""

from reports.documents.asking import ask_due, prepare
from reports.documents.building import render_due, write_all
from reports.documents.reading import file_name, listed, open_pdf, readable_by

__all__ = ["ask_due", "file_name", "listed", "open_pdf", "prepare", "readable_by", "render_due", "write_all"]
