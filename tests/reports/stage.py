"""A session file as the material of a paper, without any row: each line split into the parts that conduct keeps."""

import json
from dataclasses import replace
from datetime import date, datetime

from reports.contexts import Material, Meeting, SeenLine
from sessions.engine.plan import ExitStrategy, Goal, Plan, PlannedPhase
from sessions.record import conduct, moment_rows
from tests.services import ROOT, SESSION_FILES

FILES = SESSION_FILES / "good"
FORMATS = ROOT / "sessions" / "engine" / "data" / "formats.json"


def at(text):
    return datetime.fromisoformat(text)


def plan_of(header):
    phases = header.get("phases")
    if phases is None:
        library = {one["code"]: one for one in json.loads(FORMATS.read_text())}
        phases = library[header["format"]]["phases"]

    return Plan(
        phases=tuple(
            PlannedPhase(p["title"], p["kind"], p["goal"], p["minutes"], p["turn"], p["understanding_check"])
            for p in phases
        ),
        zone=header["zone"],
        first_speaker=header["first_speaker"],
        timed=header.get("timed", True),
        with_=header.get("with", "both"),
        joint_intention=header.get("joint_intention", ""),
        goals=tuple(Goal(**goal) for goal in header.get("goals", ())),
        exit_strategy=ExitStrategy(**header["exit_strategy"]),
        agreed_max_minutes=header.get("agreed_max_minutes"),
        latest_end=at(header["latest_end"]) if "latest_end" in header else None,
    )


def parts(command, number, first_number):
    """One entry per audience and owner, split by the same code that lays them down."""
    fields = {name: value for name, value in command.items() if name not in ("at", "by", "kind")}
    posted = conduct.command_from(fields, by=command["by"], kind=command["kind"])

    return [
        SeenLine(
            kind=part.kind,
            number=first_number + offset,
            command=number,
            at=at(command["at"]) if "at" in command else None,
            by=part.by,
            facts=part.facts,
            words=part.words,
            audience=part.audience,
            owner=part.owner or "",
            told_to=posted.told_to,
        )
        for offset, part in enumerate(moment_rows.split(posted, target=None, set_aside=()))
    ]


def lines_of(commands):
    lines = []
    for number, command in enumerate(commands, start=2):
        lines += parts(command, number, len(lines) + 1)

    # What both confirmed, or both kept, is joint from then on.
    both = {"A", "B"}
    confirmed_by = {}
    for command in commands:
        if command["kind"] == "agreement_confirmed":
            confirmed_by.setdefault(command["agreement"], set()).add(command["by"])
    joint = {agreement for agreement, who in confirmed_by.items() if who == both}
    both_kept = {line.by for line in lines if line.kind == "milestones_kept"} == both

    def is_joint(line):
        if line.kind == "milestones_kept" and both_kept:
            return True
        return line.get("id") in joint or line.get("agreement") in joint

    return [replace(line, audience="JOINT") if is_joint(line) else line for line in lines]


def read(name="worked_session.jsonl"):
    text = (FILES / name).read_text(encoding="utf-8")
    header, *commands = [json.loads(line) for line in text.splitlines()]
    return header, commands


def material_from(header, commands, figures, **facts):
    plan = plan_of(header)
    began = [c["at"] for c in commands if c["kind"] == "session_started" and "at" in c]
    ended = [c["at"] for c in commands if c["kind"] == "session_ended" and "at" in c]
    nexts = [c.get("next_session") for c in commands if c["kind"] == "session_ended"]

    names = {slot: one["name"] for slot, one in header["partners"].items()}
    names["F"] = header["facilitator"]["name"]

    meeting = Meeting.of(
        plan,
        held_on=date(2025, 3, 13),
        code=header["couple"]["code"],
        label=header["couple"]["label"],
        names=names,
        format_title=header.get("format", "").replace("-", " ").capitalize(),
        started_at=at(began[0]) if began else None,
        ended_at=at(ended[0]) if ended else None,
        next_session=at(nexts[0]) if nexts and nexts[0] else None,
        **facts,
    )

    return Material(plan, figures, lines_of(commands), meeting)


def worked(**facts):
    header, commands = read()
    figures = json.loads((FILES / "worked_session_figures.json").read_text(encoding="utf-8"))
    return material_from(header, commands, figures, **{"released_on": date(2025, 3, 14), **facts})
