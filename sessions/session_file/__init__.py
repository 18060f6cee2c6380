"""The session file, version 1.

Reading, judging and applying are apart, so that `replay` can drive the same lines through the desk's verbs.
"""

from sessions.session_file.reading import (
    BadLine,
    Header,
    LineCommand,
    SessionFile,
    load,
    parse,
    plan_from,
    read_command,
    read_file,
    read_header,
    written_line,
)
from sessions.session_file.rehearsal import judged, rehearse

__all__ = [
    "BadLine",
    "Header",
    "LineCommand",
    "SessionFile",
    "judged",
    "load",
    "parse",
    "plan_from",
    "read_command",
    "read_file",
    "read_header",
    "rehearse",
    "written_line",
]
