"""The fixed words of a session."""

from collections.abc import Mapping
from typing import Final, Literal

AudienceName = Literal["OWN_F", "REL", "JOINT", "FAC"]
# Whose the content is: who said it, both, the team, the partner in the field `to`, or as the corrected line.
Owner = Literal["actor", "joint", "team", "to", "line"]
# Facts are structure and lie in the clear; words are sealed.
Holds = Literal["fact", "words"]

# --- people ------------------------------------------------------------------------------------------

PARTNERS: Final = ("A", "B")
TEAM: Final = ("F", "G")
EVERYBODY: Final = ("A", "B", "F", "G")
VOICES: Final = ("A", "B", "F", "none")

# --- states of a session ------------------------------------------------------------------------------

READY: Final = ("ready", "gathering")
LIVE: Final = ("running", "wrapping_up")
PAUSED: Final = ("brief_pause", "cooling_down", "caucus")
NOT_ENDED: Final = (*READY, *LIVE, *PAUSED)
ALWAYS: Final = (*NOT_ENDED, "ended")
TALKING: Final = ("running", "wrapping_up", "caucus")

# --- choices -----------------------------------------------------------------------------------------

CHECK_KINDS: Final = ("feeling_and_reason", "feeling", "wish", "own_part", "boundary", "terms")
# The parts of a reflection that may be ticked, for each kind of check.
HEARD: Final[Mapping[str, tuple[str, ...]]] = {
    "feeling_and_reason": ("feeling", "reason"),
    "feeling": ("feeling",),
    "wish": ("wish", "why"),
    "own_part": ("own_part",),
    "boundary": ("boundary",),
    "terms": ("terms",),
}
PROBLEMS: Final = (
    "feeling_wrong",
    "reason_wrong",
    "missing_part",
    "too_strong",
    "too_mild",
    "intent_added",
)
PACES: Final = ("go_on", "slower", "another_way", "later")
# What a sentence may be that is offered another wording: absolute, blaming, mind-reading, pressing, diagnosing.
FAMILIES: Final = ("ABS", "FAULT", "MIND", "COERCE", "DIAG")
FEAR_ANSWERS: Final = ("fits", "partly", "does_not_fit", "not_now")
ACCEPTED_FEAR: Final = ("fits", "partly")
REACTIONS: Final = ("gladly", "can_live_with", "not_for_me", "need_to_think")
RETREAT_VIEWS: Final = ("temporary_retreat", "lasting_rift", "not_sure")
GOAL_VIEWS: Final = ("yes", "a_little", "not_today", "no_longer_wanted")
MILESTONES: Final = (
    "shared_smile",
    "calm_talk_after_tension",
    "revisited_gently",
    "returned_on_time",
    "first_confirmed_check",
    "kept_promise",
    "apology_received",
    "asked_for_pause",
    "own_kind",
)
ENDINGS: Final = (
    "completed",
    "early_by_facilitator",
    "early_by_partner",
    "carried_over",
    "maximum_reached",
    "not_held",
    "connection_lost",
    "safety",
)
