"""Where we are: a pure function of the plan, the Moments and now. Nothing moves by itself."""

from sessions.engine.clock.fold import advance, fold
from sessions.engine.clock.moment import Moment, moment_of
from sessions.engine.clock.reading import (
    CheckReading,
    DueReading,
    ExtensionReading,
    PauseReading,
    PhaseReading,
    Reading,
    closing_is_due,
    is_shorter,
    read,
    reading_of,
    state_at,
)
from sessions.engine.clock.state import State, begin, instant_at, seconds

__all__ = [
    "CheckReading",
    "DueReading",
    "ExtensionReading",
    "Moment",
    "PauseReading",
    "PhaseReading",
    "Reading",
    "State",
    "advance",
    "begin",
    "closing_is_due",
    "fold",
    "instant_at",
    "is_shorter",
    "moment_of",
    "read",
    "reading_of",
    "seconds",
    "state_at",
]
