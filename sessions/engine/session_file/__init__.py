"""The session file, version 1.

Reading, judging and applying are apart, so that `replay` can drive the same lines through the desk's verbs.
"""

from sessions.engine.session_file.dry_run import judged, rehearse
from sessions.engine.session_file.parsing import (
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
