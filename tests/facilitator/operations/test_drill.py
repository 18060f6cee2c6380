"""The drill: a couple that walked in is copied out of a house in use and put back into an empty one, which is mute."""

import json
from pathlib import Path

import pytest

from facilitator.operations import backups
from tests.cast import household, signed_in
from tests.facilitator.operations.test_backup import Folder

pytestmark = pytest.mark.slow

WALK_IN = """
from datetime import timedelta
from uuid import uuid4
from clients import agreement, couples, safety
from clients.access import AsFacilitator
from facilitator.door import begin
from facilitator.now import now
from reports import documents
from sessions.desk import start_now
from sessions.record import conduct, partings
from sessions.engine.formats import FORMATS
at = now()
fay = begin.begin(name="Fay", email="fay@practice.example", password="a warm room with three chairs")
viewer = AsFacilitator(fay.pk, fay.practice_id)
ana = couples.enquire(facilitator=fay, name="Ana", now=at)
ben = couples.call(partner=couples.partners_of(ana.couple_id)["B"], name="Ben", by=viewer, now=at)
for partner in (ana, ben):
    safety.record_talk(partner=partner, user=fay, spoken_alone_on=at.date(), outcome="go", notes="calm", now=at)
    agreement.take(partner, agreement.SCOPES, by=viewer.actor, now=at)
session = start_now.start(
    couple=ben.couple, facilitator=fay, key=uuid4(), chosen=FORMATS["first-talk"], short=True, first_speaker="A",
    with_="both", room_until=None, goal=("feelings", "To hear each other."), override="", now=at,
)
def post(by, kind, **fields):
    told = {"told_to": "F"} if by in "AB" else {}
    command = conduct.command_from({**fields, **told, "override": "a drill"}, by=by, kind=kind)
    conduct.post(session.pk, command, poster=viewer.actor, author=fay.pk, now=now())
post("A", "statement", id="S1", text="I missed our walks.", feelings=["lonely"])
post("F", "note", text="Both leaned in.")
post("F", "compromise_drafted", id="AG1", text="A walk on Saturday.", who_does_what=[{"who": "both", "what": "walk"}],
     look_again_on=(at + timedelta(days=14)).date().isoformat())
post("A", "agreement_confirmed", agreement="AG1")
post("B", "agreement_confirmed", agreement="AG1")
post("F", "session_ended", how="early_by_facilitator")
partings.say(session, by=viewer.actor, now=now(), sign="open hand", line="Slowly is fine.")
session.refresh_from_db()
documents.ask_due(now())
documents.render_due(now())
"""
# Everything there is, opened: each row of each of our tables with its words, and what the papers say.
EVERYTHING = """
import hashlib, json
from django.apps import apps
from clients.guarded import Guarded
def rows(model):
    found = model.objects.unscoped("a drill looks at everything") if issubclass(model, Guarded) else model.objects
    for row in found.order_by("pk"):
        yield {f.attname: str(getattr(row, f.attname)) for f in model._meta.concrete_fields}
OURS = {"facilitator", "clients", "rituals", "facilitation", "reports"}
PASSING = {"Beat"}
print(json.dumps({m.__name__: list(rows(m)) for m in apps.get_models()
                  if m._meta.app_label in OURS and m.__name__ not in PASSING}))
"""


def everything(house: Folder) -> dict[str, list[dict[str, str]]]:
    done = house.python(EVERYTHING)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return found


def test_the_couple_that_walked_in_comes_back_whole_into_a_house_that_is_mute(tmp_path: Path) -> None:
    first, second = Folder(tmp_path / "first"), Folder(tmp_path / "second")
    first.furnish(WALK_IN)
    was = everything(first)
    assert [row["name"] for row in was["Partner"]] in (["Ana", "Ben"], ["Ben", "Ana"])
    assert "I missed our walks." in str(was["Line"])
    assert [row["state"] for row in was["Document"] if row["kind"] == "door_sheet"] == ["ready"]

    kept = first.manage("backup", tmp_path / "copy.tar.gz")
    assert kept.returncode == 0, kept.stderr
    back = second.manage(
        "restore", tmp_path / "copy.tar.gz", "--keys", backups.keys_file(tmp_path / "copy.tar.gz")
    )
    assert back.returncode == 0, back.stderr
    assert everything(second) == was
    assert (second.data / "mute").exists()


def test_a_house_put_back_says_that_it_is_mute_and_the_first_one_does_not(settings, tmp_path, db) -> None:
    settings.MUTE_FILE = tmp_path / "mute"
    home = signed_in(household("Fay", ("Ana", "Ben")).facilitator)
    assert "unmute" not in home.get("/").content.decode()
    settings.MUTE_FILE.write_text("restored")
    assert "unmute" in home.get("/").content.decode()
