"""How a row of the table is written: what most kinds have in common, and what a field holds."""

from collections.abc import Callable
from dataclasses import replace

from sessions.engine.kinds.enumerations import AudienceName, Owner
from sessions.engine.kinds.kind import Field, Fields, Kind
from sessions.engine.values import Shape


def fact(
    name: str,
    shape: Shape,
    required: bool = True,
    audience: AudienceName | None = None,
    owner: Owner | None = None,
) -> Field:
    """A field that is structure: it stands in the Moment itself."""
    return Field(name, shape, required, "fact", audience, owner)


def words(
    name: str,
    shape: Shape,
    required: bool = True,
    audience: AudienceName | None = None,
    owner: Owner | None = None,
    audience_from: Callable[[Fields], AudienceName] | None = None,
) -> Field:
    """A field that somebody said or wrote: it stands in a Line, sealed."""
    return Field(name, shape, required, "words", audience, owner, audience_from)


def joint(
    name: str,
    by: tuple[str, ...],
    states: tuple[str, ...],
    *fields: Field,
    actor: AudienceName | None = None,
    shown_as: str = "",
    joint_work: bool = True,
    at_once: bool = False,
) -> Kind:
    """A command of the clock: everybody in the room knows that it happened."""
    # A pause, a stop and leaving are never joint work.
    is_joint_work = joint_work and not at_once

    return Kind(
        name,
        by,
        fields,
        states,
        audience="JOINT",
        owner="joint",
        actor_audience=actor,
        shown_as=shown_as,
        is_joint_work=is_joint_work,
        at_once=at_once,
    )


def timed(
    name: str,
    by: tuple[str, ...],
    states: tuple[str, ...],
    *fields: Field,
    actor: AudienceName | None = None,
    joint_work: bool = True,
    at_once: bool = False,
) -> Kind:
    """As `joint`, where there is a clock; a session written up afterwards has none of these."""
    kind = joint(name, by, states, *fields, actor=actor, joint_work=joint_work, at_once=at_once)
    return replace(kind, timed_only=True)


def content(
    name: str,
    by: tuple[str, ...],
    states: tuple[str, ...],
    *fields: Field,
    audience: AudienceName = "REL",
    owner: Owner = "actor",
    makes: str = "",
    begins: bool = False,
    shown_as: str = "",
    also_names: tuple[str, ...] = (),
    joint_work: bool = True,
) -> Kind:
    """Something said or written down: it belongs to somebody, and can be corrected."""
    return Kind(
        name,
        by,
        fields,
        states,
        audience,
        owner,
        shown_as=shown_as,
        also_names=also_names,
        begins=begins,
        is_joint_work=joint_work,
        makes=makes,
        correctable=True,
    )


def of_the_team(
    name: str,
    by: tuple[str, ...],
    states: tuple[str, ...],
    *fields: Field,
    voice_required: bool = False,
) -> Kind:
    """The facilitator's own, beside the joint work; only where there is a clock."""
    return Kind(
        name,
        by,
        fields,
        states,
        audience="FAC",
        owner="team",
        timed_only=True,
        is_joint_work=False,
        voice_required=voice_required,
    )
