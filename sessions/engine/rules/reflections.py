"""The form of a reflection depends on the kind of its check, so it is judged with the state at hand."""

from sessions.engine.clock import State
from sessions.engine.kinds import Command
from sessions.engine.rules.texts import refusal

# The keys a reflection may have besides `check`, `heard` and `text`.
PARTS = {"feeling_and_reason": ("feelings", "reason"), "feeling": ("feelings",)}


def reflection_form(state: State, command: Command) -> None:
    check = state.check
    if check is None:
        return
    if command.kind == "reflection_given":
        for name in ("feelings", "reason"):
            if name in command.fields and name not in PARTS.get(check.kind, ()):
                raise refusal("not_a_part", field=name)
    whole = command.fields.get("feelings") and command.fields.get("reason")
    if command.kind == "bridge_given" and check.kind == "feeling_and_reason" and not whole:
        raise refusal("bridge_incomplete")
