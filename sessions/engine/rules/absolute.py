"""The absolute guards: no reason sets them aside."""

from sessions.engine.clock import State
from sessions.engine.kinds import KINDS, PARTNERS, Command
from sessions.engine.rules.order import must_say_ready
from sessions.engine.rules.standing import TOGETHER, Standing
from sessions.engine.rules.texts import refusal


def check_absolute(state: State, standing: Standing, command: Command) -> None:
    """Refuses joint work while it rests, and what is another person's alone to say."""
    if KINDS[command.kind].is_joint_work:
        _check_joint_work(state, standing, command)
    check_personal(state, command.by, command.kind)


def _check_joint_work(state: State, standing: Standing, command: Command) -> None:
    code = joint_work_rests(state, standing)
    if not code:
        return

    is_on_own_page = command.by in PARTNERS and not command.told_to
    if is_on_own_page:
        # A partner must not read here what the other said alone.
        raise refusal("resting", "absolute")
    raise refusal(code, "absolute")


def joint_work_rests(state: State, standing: Standing) -> str:
    """Why no joint work may happen now, or nothing. A talk with one needs that one's consent alone."""
    partners = state.plan.partners
    if not all(standing.consents(partner) for partner in partners):
        return "withdrawn"
    if len(partners) < 2:
        return ""

    outcomes = [standing.outcome(partner) for partner in partners]
    if any(outcome is not None and outcome not in TOGETHER for outcome in outcomes):
        return "not_together"

    has_talked_to_each = all(standing.talked_alone(partner) for partner in partners)
    if None in outcomes or not has_talked_to_each:
        return "no_private_talk"
    return ""


def check_personal(state: State, by: str, kind: str) -> None:
    """What is one person's alone to say: what was heard, whether it fits, being ready."""
    check = state.check
    if check is not None:
        if kind == "reflection_given" and by != check.listener:
            raise refusal("only_the_listener", "absolute")
        if kind in ("reflection_confirmed", "reflection_corrected") and by != check.speaker:
            raise refusal("only_the_speaker", "absolute")

    if kind == "resumed" and must_say_ready(state) and not state.everybody_is_ready:
        raise refusal("both_ready", "absolute")
