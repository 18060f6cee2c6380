"""The table itself: every row of the session file's list of commands."""

from typing import Final

from sessions.engine.kinds.enumerations import (
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
    Owner,
)
from sessions.engine.kinds.kind import Field, Kind
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
    Shape,
    Text,
    Whole,
    YesNo,
)

_ID: Final = Id()
_PARTNER: Final = OneOf(PARTNERS)
_FEELINGS: Final = ListOf(SHORT, most=12)
_PHASE: Final = Whole(1, 99)
_TEMPERATURE: Final = Whole(0, 10)


def _fact(
    name: str,
    shape: Shape,
    required: bool = True,
    audience: AudienceName | None = None,
    owner: Owner | None = None,
) -> Field:
    return Field(name, shape, required, "fact", audience, owner)


def _words(
    name: str,
    shape: Shape,
    required: bool = True,
    audience: AudienceName | None = None,
    owner: Owner | None = None,
) -> Field:
    return Field(name, shape, required, "words", audience, owner)


_PHASE_NUMBER: Final = _fact("phase", _PHASE)
_CHECK: Final = _fact("check", _ID)
_RETURN_AT: Final = _fact("return_at", Instant())
_STIRRED_UP: Final = _words("temperature", _TEMPERATURE, required=False, audience="OWN_F", owner="actor")
_ANOTHER: Final = _fact("with", _PARTNER)


def _joint(
    name: str, by: tuple[str, ...], states: tuple[str, ...], *fields: Field, actor: AudienceName | None = None
) -> Kind:
    """A command of the clock: everybody in the room knows that it happened."""
    return Kind(name, by, fields, states, "JOINT", "joint", actor_audience=actor, timed_only=False)


def _timed(
    name: str, by: tuple[str, ...], states: tuple[str, ...], *fields: Field, actor: AudienceName | None = None
) -> Kind:
    return Kind(name, by, fields, states, "JOINT", "joint", actor_audience=actor, timed_only=True)


def _content(
    name: str,
    by: tuple[str, ...],
    states: tuple[str, ...],
    *fields: Field,
    audience: AudienceName = "REL",
    owner: Owner = "actor",
    makes: str = "",
    becomes: AudienceName | None = None,
    begins: bool = False,
    shown_as: str = "",
) -> Kind:
    return Kind(
        name,
        by,
        fields,
        states,
        audience,
        owner,
        correctable=True,
        shown_as=shown_as,
        makes=makes,
        becomes=becomes,
        begins=begins,
    )


_TABLE: Final = (
    # Coming in, and the frame
    _joint("arrived", PARTNERS, NOT_ENDED),
    _content(
        "arrival_temperature", PARTNERS, NOT_ENDED, _words("temperature", _TEMPERATURE), audience="OWN_F"
    ),
    _joint("session_started", TEAM, READY),
    _joint("ground_rules_confirmed", EVERYBODY, LIVE),
    _joint("exit_strategy_recalled", TEAM, LIVE),
    # Phases and their minutes
    _joint("phase_started", TEAM, LIVE, _PHASE_NUMBER),
    _joint("phase_finished", TEAM, LIVE, _PHASE_NUMBER),
    _joint("phase_set_aside", TEAM, LIVE, _PHASE_NUMBER),
    _joint("phase_returned", TEAM, LIVE, _PHASE_NUMBER),
    _timed("minutes_added", TEAM, LIVE, _PHASE_NUMBER, _fact("minutes", Whole(1, 60))),
    _timed("minutes_set", TEAM, (*READY, *LIVE), _fact("minutes", MapOf(PhaseKey(), Whole(1, 180)))),
    _timed("extension_proposed", EVERYBODY, LIVE, _PHASE_NUMBER, _fact("minutes", Whole(1, 10))),
    _timed(
        "extension_answered",
        PARTNERS,
        LIVE,
        _fact("answer", OneOf(("yes", "not_now")), audience="OWN_F", owner="actor"),
        actor="OWN_F",
    ),
    Kind(
        "undone",
        ("F",),
        (_fact("line", Whole(2, 10_000_000)),),
        NOT_ENDED,
        "FAC",
        "team",
        timed_only=True,
    ),
    # Whose turn, who speaks
    _joint("turn_started", TEAM, LIVE, _fact("floor", _PARTNER)),
    Kind("voice_returned", TEAM, (), LIVE, "FAC", "team", timed_only=True, voice_required=True),
    Kind("quiet_started", TEAM, (), LIVE, "FAC", "team", timed_only=True, voice_required=True),
    # Saying, and saying it back
    _content(
        "statement",
        PARTNERS,
        LIVE,
        _fact("id", _ID),
        _words("text", Text(), required=False),
        _words("feelings", _FEELINGS, required=False),
        _words("need", SHORT, required=False),
        _words("topics", ListOf(SHORT, most=12), required=False),
        makes="statement",
        begins=True,
    ),
    _content(
        "check_opened",
        TEAM,
        LIVE,
        _fact("id", _ID),
        _fact("of", _ID),
        _fact("listener", _PARTNER),
        _fact("check_kind", OneOf(CHECK_KINDS), required=False),
        owner="joint",
        makes="check",
        begins=True,
    ),
    _content(
        "reflection_given",
        PARTNERS,
        LIVE,
        _CHECK,
        _words("feelings", _FEELINGS, required=False),
        _words("reason", Text(), required=False),
        _fact("heard", ListOf(OneOf(tuple(p for parts in HEARD.values() for p in parts)), most=7), False),
        _words("text", Text(), required=False),
    ),
    _content(
        "reflection_corrected",
        PARTNERS,
        LIVE,
        _CHECK,
        _fact("problem", OneOf(PROBLEMS), required=False),
        _words("meant", Text(), required=False),
    ),
    _content("reflection_confirmed", PARTNERS, LIVE, _CHECK),
    _content("check_set_aside", EVERYBODY, LIVE, _CHECK, owner="joint"),
    _content(
        "bridge_given",
        TEAM,
        LIVE,
        _CHECK,
        _words("feelings", _FEELINGS, required=False),
        _words("reason", Text(), required=False),
        _words("text", Text(), required=False),
        owner="team",
    ),
    _content(
        "validation_given",
        EVERYBODY,
        LIVE,
        _fact("id", _ID),
        _fact("of", _ID),
        _words("text", Text()),
        _fact("newly_voiced", YesNo(), required=False),
        makes="validation",
    ),
    _content("pace_asked", TEAM, LIVE, owner="joint", begins=True),
    _content("pace_chosen", PARTNERS, LIVE, _fact("pace", OneOf(PACES))),
    # Redirects: the team's business; the suggestion is the addressee's; the raw words exist nowhere
    _content(
        "redirect_offered",
        TEAM,
        LIVE,
        _fact("id", _ID),
        _fact("to", _PARTNER),
        _fact("families", ListOf(OneOf(FAMILIES), most=5, once_each=True), required=False),
        _words("suggestion", Text(), audience="OWN_F", owner="to"),
        audience="FAC",
        owner="team",
        makes="redirect",
        begins=True,
    ),
    _content(
        "redirect_rephrased",
        PARTNERS,
        LIVE,
        _fact("redirect", _ID, audience="FAC", owner="team"),
        _fact("id", _ID),
        _words("text", Text()),
        _words("feelings", _FEELINGS, required=False),
        _words("need", SHORT, required=False),
        makes="statement",
        # After release the other reads a statement like any other: that it was reworded is the team's.
        shown_as="statement",
    ),
    _content("redirect_kept", PARTNERS, LIVE, _fact("redirect", _ID), audience="FAC", owner="team"),
    _content("redirect_not_now", PARTNERS, LIVE, _fact("redirect", _ID), audience="FAC", owner="team"),
    # Fears: offered to one, read by that one and the team only
    _content(
        "fear_offered",
        TEAM,
        TALKING,
        _fact("id", _ID),
        _fact("to", _PARTNER),
        _words("wording", Text()),
        _fact("aloud", YesNo(), required=False),
        audience="OWN_F",
        owner="to",
        makes="fear",
        begins=True,
    ),
    _content(
        "fear_answered",
        PARTNERS,
        TALKING,
        _fact("fear", _ID),
        _fact("answer", OneOf(FEAR_ANSWERS)),
        # REL once accepted (fits, partly); otherwise as the answer. See `audience_of_own_words`.
        _words("own_words", Text(), required=False),
        audience="OWN_F",
        becomes="REL",
    ),
    # Needs, ideas, options, agreements
    _content(
        "need_named",
        PARTNERS,
        LIVE,
        _fact("id", _ID),
        _words("need", SHORT),
        _words("wish", Text(), required=False),
        _fact("statement", _ID, required=False),
        _words("text", Text(), required=False),
        _words("feelings", _FEELINGS, required=False),
        _fact("shared_by", ListOf(_PARTNER, most=2, once_each=True), required=False),
        makes="need",
        begins=True,
    ),
    _content("idea_parked", EVERYBODY, LIVE, _fact("id", _ID), _words("text", Text()), makes="idea"),
    _content(
        "option_added",
        PARTNERS,
        LIVE,
        _fact("id", _ID),
        _words("text", Text()),
        _fact("serves", ListOf(_ID), required=False),
        makes="option",
        begins=True,
    ),
    _content(
        "option_reactions",
        PARTNERS,
        LIVE,
        _fact("reactions", MapOf(_ID, OneOf(REACTIONS))),
        audience="OWN_F",
    ),
    _content(
        "compromise_drafted",
        TEAM,
        LIVE,
        _fact("id", _ID),
        _fact("from_options", ListOf(_ID), required=False),
        _words("text", Text()),
        _words(
            "who_does_what",
            ListOf(
                Object({"who": Part(OneOf(("A", "B", "both"))), "what": Part(Text(1000))}), least=1, most=12
            ),
        ),
        _fact("from", Day(), required=False),
        _fact("trial_until", Day(), required=False),
        _fact("look_again_on", Day()),
        _fact("serves", ListOf(_ID), required=False),
        _words("if_not_working", Text(), required=False),
        owner="joint",
        makes="agreement",
        becomes="JOINT",
    ),
    _content("agreement_confirmed", PARTNERS, LIVE, _fact("agreement", _ID)),
    # Pauses. That we paused is everybody's; who asked is not.
    _timed(
        "brief_pause_called",
        EVERYBODY,
        LIVE,
        _words("reason", Text(400), required=False, audience="OWN_F", owner="actor"),
        actor="OWN_F",
    ),
    _timed("settling_called", EVERYBODY, LIVE, _fact("minutes", Whole(5, 10)), actor="OWN_F"),
    _timed(
        "cool_down_called",
        EVERYBODY,
        (*LIVE, "brief_pause", "caucus"),
        _fact("return_at", Instant(), required=False),
        _STIRRED_UP,
        actor="OWN_F",
    ),
    _timed("return_time_accepted", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F"),
    _timed("return_time_changed", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F"),
    _timed("need_longer", PARTNERS, ("cooling_down",), _RETURN_AT, actor="OWN_F"),
    _timed("ready_again", PARTNERS, ("cooling_down", "caucus"), _STIRRED_UP, actor="OWN_F"),
    _timed("resumed", TEAM, PAUSED),
    _timed("caucus_started", TEAM, ("running", "wrapping_up", "cooling_down", "caucus"), _ANOTHER),
    _timed("caucus_switched", TEAM, ("caucus",), _ANOTHER),
    _timed("caucus_ended", TEAM, ("caucus",), _fact("with", _PARTNER, required=False)),
    _timed("connection_lost", EVERYBODY, (*LIVE, *PAUSED)),
    _timed("connection_back", EVERYBODY, (*LIVE, *PAUSED)),
    # Small words, looking back, closing
    _content("phrase_used", PARTNERS, LIVE, _words("text", Text(400))),
    _content("closing_word", PARTNERS, LIVE, _words("text", Text())),
    _content("note", TEAM, NOT_ENDED, _words("text", Text()), audience="FAC", owner="team"),
    _content(
        "retreat_view_given",
        PARTNERS,
        TALKING,
        _fact("view", OneOf(RETREAT_VIEWS)),
        audience="OWN_F",
        begins=True,
    ),
    _content("retreat_purpose_acknowledged", PARTNERS, LIVE, _words("text", Text()), begins=True),
    _content("goal_viewed", PARTNERS, LIVE, _fact("goal", _ID), _fact("view", OneOf(GOAL_VIEWS))),
    _content(
        "milestones_kept",
        PARTNERS,
        LIVE,
        _fact(
            "milestones",
            ListOf(Object({"id": Part(_ID), "milestone": Part(OneOf(MILESTONES))}), least=1),
        ),
        audience="OWN_F",
        becomes="JOINT",
    ),
    _content("closing_temperature", PARTNERS, LIVE, _words("temperature", _TEMPERATURE), audience="OWN_F"),
    # The field `line` stays; what is corrected takes audience and owner of the line it corrects.
    Kind("corrected", EVERYBODY, (_fact("line", Whole(2, 10_000_000)),), ALWAYS, "FAC", "line"),
    # Ends
    Kind("carried_over", TEAM, (), (*LIVE, *PAUSED), "JOINT", "joint", shown_as="continued_another_day"),
    _joint("partner_left", PARTNERS, NOT_ENDED, actor="OWN_F"),
    Kind(
        "stopped", EVERYBODY, (), NOT_ENDED, "JOINT", "joint", actor_audience="OWN_F", shown_as="ended_early"
    ),
    # Reads as `stopped` does to both: the name of the kind is the team's.
    Kind("safety_stop", TEAM, (), NOT_ENDED, "JOINT", "joint", actor_audience="FAC", shown_as="ended_early"),
    _joint(
        "session_ended",
        TEAM,
        NOT_ENDED,
        _fact("how", OneOf(ENDINGS), audience="FAC", owner="team"),
        _fact("next_session", Instant(), required=False),
    ),
)

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _TABLE}
