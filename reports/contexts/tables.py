"""The tables of the facilitator's record: time, pauses, checks, needs, options, numbers, and the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import VoiceChart, voice_chart
from reports.contexts.material import Due, Heard, Meeting, SeenLine
from reports.contexts.story import Attempt, Check, Told
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

# Who answered what stays out of every paper, this one included.
UNSIGNED = ("extension_answered", "pace_chosen", "redirect_not_now", "redirect_kept", "redirect_rephrased")
ENDINGS = ("partner_left", "stopped", "safety_stop", "session_ended", "ended_early", "continued_another_day")


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    # Percent of the page for each column; even when left out.
    widths: tuple[int, ...] = ()


def initials(names: Mapping[str, str]) -> dict[str, str]:
    """As short as still tells people apart; two of the same name go by their letters A and B."""
    short: dict[str, str] = {}
    for slot, name in names.items():
        others = [other for key, other in names.items() if key != slot]
        for n in range(1, len(name) + 1):
            if not any(other[:n].casefold() == name[:n].casefold() for other in others):
                short[slot] = f"{name[:n]}."
                break
        else:
            short[slot] = slot
    return short


def held() -> str:
    return _("held back by its author")


def told_text(line: SeenLine) -> str:
    return held() if line.held_back else (line.get("text") or "")


def times(heard: Heard, who: Mapping[str, str]) -> Table:
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
    rows, planned, extended, over = [], 0, 0, 0
    for n, phase in enumerate(heard.plan.phases, start=1):
        run = heard.figures["phases"].get(str(n)) or heard.figures["phases"].get(n)
        if run is None:
            continue
        planned, extended, over = (
            planned + run["planned_s"],
            extended + run["extended_s"],
            over + run["overtime_s"],
        )
        spoken = [clock(run["voice_s"][slot]) for slot in (*voices, "none")]
        rows.append(
            (
                f"{n}  {phase.title}",
                clock(run["planned_s"]),
                clock(run["extended_s"]),
                clock(run["active_s"]),
                clock(run["overtime_s"]),
                *spoken,
            )
        )
    whole = heard.figures["voice_s"]
    total = (
        _("all"),
        clock(planned),
        clock(extended),
        clock(heard.figures["active_s"]),
        clock(over),
        *(clock(whole[slot]) for slot in (*voices, "none")),
    )
    return Table(heads, tuple(rows), total, widths=(28, 10) + (9,) * 2 + (8,) * (len(heads) - 4))


def chart(heard: Heard, who: Mapping[str, str]) -> VoiceChart:
    runs = [
        heard.figures["phases"].get(str(n)) or heard.figures["phases"].get(n)
        for n in range(1, len(heard.plan.phases) + 1)
    ]
    return voice_chart([(n, run["voice_s"]) for n, run in enumerate(runs, start=1) if run], who)


def airtime(heard: Heard, who: Mapping[str, str]) -> str:
    spoken = heard.figures["voice_s"]
    whole = spoken["A"] + spoken["B"]
    if not whole or heard.meeting.who_meets != "both":
        return ""
    shares = " · ".join(f"{who[slot]} {100 * spoken[slot] / whole:.1f} %" for slot in ("A", "B"))
    return _("Of the partners' voice: %(shares)s") % {"shares": shares}


def instant(value: Any) -> datetime | None:
    if not value:
        return None
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def pauses(heard: Heard, who: Mapping[str, str]) -> Table | None:
    rows = []
    for pause in heard.figures["pauses"]:
        asked, agreed, back = (
            hour(heard.meeting.local(at)) if (at := instant(pause[key])) else "–"
            for key in ("asked_return", "agreed_return", "resumed_at")
        )
        rows.append(
            (
                on_paper(PAUSE, pause["kind"]),
                who.get(pause["called_by"], "–"),
                asked,
                agreed,
                back,
                _("yes") if pause["shorter_than_suggested"] else _("no"),
            )
        )
    heads = (
        _("Pause"),
        _("called by"),
        _("return asked"),
        _("agreed"),
        _("resumed"),
        _("shorter than suggested"),
    )
    return Table(heads, tuple(rows)) if rows else None


def checks(told: Told, who: Mapping[str, str]) -> Table | None:
    settled = {one["check"]: one for one in told.heard.figures.get("misinterpretations") or ()}
    rows = []
    for check in told.checks.values():
        attempts = check.attempts or [Attempt(0, check.listener)]
        for attempt in attempts:
            first = attempt is attempts[0]
            rows.append(
                (
                    f"{check.id} · {check.of}" if first else check.id,
                    who.get(check.listener, ""),
                    str(attempt.n) if attempt.n else "–",
                    heard_words(attempt, check),
                    outcome(attempt, check, settled.get(check.id), last=attempt is attempts[-1]),
                )
            )
    heads = (_("Check"), _("listener"), _("try"), _("said back"), _("answer"))
    return Table(heads, tuple(rows), widths=(14, 10, 6, 37, 33)) if rows else None


def heard_words(attempt: Attempt, check: Check) -> str:
    if attempt.held:
        return held()
    said = [", ".join(attempt.feelings), attempt.reason, attempt.text]
    said.append(", ".join(on_paper(HEARD_PART, part) for part in attempt.ticked))
    text = " · ".join(part for part in said if part) or "–"
    if attempt.bridge:
        return _("bridge by the facilitator: %(text)s") % {"text": text}
    return text if check.kind == "feeling_and_reason" else f"({on_paper(CHECK_KIND, check.kind)}) {text}"


def outcome(attempt: Attempt, check: Check, settled: Mapping[str, Any] | None, *, last: bool) -> str:
    if attempt.answer == "corrected":
        said = on_paper(PROBLEM, attempt.problem)
        return (
            _("%(problem)s; meant: %(meant)s") % {"problem": said, "meant": attempt.meant}
            if attempt.meant
            else said
        )
    if not last:
        return on_paper(CHECK_OUTCOME, attempt.answer)
    state = on_paper(CHECK_OUTCOME, check.state)
    if settled and settled.get("settled_active_s") is not None:
        return _("%(state)s; settled in %(active)s talking, %(wall)s in all") % {
            "state": state,
            "active": clock(settled["settled_active_s"]),
            "wall": clock(settled["settled_wall_s"]),
        }
    return state


def needs(told: Told, who: Mapping[str, str]) -> Table | None:
    rows = []
    for ident, line in told.needs.items():
        owners = sorted(set(line.get("shared_by") or ()) | {line.said_by})
        whose = ", ".join(who.get(slot, slot) for slot in owners)
        words = held() if line.held_back else (line.get("need") or "")
        rows.append(
            (
                ident,
                "" if line.held_back else whose,
                words,
                "" if line.held_back else (line.get("wish") or ""),
                line.get("statement") or "",
            )
        )
    heads = (_("No."), _("whose"), _("need"), _("wish"), _("said in"))
    return Table(heads, tuple(rows), widths=(8, 14, 24, 42, 12)) if rows else None


def redirects(told: Told) -> Table | None:
    """Not by person: nobody's faults are counted."""
    rows = [
        (
            r.id,
            hour(told.heard.meeting.local(r.at)) if r.at and told.heard.meeting.timed else "–",
            ", ".join(r.families),
            on_paper(REDIRECT_RESULT, r.result),
        )
        for r in told.redirects.values()
    ]
    return Table((_("No."), _("time"), _("families"), _("what became of it")), tuple(rows)) if rows else None


def options(told: Told, who: Mapping[str, str]) -> Table | None:
    slots = told.heard.meeting.order
    taken = {o: d.id for d in told.drafts.values() for o in d.line.get("from_options") or ()}
    rows = tuple(
        (
            ident,
            told_text(line),
            ", ".join(line.get("serves") or ()),
            *(on_paper(REACTION, told.reactions.get(slot, {}).get(ident)) or "–" for slot in slots),
            taken.get(ident, "–"),
        )
        for ident, line in told.options.items()
    )
    heads = (_("No."), _("option"), _("serves"), *(who[slot] for slot in slots), _("taken up in"))
    return Table(heads, rows, widths=(7, 41, 12, *(27 // len(slots),) * len(slots), 13)) if rows else None


def numbers(told: Told, who: Mapping[str, str]) -> Table | None:
    meeting = told.heard.meeting
    rows = []
    for line in told.lines:
        slot = line.said_by
        if line.get("temperature") is not None and slot in meeting.order:
            at = hour(meeting.local(line.at)) if line.at and meeting.timed else "–"
            marks = [str(line.get("temperature")) if slot == s else "" for s in meeting.order]
            rows.append((on_paper(TEMPERATURE_AT, line.kind), at, *marks))
    heads = (_("Stirred up, 0 to 10"), _("time"), *(who[slot] for slot in meeting.order))
    return Table(heads, tuple(rows), widths=(46, 18) + (18,) * len(meeting.order)) if rows else None


def log_table(
    lines: list[SeenLine], meeting: Meeting, who: Mapping[str, str], due: Sequence[Due] = ()
) -> Table:
    """One row a command, whatever it was made of; what fell due by itself stands between, with its own instant.

    A file's first command stands on its second line.
    """
    waiting = list(due)
    undone = {line.get("line") for line in lines if line.kind == "undone"}
    corrected = {line.get("line") for line in lines if line.kind == "corrected"}
    commands: dict[int, list[SeenLine]] = {}
    for line in sorted(lines, key=lambda one: one.number):
        commands.setdefault(line.command or line.number, []).append(line)
    rows = []
    for number, parts in commands.items():
        first = parts[0]
        while waiting and first.at and waiting[0].at <= first.at:
            rows.append(automatic(waiting.pop(0), meeting))
        is_held = any(part.held_back for part in parts)
        by = next((part.by for part in parts if part.by), "")
        unsigned = is_held or first.kind in UNSIGNED or first.kind in ENDINGS
        points = list(dict.fromkeys(ref for part in parts for ref in refers(part)))
        what = held() if is_held else " · ".join([entry_name(first.kind), *points])
        marks = [_("taken back")] * (number in undone) + [_("corrected")] * (number in corrected)
        at = f"{meeting.local(first.at):%H:%M:%S}" if first.at and meeting.timed else "–"
        rows.append((str(number - 1), at, "" if unsigned else who.get(by, ""), "; ".join([what, *marks])))
    return Table((_("No."), _("time"), _("who"), _("entry")), tuple(rows), widths=(9, 16, 11, 64))


def automatic(due: Due, meeting: Meeting) -> tuple[str, str, str, str]:
    what = on_paper(FELL_DUE, due.kind)
    return "", f"{meeting.local(due.at):%H:%M:%S}", "", f"{what} · {due.phase}" if due.phase else what


def refers(line: SeenLine) -> list[str]:
    """What an entry points at: a phase or an id, never words."""
    if line.kind in ("corrected", "undone") and line.get("line"):
        return [_("entry %(n)s") % {"n": line.get("line") - 1}]
    parts = [line.get("phase"), line.get("id"), line.get("check") or line.get("of"), line.get("agreement")]
    parts += [line.get("redirect"), line.get("fear"), line.get("goal")]
    return [str(part) for part in parts if part]
