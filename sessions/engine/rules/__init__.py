"""Which command is allowed now, and why not.

Order of refusal: form and order (never overridable), then the absolute guards, then the soft ones, which
give way to a reason. Stopping and resting are guarded by nothing but form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions.engine.clock import Moment, State, fold, state_at
from sessions.engine.kinds import KINDS, Command, check_common, check_form
from sessions.engine.plan import Plan
from sessions.engine.rules.available import available
from sessions.engine.rules.guards import NO_JOINT_WORK, absolute, format_guards, joint_work_rests, soft
from sessions.engine.rules.hints import hints
from sessions.engine.rules.order import order
from sessions.engine.rules.reflections import reflection_form
from sessions.engine.rules.standing import Standing
from sessions.engine.rules.texts import TEXTS, refusal
from sessions.engine.rules.undo_and_correct import correct, target_kind, target_of, undo

__all__ = [
    "TEXTS",
    "Standing",
    "Verdict",
    "allowed",
    "check",
    "format_guards",
    "is_repeat",
    "target_kind",
    "target_of",
]


@dataclass(frozen=True)
class Verdict:
    # Codes of the soft guards that the reason set aside, and of the hints; `TEXTS` has their words.
    set_aside: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def check(
    plan: Plan,
    moments: Iterable[Moment] | State,
    standing: Standing,
    command: Command,
    now: datetime,
    override: str | None = None,
) -> Verdict:
    """Raises the first Refusal, or says what was set aside and what is worth knowing."""
    check_form(command.kind, command.fields)
    check_common(command)
    folded = moments if isinstance(moments, State) else fold(plan, moments)
    if plan.timed and folded.last_at is not None and now < folded.last_at:
        raise refusal("time_went_back")
    state = state_at(folded, now)
    order(state, command.by, command.kind, command.fields, command.voice)
    if command.kind == "undone":
        undo(state, command)
    elif command.kind == "corrected":
        correct(state, standing, command)
    reflection_form(state, command)
    absolute(state, standing, command)
    in_the_way = soft(state, standing, command, now)
    if in_the_way and not (override or command.override):
        raise refusal(in_the_way[0], "soft")
    return Verdict(tuple(in_the_way), hints(state, command))


def allowed(
    plan: Plan, moments: Iterable[Moment] | State, standing: Standing, now: datetime
) -> frozenset[str]:
    """The kinds that have a place now, for somebody, with the right fields; soft guards may still ask."""
    folded = moments if isinstance(moments, State) else fold(plan, moments)
    state = state_at(folded, now)
    if state.ended_at is not None:
        return frozenset() if standing.released else frozenset({"corrected"})
    resting = bool(joint_work_rests(state, standing))
    return frozenset(
        name
        for name, kind in KINDS.items()
        if available(state, kind) and not (resting and name not in NO_JOINT_WORK)
    )


def is_repeat(seen: Mapping[tuple[str, str], Command], command: Command) -> bool:
    """Whether this key was answered before: same poster, same fields. Other fields are refused."""
    if command.key is None or (command.by, command.key) not in seen:
        return False
    if not command.same_as(seen[command.by, command.key]):
        raise refusal("key_reused")
    return True
