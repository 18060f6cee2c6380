"""A session file run through rules and clock without a database."""

from datetime import UTC, datetime
from typing import Any

from facilitator.errors import Refusal
from sessions.engine.clock import Moment, State, advance, begin, moment_of
from sessions.engine.figures import figures
from sessions.engine.kinds import Command
from sessions.engine.rules import Standing, check, is_repeat, target_kind
from sessions.engine.session_file.parsing import BadLine, LineCommand, SessionFile


def rehearse(file: SessionFile, standing: Standing) -> tuple[list[Moment], dict[str, Any]]:
    """The Moments and figures that the whole file comes to; raises BadLine for the first line that is refused."""
    state = begin(file.plan)
    seen: dict[tuple[str, str], Command] = {}

    for line in file.lines:
        try:
            if not is_repeat(seen, line):
                advance(state, judged(state, standing, line))
        except Refusal as refusal:
            raise BadLine(line.number, str(refusal)) from refusal
        if line.key is not None:
            seen.setdefault((line.by, line.key), line)

    file.finish(state.ended_at is not None)
    return state.moments, figures(file.plan, state)


def judged(state: State, standing: Standing, line: LineCommand) -> Moment:
    """The Moment that a line comes to, if the rules let it pass."""
    now = line.at or datetime(1970, 1, 1, tzinfo=UTC)
    verdict = check(state.plan, state, standing, line, now)
    target = target_kind(state, line)
    return moment_of(line, number=line.number, at=line.at, target=target, set_aside=verdict.set_aside)
