"""Form: whether a command is well made; and what of it is structure, what words."""

from collections.abc import Mapping

from facilitator.errors import Refusal, gettext_noop
from sessions.engine.kinds.enumerations import ACCEPTED_FEAR, EVERYBODY, PARTNERS, AudienceName
from sessions.engine.kinds.kind import COMMON_BY_NAME, Command, Kind
from sessions.engine.kinds.table import KINDS
from sessions.engine.values import MISSING, UNKNOWN_KEY, malformed


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
    """A partner's own words on a fear: the session's once the fear is accepted, theirs alone otherwise."""
    return "REL" if answer in ACCEPTED_FEAR else "OWN_F"
