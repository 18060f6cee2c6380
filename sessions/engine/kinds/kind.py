"""What a kind is made of, and the command that somebody posts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sessions.engine.kinds.enumerations import VOICES, AudienceName, Holds, Owner
from sessions.engine.values import Object, OneOf, Part, Shape, Text

Fields = Mapping[str, object]


@dataclass(frozen=True)
class Field:
    name: str
    type: Shape
    required: bool
    holds: Holds

    # None: as the kind. A field with another audience or owner is stored apart.
    audience: AudienceName | None = None
    owner: Owner | None = None
    # Where the other fields of the command decide who may read this one; without them it is `audience`.
    audience_from: Callable[[Fields], AudienceName] | None = None


@dataclass(frozen=True)
class Kind:
    name: str
    # Who may post it, what it carries, and in which states of the session it has a place.
    by: tuple[str, ...]
    fields: tuple[Field, ...]
    states: tuple[str, ...]

    # Who may read the content, and whose it is.
    audience: AudienceName
    owner: Owner
    # Who did it, where that is for other eyes than what was done.
    actor_audience: AudienceName | None = None
    # The neutral name a partner reads instead, where the kind itself says too much.
    shown_as: str = ""
    # Facts repeated on every part of the command, so that what quotes a part can be found.
    also_names: tuple[str, ...] = ()

    # Only where a clock runs: not in a session written up afterwards.
    timed_only: bool = False
    # Begins something: has no place once the session is closed and only what was begun may end.
    begins: bool = False
    # Not joint work: coming in, stopping and resting, talks with each, and looking after the record.
    is_joint_work: bool = True
    # Waits for nothing: taken however old the sender's screen is.
    at_once: bool = False

    # The id this command makes stands for one of these ("statement", "check", …).
    makes: str = ""
    voice_required: bool = False
    # Content that `corrected` may change; clock and order never.
    correctable: bool = False

    by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False)
    _form: Object = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = {one.name: Part(one.type, one.required) for one in self.fields}

        # The class is frozen, so what is derived once is set around it.
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})
        object.__setattr__(self, "_form", Object(parts))

    def check(self, fields: Fields) -> None:
        self._form.check(fields, "")

    def audience_of(self, name: str, fields: Fields | None = None) -> AudienceName:
        """Who may read this field, in a command with these fields where they decide it."""
        one = self.by_name[name]
        if fields is not None and one.audience_from is not None:
            return one.audience_from(fields)
        return one.audience or self.audience

    def owner_of(self, name: str) -> Owner:
        return self.by_name[name].owner or self.owner


@dataclass(frozen=True)
class Command:
    """One thing somebody posted: a press at the desk, an API call, a line of a session file."""

    by: str
    kind: str
    fields: Fields = field(default_factory=dict)
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
