"""The form of a reflection depends on the kind of its check, so it is judged with the state at hand."""

from sessions.engine.clock import State
from sessions.engine.clock.state import Check
from sessions.engine.kinds import Command
from sessions.engine.rules.texts import refusal

# The keys a reflection may have besides `check`, `heard` and `text`.
PARTS = {"feeling_and_reason": ("feelings", "reason"), "feeling": ("feelings",)}


def check_reflection(state: State, command: Command) -> None:
    """Refuses a part that this kind of check does not ask for, and a bridge that lacks one."""
    check = state.check
    if check is None:
        return

    if command.kind == "reflection_given":
        _check_parts(check, command)
    elif command.kind == "bridge_given":
        _check_bridge(check, command)


def _check_parts(check: Check, command: Command) -> None:
    allowed = PARTS.get(check.kind, ())
    for name in ("feelings", "reason"):
        if name in command.fields and name not in allowed:
            raise refusal("not_a_part", field=name)


def _check_bridge(check: Check, command: Command) -> None:
    is_whole = command.fields.get("feelings") and command.fields.get("reason")
    if check.kind == "feeling_and_reason" and not is_whole:
        raise refusal("bridge_incomplete")
