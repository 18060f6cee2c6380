"""Which command is allowed now, and why not.

Order of refusal: form and order (no reason sets these aside), then the absolute guards, then the soft ones, which
give way to a reason. Stopping and resting are guarded by nothing but form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions.engine.clock import Moment, State, fold, state_at
from sessions.engine.kinds import KINDS, Command, check_common, check_form
from sessions.engine.plan import Plan
from sessions.engine.rules.absolute import check_absolute, joint_work_rests
from sessions.engine.rules.available import available
from sessions.engine.rules.hints import hints
from sessions.engine.rules.order import check_order
from sessions.engine.rules.reflections import check_reflection
from sessions.engine.rules.soft import format_guards, soft_guards
from sessions.engine.rules.standing import Standing
from sessions.engine.rules.texts import TEXTS, refusal
from sessions.engine.rules.undo_and_correct import check_correct, check_undo, target_kind, target_of

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
    plan: Plan, moments: Iterable[Moment] | State, standing: Standing, command: Command, now: datetime
) -> Verdict:
    """Raises the first Refusal, or says what was set aside and what is worth knowing."""
    check_form(command.kind, command.fields)
    check_common(command)

    folded = moments if isinstance(moments, State) else fold(plan, moments)
    if plan.timed and folded.last_at is not None and now < folded.last_at:
        raise refusal("time_went_back")
    state = state_at(folded, now)

    check_order(state, command.by, command.kind, command.fields, command.voice)
    if command.kind == "undone":
        check_undo(state, command)
    elif command.kind == "corrected":
        check_correct(state, standing, command)
    check_reflection(state, command)

    check_absolute(state, standing, command)

    in_the_way = soft_guards(state, standing, command)
    if in_the_way and not command.override:
        raise refusal(in_the_way[0], "soft")
    return Verdict(tuple(in_the_way), hints(state, command))


def allowed(
    plan: Plan, moments: Iterable[Moment] | State, standing: Standing, now: datetime
) -> frozenset[str]:
    """The kinds that have a place now, for somebody, with the right fields; soft guards may still ask."""
    folded = moments if isinstance(moments, State) else fold(plan, moments)
    state = state_at(folded, now)
    if state.ended_at is not None:
        if standing.released:
            return frozenset()
        return frozenset({"corrected"})

    kinds = [kind for kind in KINDS.values() if available(state, kind)]
    if joint_work_rests(state, standing):
        kinds = [kind for kind in kinds if not kind.is_joint_work]
    return frozenset(kind.name for kind in kinds)


def is_repeat(seen: Mapping[tuple[str, str], Command], command: Command) -> bool:
    """Whether this key was answered before: same poster, same fields. Other fields are refused."""
    if command.key is None:
        return False

    answered = seen.get((command.by, command.key))
    if answered is None:
        return False
    if not command.same_as(answered):
        raise refusal("key_reused")
    return True
