"""The table itself: every row of the session file's list of commands."""

from typing import Final

from sessions.engine.kinds.enumerations import (
    ACCEPTED_FEAR,
    ALWAYS,
    CHECK_KINDS,
    ENDINGS,
    EVERYBODY,
    FAMILIES,
    FEAR_ANSWERS,
    GOAL_VIEWS,
    HEARD,
    LIVE,
    MILESTONES,
    NOT_ENDED,
    PACES,
    PARTNERS,
    PAUSED,
    PROBLEMS,
    REACTIONS,
    READY,
    RETREAT_VIEWS,
    TALKING,
    TEAM,
    AudienceName,
)
from sessions.engine.kinds.kind import Fields, Kind
from sessions.engine.kinds.rows import content, fact, joint, of_the_team, timed, words
from sessions.engine.values import (
    SHORT,
    Day,
    Id,
    Instant,
    ListOf,
    MapOf,
    Object,
    OneOf,
    Part,
    PhaseKey,
    Text,
    Whole,
    YesNo,
)

_ID: Final = Id()
_PARTNER: Final = OneOf(PARTNERS)
_FEELINGS: Final = ListOf(SHORT, most=12)
_PHASE: Final = Whole(1, 99)
_TEMPERATURE: Final = Whole(0, 10)
_HEARD_PART: Final = OneOf(tuple(part for parts in HEARD.values() for part in parts))
_TASK: Final = Object({"who": Part(OneOf(("A", "B", "both"))), "what": Part(Text(1000))})
_MILESTONE: Final = Object({"id": Part(_ID), "milestone": Part(OneOf(MILESTONES))})

_PHASE_NUMBER: Final = fact("phase", _PHASE)
_CHECK: Final = fact("check", _ID)
_LINE: Final = fact("line", Whole(2, 10_000_000))
_RETURN_AT: Final = fact("return_at", Instant())
_STIRRED_UP: Final = words("temperature", _TEMPERATURE, required=False, audience="OWN_F", owner="actor")
_ANOTHER: Final = fact("with", _PARTNER)


def _own_words_on_a_fear(fields: Fields) -> AudienceName:
    """The session's once the fear is accepted, theirs alone otherwise."""
    return "REL" if fields["answer"] in ACCEPTED_FEAR else "OWN_F"


_TABLE: Final = (
    # Coming in, and the frame
    joint("arrived", PARTNERS, NOT_ENDED, joint_work=False),
    content(
        "arrival_temperature",
        PARTNERS,
        NOT_ENDED,
        words("temperature", _TEMPERATURE),
        audience="OWN_F",
        joint_work=False,
    ),
    joint("session_started", TEAM, READY),
    joint("ground_rules_confirmed", EVERYBODY, LIVE),
    joint("exit_strategy_recalled", TEAM, LIVE),
    # Phases and their minutes
    joint("phase_started", TEAM, LIVE, _PHASE_NUMBER),
    joint("phase_finished", TEAM, LIVE, _PHASE_NUMBER, joint_work=False),
    joint("phase_set_aside", TEAM, LIVE, _PHASE_NUMBER),
    joint("phase_returned", TEAM, LIVE, _PHASE_NUMBER),
    timed("minutes_added", TEAM, LIVE, _PHASE_NUMBER, fact("minutes", Whole(1, 60))),
    timed("minutes_set", TEAM, (*READY, *LIVE), fact("minutes", MapOf(PhaseKey(), Whole(1, 180)))),
    timed("extension_proposed", EVERYBODY, LIVE, _PHASE_NUMBER, fact("minutes", Whole(1, 10))),
    timed(
        "extension_answered",
        PARTNERS,
        LIVE,
        fact("answer", OneOf(("yes", "not_now")), audience="OWN_F", owner="actor"),
        actor="OWN_F",
    ),
    of_the_team("undone", ("F",), NOT_ENDED, _LINE),
    # Whose turn, who speaks
    joint("turn_started", TEAM, LIVE, fact("floor", _PARTNER)),
    of_the_team("voice_returned", TEAM, LIVE, voice_required=True),
    of_the_team("quiet_started", TEAM, LIVE, voice_required=True),
    # Saying, and saying it back
    content(
        "statement",
        PARTNERS,
        LIVE,
        fact("id", _ID),
        words("text", Text(), required=False),
        words("feelings", _FEELINGS, required=False),
        words("need", SHORT, required=False),
        words("topics", ListOf(SHORT, most=12), required=False),
        makes="statement",
        begins=True,
    ),
    content(
        "check_opened",
        TEAM,
        LIVE,
        fact("id", _ID),
        fact("of", _ID),
        fact("listener", _PARTNER),
        fact("check_kind", OneOf(CHECK_KINDS), required=False),
        owner="joint",
        makes="check",
        begins=True,
    ),
    content(
        "reflection_given",
        PARTNERS,
        LIVE,
        _CHECK,
        words("feelings", _FEELINGS, required=False),
        words("reason", Text(), required=False),
        fact("heard", ListOf(_HEARD_PART, most=7), required=False),
        words("text", Text(), required=False),
    ),
    content(
        "reflection_corrected",
        PARTNERS,
        LIVE,
        _CHECK,
        fact("problem", OneOf(PROBLEMS), required=False),
        words("meant", Text(), required=False),
    ),
    content("reflection_confirmed", PARTNERS, LIVE, _CHECK),
    content("check_set_aside", EVERYBODY, LIVE, _CHECK, owner="joint"),
    content(
        "bridge_given",
        TEAM,
        LIVE,
        _CHECK,
        words("feelings", _FEELINGS, required=False),
        words("reason", Text(), required=False),
        words("text", Text(), required=False),
        owner="team",
    ),
    content(
        "validation_given",
        EVERYBODY,
        LIVE,
        fact("id", _ID),
        fact("of", _ID),
        words("text", Text()),
        fact("newly_voiced", YesNo(), required=False),
        makes="validation",
    ),
    content("pace_asked", TEAM, LIVE, owner="joint", begins=True),
    content("pace_chosen", PARTNERS, LIVE, fact("pace", OneOf(PACES))),
    # Redirects: the team's business; the suggestion is the addressee's; the raw words exist nowhere
    content(
        "redirect_offered",
        TEAM,
        LIVE,
        fact("id", _ID),
        fact("to", _PARTNER),
        fact("families", ListOf(OneOf(FAMILIES), most=5, once_each=True), required=False),
        words("suggestion", Text(), audience="OWN_F", owner="to"),
        audience="FAC",
        owner="team",
        also_names=("id",),
        makes="redirect",
        begins=True,
    ),
    content(
        "redirect_rephrased",
        PARTNERS,
        LIVE,
        fact("redirect", _ID, audience="FAC", owner="team"),
        fact("id", _ID),
        words("text", Text()),
        words("feelings", _FEELINGS, required=False),
        words("need", SHORT, required=False),
        makes="statement",
        # After release the other reads a statement like any other: that it was reworded is the team's.
        shown_as="statement",
    ),
    content("redirect_kept", PARTNERS, LIVE, fact("redirect", _ID), audience="FAC", owner="team"),
    content("redirect_not_now", PARTNERS, LIVE, fact("redirect", _ID), audience="FAC", owner="team"),
    # Fears: offered to one, read by that one and the team only
    content(
        "fear_offered",
        TEAM,
        TALKING,
        fact("id", _ID),
        fact("to", _PARTNER),
        words("wording", Text()),
        fact("aloud", YesNo(), required=False),
        audience="OWN_F",
        owner="to",
        makes="fear",
        begins=True,
    ),
    content(
        "fear_answered",
        PARTNERS,
        TALKING,
        fact("fear", _ID),
        fact("answer", OneOf(FEAR_ANSWERS)),
        words("own_words", Text(), required=False, audience_from=_own_words_on_a_fear),
        audience="OWN_F",
        also_names=("fear",),
    ),
    # Needs, ideas, options, agreements
    content(
        "need_named",
        PARTNERS,
        LIVE,
        fact("id", _ID),
        words("need", SHORT),
        words("wish", Text(), required=False),
        fact("statement", _ID, required=False),
        words("text", Text(), required=False),
        words("feelings", _FEELINGS, required=False),
        fact("shared_by", ListOf(_PARTNER, most=2, once_each=True), required=False),
        makes="need",
        begins=True,
    ),
    content("idea_parked", EVERYBODY, LIVE, fact("id", _ID), words("text", Text()), makes="idea"),
    content(
        "option_added",
        PARTNERS,
        LIVE,
        fact("id", _ID),
        words("text", Text()),
        fact("serves", ListOf(_ID), required=False),
        makes="option",
        begins=True,
    ),
    content(
        "option_reactions",
        PARTNERS,
        LIVE,
        fact("reactions", MapOf(_ID, OneOf(REACTIONS))),
        audience="OWN_F",
    ),
    content(
        "compromise_drafted",
        TEAM,
        LIVE,
        fact("id", _ID),
        fact("from_options", ListOf(_ID), required=False),
        words("text", Text()),
        words("who_does_what", ListOf(_TASK, least=1, most=12)),
        fact("from", Day(), required=False),
        fact("trial_until", Day(), required=False),
        fact("look_again_on", Day()),
        fact("serves", ListOf(_ID), required=False),
        words("if_not_working", Text(), required=False),
        owner="joint",
        makes="agreement",
    ),
    content("agreement_confirmed", PARTNERS, LIVE, fact("agreement", _ID)),
    # Pauses. That we paused is everybody's; who asked is not.
    timed(
        "brief_pause_called",
        EVERYBODY,
        LIVE,
        words("reason", Text(400), required=False, audience="OWN_F", owner="actor"),
        actor="OWN_F",
        at_once=True,
    ),
    timed("settling_called", EVERYBODY, LIVE, fact("minutes", Whole(5, 10)), actor="OWN_F", at_once=True),
    timed(
        "cool_down_called",
        EVERYBODY,
        (*LIVE, "brief_pause", "caucus"),
        fact("return_at", Instant(), required=False),
        _STIRRED_UP,
        actor="OWN_F",
        at_once=True,
    ),
    timed("return_time_accepted", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F", joint_work=False),
    timed("return_time_changed", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F", joint_work=False),
    timed("need_longer", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F", joint_work=False),
    timed("ready_again", PARTNERS, ("cooling_down", "caucus"), _STIRRED_UP, actor="OWN_F", joint_work=False),
    timed("resumed", TEAM, PAUSED),
    timed(
        "caucus_started",
        TEAM,
        ("running", "wrapping_up", "cooling_down", "caucus"),
        _ANOTHER,
        joint_work=False,
    ),
    timed("caucus_switched", TEAM, ("caucus",), _ANOTHER, joint_work=False),
    timed("caucus_ended", TEAM, ("caucus",), fact("with", _PARTNER, required=False), joint_work=False),
    timed("connection_lost", EVERYBODY, (*LIVE, *PAUSED), joint_work=False),
    timed("connection_back", EVERYBODY, (*LIVE, *PAUSED), joint_work=False),
    # Small words, looking back, closing
    content("phrase_used", PARTNERS, LIVE, words("text", Text(400))),
    content("closing_word", PARTNERS, LIVE, words("text", Text())),
    content("note", TEAM, NOT_ENDED, words("text", Text()), audience="FAC", owner="team", joint_work=False),
    content(
        "retreat_view_given",
        PARTNERS,
        TALKING,
        fact("view", OneOf(RETREAT_VIEWS)),
        audience="OWN_F",
        begins=True,
    ),
    content("retreat_purpose_acknowledged", PARTNERS, LIVE, words("text", Text()), begins=True),
    content("goal_viewed", PARTNERS, LIVE, fact("goal", _ID), fact("view", OneOf(GOAL_VIEWS))),
    content(
        "milestones_kept",
        PARTNERS,
        LIVE,
        fact("milestones", ListOf(_MILESTONE, least=1)),
        audience="OWN_F",
    ),
    content(
        "closing_temperature",
        PARTNERS,
        LIVE,
        words("temperature", _TEMPERATURE),
        audience="OWN_F",
        joint_work=False,
    ),
    # The field `line` stays; what is corrected takes audience and owner of the line it corrects.
    Kind(
        "corrected",
        EVERYBODY,
        (_LINE,),
        ALWAYS,
        audience="FAC",
        owner="line",
        also_names=("line",),
        is_joint_work=False,
    ),
    # Ends
    joint("carried_over", TEAM, (*LIVE, *PAUSED), shown_as="continued_another_day", joint_work=False),
    joint("partner_left", PARTNERS, NOT_ENDED, actor="OWN_F", at_once=True),
    joint("stopped", EVERYBODY, NOT_ENDED, actor="OWN_F", shown_as="ended_early", at_once=True),
    # Reads as `stopped` does to both: the name of the kind is the team's.
    joint("safety_stop", TEAM, NOT_ENDED, actor="FAC", shown_as="ended_early", at_once=True),
    joint(
        "session_ended",
        TEAM,
        NOT_ENDED,
        fact("how", OneOf(ENDINGS), audience="FAC", owner="team"),
        fact("next_session", Instant(), required=False),
        joint_work=False,
    ),
)

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _TABLE}
