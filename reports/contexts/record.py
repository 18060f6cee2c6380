"""The facilitator's record: everything the care team may keep on paper, with the log as its appendix."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import VoiceChart, voice_chart
from reports.contexts.heard import Heard, Meeting, SeenLine
from reports.contexts.joint import AgreementSeen, Foot, agreement, moment_of
from reports.contexts.told import Attempt, Check, Told
from reports.contexts.words import (
    CHECK_KIND, CHECK_STATE, ENTRY, FEAR_ANSWER, GOAL_VIEW, HEARD, MILESTONE, PAUSE, PROBLEM, REACTION, REDIRECT,
    RETREAT, TEMPERATURE_AT, clock, day, ended, hour, say,
)

# Who answered what stays out of every paper, this one included.
UNSIGNED = ("extension_answered", "pace_chosen", "redirect_not_now", "redirect_kept", "redirect_rephrased")
ENDINGS = ("partner_left", "stopped", "safety_stop", "session_ended")
# Guards whose very name would hint at the private talks.
NEVER_ON_PAPER = ("screening", "talk", "outcome", "consult")
LOG_ROWS = 1500


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] = ()
    # Percent of the page for each column; even when left out.
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """Something said: a short head, the words, and small lines under them."""

    head: str
    text: str
    under: tuple[str, ...] = ()


@dataclass(frozen=True)
class FacilitatorRecord:
    code: str
    day: str
    span: str
    format_title: str
    lead: str
    intention: str
    goals: tuple[Block, ...]
    frame: tuple[Block, ...]
    deviations: tuple[str, ...]
    times: Table | None
    chart: VoiceChart | None
    airtime: str
    pauses: Table | None
    checks: Table | None
    check_summary: str
    said: tuple[Block, ...]
    needs: Table | None
    redirects: Table | None
    fears: tuple[Block, ...]
    options: Table | None
    agreements: tuple[AgreementSeen, ...]
    numbers: Table | None
    views: tuple[Block, ...]
    milestones: tuple[str, ...]
    notes: tuple[str, ...]
    follow_up: tuple[str, ...]
    log: Table
    log_cut: int
    foot: Foot

    @classmethod
    def of(cls, heard: Heard) -> "FacilitatorRecord":
        told, meeting = Told(heard, "F"), heard.meeting
        who = initials(meeting.names)
        log = [line for line in heard.lines if line.audience not in ("OWN", "SYS")]
        return cls(
            code=meeting.code,
            day=day(meeting.held_on),
            span=span(meeting),
            format_title=meeting.format_title,
            lead=who.get("F", ""),
            intention=meeting.joint_intention,
            goals=tuple(goal_blocks(told, who)),
            frame=tuple(frame(heard)),
            deviations=tuple(deviations(told, heard)),
            times=times(heard, who) if meeting.timed else None,
            chart=chart(heard, who) if meeting.timed else None,
            airtime=airtime(heard, who) if meeting.timed else "",
            pauses=pauses(heard, who) if meeting.timed else None,
            checks=checks(told, who),
            check_summary=check_summary(heard.figures),
            said=tuple(said(told, who)),
            needs=needs(told, who),
            redirects=redirects(told),
            fears=tuple(fears(told, who)),
            options=options(told, who),
            agreements=tuple(agreement(draft, told) for draft in told.agreements),
            numbers=numbers(told, who),
            views=tuple(
                Block(who.get(line.owner or line.by, ""), say(RETREAT, line.get("view")))
                for line in told.of_kind("retreat_view_given")
            ),
            milestones=tuple(say(MILESTONE, what) for what in told.milestones),
            notes=tuple(line.get("text") for line in told.of_kind("note") if line.get("text")),
            follow_up=tuple(follow_up(told)),
            log=log_table(log[:LOG_ROWS], meeting, who),
            log_cut=max(0, len(log) - LOG_ROWS),
            foot=Foot(_("Facilitator's record"), meeting.code, meeting.version, "", draft=False),
        )


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


def span(meeting: Meeting) -> str:
    if not meeting.timed:
        return _("written up afterwards, not timed")
    if meeting.started_at is None or meeting.ended_at is None:
        return meeting.zone
    begin, end = meeting.local(meeting.started_at), meeting.local(meeting.ended_at)
    return f"{hour(begin)}–{hour(end)} ({meeting.zone})"


def held() -> str:
    return _("held back by its author")


def told_text(line: SeenLine) -> str:
    return held() if line.held_back else (line.get("text") or "")


def aloud(line: SeenLine) -> tuple[str, ...]:
    return (_("said aloud, entered at the desk"),) if line.told_to else ()


def goal_blocks(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for goal in told.heard.meeting.goals:
        views = told.goal_views.get(goal.id, {})
        line = " · ".join(f"{who[slot]} {say(GOAL_VIEW, view)}" for slot, view in sorted(views.items()))
        blocks.append(Block(who.get(goal.owner, ""), goal.wording, (line,) if line else ()))
    return blocks


def frame(heard: Heard) -> list[Block]:
    """The agreed frame beside what became of it."""
    meeting, figures = heard.meeting, heard.figures
    rows = [Block(_("Ended"), ended(figures["ended_how"]))]
    if meeting.timed:
        rows.append(Block(_("Whole time"), clock(figures["wall_s"])))
        rows.append(Block(_("Talked"), clock(figures["active_s"])))
        rows.append(Block(_("Brief pauses"), clock(figures["brief_pause_s"])))
        rows.append(Block(_("Cool-down"), clock(figures["cool_down_s"])))
        rows.append(Block(_("Talks with each"), clock(figures["caucus_s"])))
        if meeting.agreed_max_minutes:
            rows.append(Block(_("Agreed maximum"), clock(meeting.agreed_max_minutes * 60)))
        if meeting.latest_end:
            rows.append(Block(_("Latest end"), hour(meeting.local(meeting.latest_end))))
    if next_meeting := moment_of(meeting):
        rows.append(Block(_("Next meeting"), next_meeting))
    return rows


def deviations(told: Told, heard: Heard) -> list[str]:
    titles = {n: phase.title for n, phase in enumerate(heard.plan.phases, start=1)}
    changed = []
    for line in told.of_kind("phase_set_aside", "phase_returned"):
        changed.append(f"{say(ENTRY, line.kind)}: {line.get('phase')} {titles.get(line.get('phase'), '')}")
    for line in told.of_kind("minutes_added"):
        changed.append(_("%(n)s minutes added to phase %(phase)s") % {
            "n": line.get("minutes"), "phase": line.get("phase")})
    extended = heard.figures.get("extensions") or {}
    if extended.get("proposed"):
        changed.append(_("More time: proposed %(proposed)s, agreed %(agreed)s, %(minutes)s minutes") % {
            "proposed": extended["proposed"], "agreed": extended["agreed"], "minutes": extended.get("minutes", 0)})
    for line in told.of_kind("guard_set_aside"):
        if not any(code.startswith(NEVER_ON_PAPER) for code in line.get("codes") or ()):
            changed.append(": ".join(str(part) for part in (say(ENTRY, line.kind), line.get("reason")) if part))
    return changed


def times(heard: Heard, who: Mapping[str, str]) -> Table:
    voices = [slot for slot in ("A", "B", "F") if slot in who]
    heads = (
        _("Phase"), _("planned"), _("added"), _("active"), _("over"),
        *(who[slot] for slot in voices), _("quiet"),
    )
    rows, planned, extended, over = [], 0, 0, 0
    for n, phase in enumerate(heard.plan.phases, start=1):
        run = heard.figures["phases"].get(str(n)) or heard.figures["phases"].get(n)
        if run is None:
            continue
        planned, extended, over = (
            planned + run["planned_s"], extended + run["extended_s"], over + run["overtime_s"])
        spoken = [clock(run["voice_s"][slot]) for slot in (*voices, "none")]
        rows.append((
            f"{n}  {phase.title}", clock(run["planned_s"]), clock(run["extended_s"]), clock(run["active_s"]),
            clock(run["overtime_s"]), *spoken,
        ))
    whole = heard.figures["voice_s"]
    total = (
        _("all"), clock(planned), clock(extended), clock(heard.figures["active_s"]), clock(over),
        *(clock(whole[slot]) for slot in (*voices, "none")),
    )
    return Table(heads, tuple(rows), total, widths=(28, 10) + (9,) * 2 + (8,) * (len(heads) - 4))


def chart(heard: Heard, who: Mapping[str, str]) -> VoiceChart:
    runs = [heard.figures["phases"].get(str(n)) or heard.figures["phases"].get(n)
            for n in range(1, len(heard.plan.phases) + 1)]
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
        rows.append((
            say(PAUSE, pause["kind"]), who.get(pause["called_by"], "–"), asked, agreed, back,
            _("yes") if pause["shorter_than_suggested"] else _("no"),
        ))
    heads = (_("Pause"), _("called by"), _("return asked"), _("agreed"), _("resumed"), _("shorter than suggested"))
    return Table(heads, tuple(rows)) if rows else None


def checks(told: Told, who: Mapping[str, str]) -> Table | None:
    settled = {one["check"]: one for one in told.heard.figures.get("misinterpretations") or ()}
    rows = []
    for check in told.checks.values():
        attempts = check.attempts or [Attempt(0, check.listener)]
        for attempt in attempts:
            first = attempt is attempts[0]
            rows.append((
                f"{check.id} · {check.of}" if first else "",
                who.get(check.listener, "") if first else "",
                str(attempt.n) if attempt.n else "–",
                heard_words(attempt, check),
                outcome(attempt, check, settled.get(check.id), last=attempt is attempts[-1]),
            ))
    heads = (_("Check"), _("listener"), _("try"), _("said back"), _("answer"))
    return Table(heads, tuple(rows), widths=(14, 10, 6, 37, 33)) if rows else None


def heard_words(attempt: Attempt, check: Check) -> str:
    if attempt.held:
        return held()
    said = [", ".join(attempt.feelings), attempt.reason, attempt.text]
    said.append(", ".join(say(HEARD, part) for part in attempt.ticked))
    text = " · ".join(part for part in said if part) or "–"
    if attempt.bridge:
        return _("bridge by the facilitator: %(text)s") % {"text": text}
    return text if check.kind == "feeling_and_reason" else f"({say(CHECK_KIND, check.kind)}) {text}"


def outcome(attempt: Attempt, check: Check, settled: Mapping[str, Any] | None, *, last: bool) -> str:
    if attempt.answer == "corrected":
        said = say(PROBLEM, attempt.problem)
        return _("%(problem)s; meant: %(meant)s") % {"problem": said, "meant": attempt.meant} if attempt.meant else said
    if not last:
        return say(CHECK_STATE, attempt.answer)
    state = say(CHECK_STATE, check.state)
    if settled and settled.get("settled_active_s") is not None:
        return _("%(state)s; settled in %(active)s talking, %(wall)s in all") % {
            "state": state, "active": clock(settled["settled_active_s"]), "wall": clock(settled["settled_wall_s"])}
    return state


def check_summary(figures: Mapping[str, Any]) -> str:
    counts = figures.get("checks") or {}
    if not counts.get("opened"):
        return ""
    return _(
        "Opened %(opened)s, answered %(answered)s, confirmed %(confirmed)s (at the first try %(first_try)s), "
        "set aside %(set_aside)s, carried over %(carried)s; corrections %(corrections)s."
    ) % counts


def said(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for ident, line in told.statements.items():
        under = [", ".join(line.get("feelings") or ())] if line.get("feelings") and not line.held_back else []
        under += [f"{who.get(v.by, '')} “{told_text(v)}”" for v in told.validations_of(ident)]
        author = "" if line.held_back else who.get(line.by, "")
        blocks.append(Block(" · ".join(p for p in (ident, author) if p), told_text(line), (*under, *aloud(line))))
    for line in told.of_kind("retreat_purpose_acknowledged", "phrase_used", "closing_word"):
        author = "" if line.held_back else who.get(line.by, "")
        blocks.append(Block(" · ".join(p for p in (author, say(ENTRY, line.kind)) if p), told_text(line)))
    return blocks


def needs(told: Told, who: Mapping[str, str]) -> Table | None:
    rows = []
    for ident, line in told.needs.items():
        owners = sorted(set(line.get("shared_by") or ()) | {line.by})
        whose = ", ".join(who.get(slot, slot) for slot in owners)
        words = held() if line.held_back else (line.get("need") or "")
        rows.append((
            ident, "" if line.held_back else whose, words,
            "" if line.held_back else (line.get("wish") or ""), line.get("statement") or "",
        ))
    heads = (_("No."), _("whose"), _("need"), _("wish"), _("said in"))
    return Table(heads, tuple(rows), widths=(8, 14, 24, 42, 12)) if rows else None


def redirects(told: Told) -> Table | None:
    """Not by person: nobody's faults are counted."""
    rows = [
        (r.id, hour(told.heard.meeting.local(r.at)) if r.at and told.heard.meeting.timed else "–",
         ", ".join(r.families), say(REDIRECT, r.result))
        for r in told.redirects.values()
    ]
    return Table((_("No."), _("time"), _("families"), _("what became of it")), tuple(rows)) if rows else None


def fears(told: Told, who: Mapping[str, str]) -> list[Block]:
    blocks = []
    for fear in told.fears.values():
        if not fear.accepted:
            # The words of a guess that was turned down are on no paper.
            blocks.append(Block(fear.id, _("a guess was offered and left")))
            continue
        own = fear.own_words
        words = [f"{who.get(fear.to, '')} “{held() if own.held_back else own.get('own_words')}”"] if own else []
        words += [f"{who.get(v.by, '')} “{told_text(v)}”" for v in told.validations_of(fear.id)]
        answer = say(FEAR_ANSWER, fear.answer)
        blocks.append(Block(" · ".join(p for p in (fear.id, who.get(fear.to), answer) if p), fear.wording, tuple(words)))
    return blocks


def options(told: Told, who: Mapping[str, str]) -> Table | None:
    slots = told.heard.meeting.order
    taken = {o: d.id for d in told.drafts.values() for o in d.line.get("from_options") or ()}
    rows = tuple(
        (
            ident, told_text(line), ", ".join(line.get("serves") or ()),
            *(say(REACTION, told.reactions.get(slot, {}).get(ident)) or "–" for slot in slots),
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
        slot = line.owner or line.by
        if line.get("temperature") is not None and slot in meeting.order:
            at = hour(meeting.local(line.at)) if line.at and meeting.timed else "–"
            marks = [str(line.get("temperature")) if slot == s else "" for s in meeting.order]
            rows.append((say(TEMPERATURE_AT, line.kind), at, *marks))
    heads = (_("Stirred up, 0 to 10"), _("time"), *(who[slot] for slot in meeting.order))
    return Table(heads, tuple(rows), widths=(46, 18) + (18,) * len(meeting.order)) if rows else None


def follow_up(told: Told) -> list[str]:
    ahead = [_("Check %(id)s carried over") % {"id": c.id} for c in told.checks.values() if c.state == "open"]
    ahead += [_("For another day: %(text)s") % {"text": told_text(line)} for line in told.parked]
    for draft in told.agreements:
        again = agreement(draft, told).look_again
        if again:
            ahead.append(_("%(id)s: look again on %(day)s") % {"id": draft.id, "day": again})
    ahead += [_("%(id)s is still a draft") % {"id": d.id} for d in told.drafts.values() if not d.in_force]
    return ahead


def log_table(lines: list[SeenLine], meeting: Meeting, who: Mapping[str, str]) -> Table:
    """One row a command, whatever it was made of. A file's first command stands on its second line."""
    undone = {line.get("line") for line in lines if line.kind == "undone"}
    corrected = {line.get("line") for line in lines if line.kind == "corrected"}
    commands: dict[int, list[SeenLine]] = {}
    for line in sorted(lines, key=lambda one: one.number):
        commands.setdefault(line.command or line.number, []).append(line)
    rows = []
    for number, parts in commands.items():
        first = parts[0]
        is_held = any(part.held_back for part in parts)
        by = next((part.by for part in parts if part.by), "")
        unsigned = is_held or first.kind in UNSIGNED or first.kind in ENDINGS
        points = list(dict.fromkeys(ref for part in parts for ref in refers(part)))
        what = held() if is_held else " · ".join([say(ENTRY, first.kind), *points])
        marks = [_("taken back")] * (number in undone) + [_("corrected")] * (number in corrected)
        at = f"{meeting.local(first.at):%H:%M:%S}" if first.at and meeting.timed else "–"
        rows.append((str(number - 1), at, "" if unsigned else who.get(by, ""), "; ".join([what, *marks])))
    return Table((_("No."), _("time"), _("who"), _("entry")), tuple(rows), widths=(9, 16, 11, 64))


def refers(line: SeenLine) -> list[str]:
    """What an entry points at: a phase or an id, never words."""
    if line.kind in ("corrected", "undone") and line.get("line"):
        return [_("entry %(n)s") % {"n": line.get("line") - 1}]
    parts = [line.get("phase"), line.get("id"), line.get("check") or line.get("of"), line.get("agreement")]
    parts += [line.get("redirect"), line.get("fear"), line.get("goal")]
    return [str(part) for part in parts if part]
