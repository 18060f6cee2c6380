"""The one table of what a command may carry, who may post it, and which audience each of its fields has.

Validation, storage, export, the canaries and the desk's forms are derived from `KINDS`. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from facilitator.errors import Refusal, gettext_noop
from sessions.shapes import (
    MISSING,
    SHORT,
    UNKNOWN_KEY,
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
    malformed,
)

AudienceName = Literal["OWN_F", "REL", "JOINT", "FAC"]
# Whose the content is: who said it, both, the care team, the partner in the field `to`, or as the corrected line.
Owner = Literal["actor", "joint", "team", "to", "line"]
Holds = Literal["fact", "words"]

PARTNERS: Final = ("A", "B")
TEAM: Final = ("F", "G")
EVERYBODY: Final = ("A", "B", "F", "G")
VOICES: Final = ("A", "B", "F", "none")

READY: Final = ("ready", "gathering")
LIVE: Final = ("running", "wrapping_up")
PAUSED: Final = ("brief_pause", "cooling_down", "caucus")
NOT_ENDED: Final = (*READY, *LIVE, *PAUSED)
ALWAYS: Final = (*NOT_ENDED, "ended")
TALKING: Final = ("running", "wrapping_up", "caucus")

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


@dataclass(frozen=True)
class Field:
    name: str
    type: Shape
    required: bool
    holds: Holds
    # None: as the kind. A field with another audience or owner is stored apart.
    audience: AudienceName | None = None
    owner: Owner | None = None


@dataclass(frozen=True)
class Kind:
    name: str
    by: tuple[str, ...]
    fields: tuple[Field, ...]
    states: tuple[str, ...]
    audience: AudienceName
    owner: Owner
    # Who did it, where that is for other eyes than what was done.
    actor_audience: AudienceName | None = None
    # Only where a clock runs: not in a session written up afterwards.
    timed_only: bool = False
    # Content that `corrected` may change; clock and order never.
    correctable: bool = False
    # The id this command makes stands for one of these ("statement", "check", …).
    makes: str = ""
    voice_required: bool = False
    # The neutral name a partner reads instead, where the kind itself says too much.
    shown_as: str = ""
    # The audience the content comes to have later, and when (`by`: both confirmed, both kept, accepted).
    becomes: AudienceName | None = None
    # Wrapping up, only what was begun may end; this kind begins something.
    begins: bool = False
    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    _form: Object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})
        object.__setattr__(self, "_form", Object({f.name: Part(f.type, f.required) for f in self.fields}))

    def check(self, fields: Mapping[str, object]) -> None:
        self._form.check(fields, "")

    def audience_of(self, name: str) -> AudienceName:
        return self.by_name[name].audience or self.audience

    def owner_of(self, name: str) -> Owner:
        return self.by_name[name].owner or self.owner


@dataclass(frozen=True)
class Command:
    """One thing somebody posted: a press at the desk, an API call, a line of a session file."""

    by: str
    kind: str
    fields: Mapping[str, object] = field(default_factory=dict)
    told_to: bool = False
    voice: str | None = None
    key: str | None = None
    override: str | None = None

    def same_as(self, other: "Command") -> bool:
        """What a repeated key must repeat: everything but the instant."""
        mine = (self.kind, self.fields, self.told_to, self.voice, self.override)
        return mine == (other.kind, other.fields, other.told_to, other.voice, other.override)


@dataclass(frozen=True)
class CommonField:
    """A key any command may carry."""

    name: str
    type: Shape
    audience: AudienceName
    holds: Holds


COMMON: Final = (
    CommonField("key", Text(80), "FAC", "fact"),
    CommonField("told_to", OneOf(("F",)), "JOINT", "fact"),
    CommonField("voice", OneOf(VOICES), "FAC", "fact"),
    CommonField("override", Text(400), "FAC", "words"),
)
COMMON_BY_NAME: Final[Mapping[str, CommonField]] = {one.name: one for one in COMMON}

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
) -> Kind:
    return Kind(
        name,
        by,
        fields,
        states,
        audience,
        owner,
        correctable=True,
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


def kind_named(name: str) -> Kind:
    try:
        return KINDS[name]
    except (KeyError, TypeError):
        raise Refusal(
            gettext_noop("%(name)s is no kind of entry"), "unknown_kind", "form", name=name
        ) from None


def check_form(kind: str, fields: Mapping[str, object]) -> None:
    """Refuses, naming the field, whatever is not well formed; says nothing about order or rights."""
    known = kind_named(kind)
    if kind == "corrected":
        _check_corrected(fields)
        return
    known.check(fields)
    if kind == "statement" and not (fields.get("text") or fields.get("feelings")):
        malformed("text", MISSING, "missing")
    if kind == "need_named":
        said = bool(fields.get("text") or fields.get("feelings"))
        if said and "statement" not in fields:
            malformed("statement", MISSING, "missing")
        if "statement" in fields and not said:
            malformed("text", MISSING, "missing")


def _check_corrected(fields: Mapping[str, object]) -> None:
    line = KINDS["corrected"].by_name["line"]
    if "line" not in fields:
        malformed("line", MISSING, "missing")
    line.type.check(fields["line"], "line")
    if len(fields) < 2:
        raise Refusal(gettext_noop("nothing is corrected"), "nothing_corrected", "form")


def check_correction(target: Kind, fields: Mapping[str, object]) -> None:
    """What `corrected` may change of a line of this kind: its content, never its own id, clock or order."""
    if not target.correctable:
        raise Refusal(
            gettext_noop("an entry of the kind %(name)s cannot be corrected"),
            "not_correctable",
            "form",
            name=target.name,
        )
    for name, value in fields.items():
        if name == "line":
            continue
        known = target.by_name.get(name)
        if known is None or name == "id":
            malformed(name, UNKNOWN_KEY, "unknown_key")
        known.type.check(value, name)


def check_common(command: Command) -> None:
    """The keys that any command may carry, and who may carry them."""
    kind = kind_named(command.kind)
    if command.by not in EVERYBODY:
        malformed("by", gettext_noop("%(field)s is not one of: A B F G"))
    for name in ("key", "voice", "override"):
        value = getattr(command, name)
        if value is not None:
            COMMON_BY_NAME[name].type.check(value, name)
    if command.told_to and command.by not in PARTNERS:
        malformed("told_to", gettext_noop("%(field)s belongs to what a partner said"))
    if command.override is not None and command.by in PARTNERS and not command.told_to:
        malformed("override", gettext_noop("%(field)s belongs to the facilitator"))
    if kind.voice_required and command.voice is None:
        malformed("voice", MISSING, "missing")
    if command.kind == "quiet_started" and command.voice not in (None, "none"):
        malformed("voice", gettext_noop("%(field)s is none while it is quiet"))


def facts_of(kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    """The structure of a command: what stays on the Moment."""
    known = KINDS[kind].by_name
    if kind == "corrected":
        return {"line": fields["line"]}
    return {name: value for name, value in fields.items() if known[name].holds == "fact"}


def words_of(kind: str, fields: Mapping[str, object]) -> dict[str, object]:
    """What is never on a Moment: words, feelings, private numbers."""
    known = KINDS[kind].by_name
    if kind == "corrected":
        return {}
    return {name: value for name, value in fields.items() if known[name].holds == "words"}


def corrected_parts(
    target: Kind, fields: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Facts and words of a `corrected`, split as the line it corrects would be; `line` stays a fact."""
    facts: dict[str, object] = {"line": fields["line"]}
    words: dict[str, object] = {}
    for name, value in fields.items():
        if name != "line":
            (facts if target.by_name[name].holds == "fact" else words)[name] = value
    return facts, words


def audience_of_own_words(answer: str) -> AudienceName:
    """A partner's own words on a fear: told in the session once the fear is theirs, theirs alone otherwise."""
    return "REL" if answer in ACCEPTED_FEAR else "OWN_F"
