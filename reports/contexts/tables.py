"""The tables of the facilitator's record: time, pauses, checks, needs, options, numbers, and the log."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import VoiceChart, voice_chart
from reports.contexts.joint import owners_of
from reports.contexts.material import Due, Material, Meeting, SeenLine
from reports.contexts.story import Attempt, Check, Redirect, Story
from reports.contexts.words import clock, hour
from sessions.wording.codes import (
    CHECK_KIND,
    CHECK_OUTCOME,
    FELL_DUE,
    HEARD_PART,
    PAUSE,
    PROBLEM,
    REACTION,
    REDIRECT_RESULT,
    TEMPERATURE_AT,
    on_paper,
)
from sessions.wording.moments import entry_name

Row = tuple[str, ...]

# Who answered what stays out of every paper, this one included.
UNSIGNED = ("extension_answered", "pace_chosen", "redirect_not_now", "redirect_kept", "redirect_rephrased")
ENDINGS = ("partner_left", "stopped", "safety_stop", "session_ended", "ended_early", "continued_another_day")
# Where there is nothing to say.
NONE = "–"


@dataclass(frozen=True)
class Table:
    heads: Row
    rows: tuple[Row, ...]
    total: Row = ()
    # Percent of the page for each column; even when left out.
    widths: tuple[int, ...] = ()


def initials(names: Mapping[str, str]) -> dict[str, str]:
    """As short as still tells people apart; two of the same name go by their letters A and B."""
    return {slot: initial(slot, name, names) for slot, name in names.items()}


def initial(slot: str, name: str, names: Mapping[str, str]) -> str:
    others = [other.casefold() for key, other in names.items() if key != slot]

    for n in range(1, len(name) + 1):
        beginning = name[:n].casefold()
        if not any(other[:n] == beginning for other in others):
            return f"{name[:n]}."
    return slot


def held_back() -> str:
    return _("held back by its author")


def printed_text(line: SeenLine) -> str:
    return held_back() if line.held_back else (line.get("text") or "")


# Time


def times(material: Material, who: Mapping[str, str]) -> Table:
    """A row for each phase that ran, and their sum: planned, added, used, over, and who spoke."""
    voices = [slot for slot in ("A", "B", "F") if slot in who]
    heads = (
        _("Phase"),
        _("planned"),
        _("added"),
        _("active"),
        _("over"),
        *(who[slot] for slot in voices),
        _("quiet"),
    )

    runs = phases_run(material)
    rows = [time_row(f"{n}  {material.plan.phases[n - 1].title}", run, voices) for n, run in runs.items()]

    summed = {
        name: sum(run[name] for run in runs.values()) for name in ("planned_s", "extended_s", "overtime_s")
    }
    whole = {
        **summed,
        "active_s": material.figures["active_s"],
        "voice_s": material.figures["voice_s"],
    }

    widths = (28, 10, 9, 9) + (8,) * (len(heads) - 4)
    return Table(heads, tuple(rows), total=time_row(_("all"), whole, voices), widths=widths)


def time_row(name: str, run: Mapping[str, Any], voices: Sequence[str]) -> Row:
    spoken = [clock(run["voice_s"][slot]) for slot in (*voices, "none")]
    return (
        name,
        clock(run["planned_s"]),
        clock(run["extended_s"]),
        clock(run["active_s"]),
        clock(run["overtime_s"]),
        *spoken,
    )


def phases_run(material: Material) -> dict[int, Mapping[str, Any]]:
    """The figures of each phase that ran, by number; read from a file, the numbers are text."""
    found = {}
    for n in range(1, len(material.plan.phases) + 1):
        run = material.figures["phases"].get(str(n)) or material.figures["phases"].get(n)
        if run:
            found[n] = run
    return found


def chart(material: Material, who: Mapping[str, str]) -> VoiceChart | None:
    voices = [(n, run["voice_s"]) for n, run in phases_run(material).items()]
    return voice_chart(voices, who)


def airtime(material: Material, who: Mapping[str, str]) -> str:
    """How the partners' own speaking time was shared between them."""
    spoken = material.figures["voice_s"]
    whole = spoken["A"] + spoken["B"]
    if not whole or material.meeting.who_meets != "both":
        return ""

    shares = " · ".join(f"{who[slot]} {100 * spoken[slot] / whole:.1f} %" for slot in ("A", "B"))
    return _("Of the partners' voice: %(shares)s") % {"shares": shares}


def pauses(material: Material, who: Mapping[str, str]) -> Table | None:
    heads = (
        _("Pause"),
        _("called by"),
        _("return asked"),
        _("agreed"),
        _("resumed"),
        _("shorter than suggested"),
    )
    rows = [pause_row(pause, material.meeting, who) for pause in material.figures["pauses"]]
    return Table(heads, tuple(rows)) if rows else None


def pause_row(pause: Mapping[str, Any], meeting: Meeting, who: Mapping[str, str]) -> Row:
    return (
        on_paper(PAUSE, pause["kind"]),
        who.get(pause["called_by"], NONE),
        hour_of(pause["asked_return"], meeting),
        hour_of(pause["agreed_return"], meeting),
        hour_of(pause["resumed_at"], meeting),
        _("yes") if pause["shorter_than_suggested"] else _("no"),
    )


def hour_of(value: Any, meeting: Meeting) -> str:
    """An instant of the figures (text when read from a file) as an hour where they met."""
    if not value:
        return NONE
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    return hour(meeting.local(instant))


# Checks


def checks(story: Story, who: Mapping[str, str]) -> Table | None:
    """A row for each attempt; a check that nobody answered has one row too."""
    settled = {one["check"]: one for one in story.material.figures.get("misinterpretations") or ()}

    rows = []
    for check in story.checks.values():
        attempts = check.attempts or [Attempt(n=0)]
        for attempt in attempts:
            is_first = attempt is attempts[0]
            is_last = attempt is attempts[-1]
            rows.append(
                (
                    f"{check.id} · {check.of}" if is_first else check.id,
                    who.get(check.listener, ""),
                    str(attempt.n or NONE),
                    said_back(attempt, check),
                    outcome(attempt, check, settled.get(check.id), last=is_last),
                )
            )

    heads = (_("Check"), _("listener"), _("try"), _("said back"), _("answer"))
    return Table(heads, tuple(rows), widths=(14, 10, 6, 37, 33)) if rows else None


def said_back(attempt: Attempt, check: Check) -> str:
    """What the listener said they had heard."""
    if attempt.held_back:
        return held_back()

    ticked = ", ".join(on_paper(HEARD_PART, part) for part in attempt.ticked)
    said = [", ".join(attempt.feelings), attempt.reason, attempt.text, ticked]
    text = " · ".join(part for part in said if part) or NONE

    if attempt.bridge:
        return _("bridge by the facilitator: %(text)s") % {"text": text}
    if check.kind != "feeling_and_reason":
        return f"({on_paper(CHECK_KIND, check.kind)}) {text}"
    return text


def outcome(attempt: Attempt, check: Check, settled: Mapping[str, Any] | None, *, last: bool) -> str:
    """What the speaker answered; after the last try, what became of the check."""
    if attempt.answer == "corrected":
        problem = on_paper(PROBLEM, attempt.problem)
        if not attempt.meant:
            return problem
        return _("%(problem)s; meant: %(meant)s") % {"problem": problem, "meant": attempt.meant}

    if not last:
        return on_paper(CHECK_OUTCOME, attempt.answer)

    state = on_paper(CHECK_OUTCOME, check.state)
    if not settled or settled.get("settled_active_s") is None:
        return state
    return _("%(state)s; settled in %(active)s talking, %(wall)s in all") % {
        "state": state,
        "active": clock(settled["settled_active_s"]),
        "wall": clock(settled["settled_wall_s"]),
    }


# What was said and offered


def needs(story: Story, who: Mapping[str, str]) -> Table | None:
    heads = (_("No."), _("whose"), _("need"), _("wish"), _("said in"))
    rows = [need_row(ident, line, who) for ident, line in story.needs.items()]
    return Table(heads, tuple(rows), widths=(8, 14, 24, 42, 12)) if rows else None


def need_row(ident: str, line: SeenLine, who: Mapping[str, str]) -> Row:
    statement = line.get("statement") or ""
    if line.held_back:
        return ident, "", held_back(), "", statement

    whose = ", ".join(who.get(slot, slot) for slot in sorted(owners_of(line)))
    return ident, whose, line.get("need") or "", line.get("wish") or "", statement


def redirects(story: Story) -> Table | None:
    """Not by person: nobody's faults are counted."""
    heads = (_("No."), _("time"), _("families"), _("what became of it"))
    rows = [redirect_row(redirect, story.material.meeting) for redirect in story.redirects.values()]
    return Table(heads, tuple(rows)) if rows else None


def redirect_row(redirect: Redirect, meeting: Meeting) -> Row:
    at = redirect.at if meeting.timed else None
    return (
        redirect.id,
        hour_of(at, meeting),
        ", ".join(redirect.families),
        on_paper(REDIRECT_RESULT, redirect.result),
    )


def options(story: Story, who: Mapping[str, str]) -> Table | None:
    """The ideas, how each partner reacted, and the draft that took them up."""
    slots = story.material.meeting.order
    heads = (_("No."), _("option"), _("serves"), *(who[slot] for slot in slots), _("taken up in"))
    widths = (7, 41, 12, *(27 // len(slots),) * len(slots), 13)

    taken_up = story.taken_up
    rows = []
    for ident, line in story.options.items():
        reactions = [on_paper(REACTION, story.reactions.get(slot, {}).get(ident)) or NONE for slot in slots]
        serves = ", ".join(line.get("serves") or ())
        rows.append((ident, printed_text(line), serves, *reactions, taken_up.get(ident, NONE)))

    return Table(heads, tuple(rows), widths=widths) if rows else None


def numbers(story: Story, who: Mapping[str, str]) -> Table | None:
    """How stirred up each partner was, and when."""
    meeting = story.material.meeting
    heads = (_("Stirred up, 0 to 10"), _("time"), *(who[slot] for slot in meeting.order))

    rows = []
    for line in story.lines:
        value = line.get("temperature")
        if value is None or line.said_by not in meeting.order:
            continue
        at = hour_of(line.at if meeting.timed else None, meeting)
        columns = [str(value) if slot == line.said_by else "" for slot in meeting.order]
        rows.append((on_paper(TEMPERATURE_AT, line.kind), at, *columns))

    widths = (46, 18) + (18,) * len(meeting.order)
    return Table(heads, tuple(rows), widths=widths) if rows else None


# The log


def log(lines: list[SeenLine], meeting: Meeting, who: Mapping[str, str], due: Sequence[Due] = ()) -> Table:
    """One row a command, whatever it was made of; what fell due by itself stands between, with its own instant."""
    undone = {line.get("line") for line in lines if line.kind == "undone"}
    corrected = {line.get("line") for line in lines if line.kind == "corrected"}

    commands: dict[int, list[SeenLine]] = defaultdict(list)
    for line in sorted(lines, key=lambda one: one.number):
        commands[line.command].append(line)

    rows = []
    waiting = list(due)
    for number, parts in commands.items():
        at = parts[0].at
        while waiting and at and waiting[0].at <= at:
            rows.append(due_row(waiting.pop(0), meeting))

        marks = []
        if number in undone:
            marks.append(_("taken back"))
        if number in corrected:
            marks.append(_("corrected"))
        rows.append(log_row(number, parts, marks, meeting, who))

    return Table((_("No."), _("time"), _("who"), _("entry")), tuple(rows), widths=(9, 16, 11, 64))


def log_row(
    number: int, parts: Sequence[SeenLine], marks: Sequence[str], meeting: Meeting, who: Mapping[str, str]
) -> Row:
    first = parts[0]
    at = f"{meeting.local(first.at):%H:%M:%S}" if first.at and meeting.timed else NONE
    is_held_back = any(part.held_back for part in parts)

    if is_held_back:
        entry = held_back()
    else:
        points_at = dict.fromkeys(ref for part in parts for ref in refers(part))
        entry = " · ".join([entry_name(first.kind), *points_at])

    by = next((part.by for part in parts if part.by), "")
    is_unsigned = is_held_back or first.kind in UNSIGNED or first.kind in ENDINGS
    signed = "" if is_unsigned else who.get(by, "")

    return entry_number(number), at, signed, "; ".join([entry, *marks])


def due_row(due: Due, meeting: Meeting) -> Row:
    what = on_paper(FELL_DUE, due.kind)
    entry = f"{what} · {due.phase}" if due.phase else what
    return "", f"{meeting.local(due.at):%H:%M:%S}", "", entry


def refers(line: SeenLine) -> list[str]:
    """What an entry points at: a phase or an id, never words."""
    if line.kind in ("corrected", "undone") and line.get("line"):
        return [_("entry %(n)s") % {"n": entry_number(line.get("line"))}]

    parts = [line.get("phase"), line.get("id"), line.get("check") or line.get("of"), line.get("agreement")]
    parts += [line.get("redirect"), line.get("fear"), line.get("goal")]
    return [str(part) for part in parts if part]


def entry_number(command: int) -> str:
    """Entries count from 1; the number of a command is its line in a session file, after the header."""
    return str(command - 1)
