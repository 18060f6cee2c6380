"""Form: whether a command is well made; and what of it is structure, what words."""

from facilitator.errors import Refusal, gettext_noop
from sessions.engine.kinds.enumerations import EVERYBODY, PARTNERS
from sessions.engine.kinds.kind import COMMON_BY_NAME, Command, Fields, Kind
from sessions.engine.kinds.table import KINDS
from sessions.engine.values import MISSING, UNKNOWN_KEY, malformed


def kind_named(name: str) -> Kind:
    try:
        return KINDS[name]
    except (KeyError, TypeError):
        raise Refusal(
            gettext_noop("%(name)s is no kind of entry"), "unknown_kind", "form", name=name
        ) from None


def check_form(kind: str, fields: Fields) -> None:
    """Refuses, naming the field, whatever is not well formed; says nothing about order or rights."""
    known = kind_named(kind)
    if kind == "corrected":
        _check_corrected(fields)
        return

    known.check(fields)

    if kind == "statement":
        _check_statement(fields)
    elif kind == "need_named":
        _check_need(fields)


def _check_corrected(fields: Fields) -> None:
    """Only the line it points at; what it changes is checked once that line is known."""
    line = KINDS["corrected"].by_name["line"]
    if "line" not in fields:
        malformed("line", MISSING, "missing")
    line.type.check(fields["line"], "line")

    if len(fields) < 2:
        raise Refusal(gettext_noop("nothing is corrected"), "nothing_corrected", "form")


def _check_statement(fields: Fields) -> None:
    """The words may be left out where a feeling is named."""
    if not _has_words(fields):
        malformed("text", MISSING, "missing")


def _check_need(fields: Fields) -> None:
    """A need may be said as a statement, which then has an id of its own."""
    has_words = _has_words(fields)
    if has_words and "statement" not in fields:
        malformed("statement", MISSING, "missing")
    if "statement" in fields and not has_words:
        malformed("text", MISSING, "missing")


def _has_words(fields: Fields) -> bool:
    return bool(fields.get("text") or fields.get("feelings"))


def check_correction(target: Kind, fields: Fields) -> None:
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
    is_a_partners = command.by in PARTNERS

    if command.by not in EVERYBODY:
        malformed("by", gettext_noop("%(field)s is not one of: A B F G"))

    for name in ("key", "voice", "override"):
        value = getattr(command, name)
        if value is not None:
            COMMON_BY_NAME[name].type.check(value, name)

    if command.told_to and not is_a_partners:
        malformed("told_to", gettext_noop("%(field)s belongs to what a partner said"))
    if command.override is not None and is_a_partners and not command.told_to:
        malformed("override", gettext_noop("%(field)s belongs to the facilitator"))

    if kind.voice_required and command.voice is None:
        malformed("voice", MISSING, "missing")
    if command.kind == "quiet_started" and command.voice not in (None, "none"):
        malformed("voice", gettext_noop("%(field)s is none while it is quiet"))


def facts_of(kind: str, fields: Fields, target: Kind | None = None) -> dict[str, object]:
    """The structure of a command: what stays on the Moment, never words, feelings or private numbers.

    `target` is the kind of the entry that a `corrected` corrects: what it changes is split as that one is.
    """
    described = dict(KINDS[kind].by_name)
    if target is not None:
        described.update(target.by_name)

    return {
        name: value for name, value in fields.items() if name in described and described[name].holds == "fact"
    }
