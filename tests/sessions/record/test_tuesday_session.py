"""The hour of the Tuesday journey, as it was exported, replays to exactly its figures and loses no word."""

import json

import pytest

from sessions.engine.figures import figures
from sessions.engine.session_file import load
from sessions.models import Line
from sessions.record import import_export, moment_rows
from sessions.record.planning import plan_of
from tests.services import ROOT

FILE = ROOT / "tests" / "session_files" / "good" / "tuesday_session.jsonl"
FIGURES = json.loads(FILE.with_name("tuesday_session_figures.json").read_text())


@pytest.mark.both
@pytest.mark.django_db
def test_the_tuesday_session_replays_to_exactly_its_figures():
    file = load(FILE)
    couple, user = import_export.throw_away(file)

    session = import_export.bring_in(file, couple=couple, facilitator=user)

    found = figures(plan_of(session), moment_rows.read(session.pk)[0])
    assert json.loads(json.dumps(found)) == FIGURES
    assert FIGURES["checks"]["confirmed"] == 2
    assert FIGURES["needs"] == 2
    assert FIGURES["agreements"]["confirmed"] == 1
    assert plan_of(session).exit_strategy.sign == "open hand"

    said = [line.words for line in Line.objects.unscoped("a test looks").filter(session=session)]
    feelings = [word for words in said for word in words.get("feelings", [])]
    needs = [words["need"] for words in said if "need" in words]
    assert feelings == ["lonely", "overwhelmed"]
    assert needs == ["reassurance", "space"]
