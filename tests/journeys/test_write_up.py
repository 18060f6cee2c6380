"""The worked session written up by hand, through the page's own forms, reads as its replay does."""

import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse

from clients import couples
from clients.models import Consent, Screening
from reports.contexts import DoorSheet, FacilitatorRecord, JointSummary
from reports.documents.gathering import Look, gather
from sessions.engine.figures import figures
from sessions.engine.session_file import load
from sessions.models import Session
from sessions.record import import_export, moment_rows
from sessions.record.planning import plan_of
from tests.cast import House, talked
from tests.services import ROOT
from tests.sessions.desk.pressed import Forms

pytestmark = [pytest.mark.django_db]

WORKED = ROOT / "tests" / "session_files" / "good" / "worked_session.jsonl"
LINES = [json.loads(line) for line in WORKED.read_text().splitlines()]
HEADER = LINES[0]
# The evening after.
AFTERWARDS = datetime(2025, 3, 13, 21, 0, tzinfo=UTC)
NAMES = ("Mara", "Teo")


class Sheet:
    """Somebody at the page with their notes beside them: fills in what stands there, and sends it."""

    def __init__(self, client, url):
        self.client = client
        self.url = url
        self.presses = 0
        self.look()

    def look(self):
        """The page with its list behind *More* open."""
        self.html = self.client.get(self.url, {"open": "more"}).content.decode()
        self.forms = [form for form in Forms(self.html).forms if form.action.endswith("/write-down/")]
        return self

    def form(self, kind, has=None):
        """The first form of this kind, and with these values in it where some are given."""
        for form in self.forms:
            given = {name: value for name, value, _chosen in form.fields}
            has_values = has is None or has.items() <= given.items()
            if given.get("kind") == kind and has_values:
                return form
        raise LookupError(f"No form for {kind} on the page")

    def fill(self, kind, has=None, **typed):
        """A form of the page with its own values, and over them what was typed."""
        form = self.form(kind, has)
        names = {name for name, _value, _chosen in form.fields}
        body = {}
        for name, value, chosen in form.fields:
            if chosen and name not in typed:
                body.setdefault(name, []).append(value)

        selects = set(re.findall(r'<select name="([^"]+)"', self.html))
        assert set(typed) <= names | selects, set(typed) - names - selects

        self.presses += 1
        answer = self.client.post(form.action, body | typed)
        assert answer.status_code == 302, re.findall(r'role="alert".*?</', answer.content.decode(), re.S)

        self.went_to = answer["Location"]
        return self.look() if self.went_to == self.url else self

    def choice(self, kind, field, words):
        """The value of a tick whose label has these words."""
        made = re.findall(
            rf'<input type="checkbox" name="{field}" value="([^"]+)"[^>]*>\s*(?:<[^>]+>)*\s*([^<]+)',
            self.html,
        )
        return next(value for value, label in made if words in label)

    def ref(self, words):
        """What lies on the table under these words, as a list of the page offers it."""
        offered = re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)', self.html)
        return next(value for value, label in offered if words in label)


def line(ident):
    return next(one for one in LINES if one.get("id") == ident or one.get("statement") == ident)


def written_up(client, couple):
    """What the worked session's notes say, card by card; who was first spoke first."""
    goals = {}
    for suffix, goal in zip(("", "_2", "_3"), HEADER["goals"], strict=True):
        goals[f"category{suffix}"] = goal["category"]
        goals[f"goal{suffix}"] = goal["wording"]
    opened = client.post(
        reverse("write_up"),
        {
            "who": f"{couple.pk}:both",
            "held_on": "2025-03-13",
            "held_minutes": "70",
            "first": HEADER["first_speaker"],
            "format": "after-withdrawal",
            "intention": HEADER["joint_intention"],
            **goals,
        },
    )
    assert opened.status_code == 302
    sheet = Sheet(client, opened["Location"])

    said(sheet, "S1", back="on", meant=LINES[18]["meant"])
    validated(sheet, "V1", "I went quiet for three days")
    said(sheet, "S2", back="on", need="space")
    feared(sheet)
    said(sheet, "S3", back="on", meant=LINES[37]["meant"])
    validated(sheet, "V3", "lonely and frightened")
    said(sheet, "S4", back="on")
    sheet.fill("retreat_purpose_acknowledged", by="A", text=LINES[53]["text"])

    needed(sheet, "N1", back="on")
    needed(sheet, "N2", back="on")
    needed(sheet, "N3")
    needed(sheet, "N4", shared="on")

    for ident in ("O1", "O2", "O3"):
        sheet.fill("option_added", by=line(ident)["by"], text=line(ident)["text"])
    agreed(sheet)

    closed(sheet)
    sign = HEADER["exit_strategy"]
    sheet.fill("end", next_at="2025-03-27T18:00", sign=sign["sign"], return_sentence=sign["return_sentence"])
    return sheet


def said(sheet, ident, **more):
    one = line(ident)
    sheet.fill("statement", by=one["by"], text=one["text"], feelings=", ".join(one["feelings"]), **more)


def validated(sheet, ident, about):
    one = line(ident)
    more = {"newly_voiced": "on"} if one.get("newly_voiced") else {}
    sheet.fill("validation_given", by=one["by"], of=sheet.ref(about), text=one["text"], **more)


def feared(sheet):
    offered = line("F1")
    sheet.fill("fear_offered", to="B", wording=offered["wording"])
    answer = LINES[29]
    fear = sheet.ref(offered["wording"][:40])
    sheet.fill("fear_answered", by="B", fear=fear, answer=answer["answer"], own_words=answer["own_words"])
    validated(sheet, "V2", offered["wording"][:40])


def needed(sheet, ident, **more):
    one = line(ident)
    quoted = {"text": one["text"], "feelings": ", ".join(one["feelings"])} if "text" in one else {}
    sheet.fill("need_named", by=one["by"], need=one["need"], **quoted, **more)


def agreed(sheet):
    draft = line("AG1")
    tasks = {f"part_{task['who'].lower()}": task["what"] for task in draft["who_does_what"]}
    options = [
        sheet.choice("compromise_drafted", "options", line(o)["text"][:30]) for o in draft["from_options"]
    ]
    serves = [sheet.choice("compromise_drafted", "serves", line(n)["need"]) for n in draft["serves"]]
    more = {name: draft[name] for name in ("trial_until", "if_not_working") if name in draft}

    sheet.fill(
        "compromise_drafted",
        text=draft["text"],
        look_again_on=draft["look_again_on"],
        options=options,
        serves=serves,
        confirmed=["A", "B"],
        **tasks,
        **more,
    )


def closed(sheet):
    views = [one for one in LINES if one.get("kind") == "goal_viewed"]
    kept = [one["milestone"] for one in LINES[93]["milestones"]]
    sheet.fill("closing", milestones=kept, **{f"goal_{v['goal']}_{v['by']}": v["view"] for v in views})


def house():
    """Ines with Mara and Teo, each with their card."""
    file = load(WORKED)
    couple, user = import_export.throw_away(file)
    both = couples.partners_of(couple.pk)
    return file, House(user.practice, user, couple, both["A"], both["B"])


def opening(who, **more):
    goals = {"category": "feelings", "category_2": "needs", "category_3": "compromises"}
    return {"who": who, "held_on": "2025-03-13", "format": "first-talk", "first": "A", **goals, **more}


def plain(value):
    """A context as names, numbers and texts."""
    return dataclasses.asdict(value)


def test_the_worked_session_written_up_by_hand_reads_as_its_replay_does():
    file, ines = house()
    replayed = import_export.bring_in(file, couple=ines.couple, facilitator=ines.facilitator)

    with time_machine.travel(AFTERWARDS, tick=False) as moving:
        client = ines.client()
        sheet = written_up(client, ines.couple)
        moving.shift(timedelta(minutes=5))

    written = Session.objects.unscoped("a test looks").get(held_on__isnull=False)
    assert sheet.went_to == reverse("written", args=[written.pk])
    assert written.state == "ended"
    assert written.held_on.isoformat() == "2025-03-13"
    assert written.held_minutes == 70

    by_clock = plain(JointSummary.of(Look(replayed, "F").material("both")))
    by_hand = plain(JointSummary.of(Look(written, "F").material("both")))
    # Dropped: how long they talked and rested, which nobody timed. It says so instead, with the length remembered.
    assert by_clock.pop("length").startswith("talked")
    assert by_hand.pop("length") == "written up afterwards, not timed · about 70 minutes"
    # A yes is *aloud* where the facilitator entered it: at the worked session each pressed it on their own page.
    for agreement in by_hand["agreements"]:
        assert {yes.pop("aloud") for yes in agreement["confirmed"]} == {True}
    for agreement in by_clock["agreements"]:
        assert {yes.pop("aloud") for yes in agreement["confirmed"]} == {False}
    assert by_hand == by_clock

    numbers = figures(plan_of(written), moment_rows.read(written.pk)[0])
    assert not [name for name in keys_of(numbers) if name.endswith("_s")]
    assert numbers["checks"]["confirmed"] == 6
    assert numbers["ended_how"] == "completed"
    print(f"cards sent for the whole worked session: {sheet.presses}")


def keys_of(value):
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from keys_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from keys_of(one)


def test_a_short_write_up_is_five_cards_from_home_to_the_sheet():
    _file, ines = house()

    with time_machine.travel(AFTERWARDS, tick=False):
        client = ines.client()
        page = client.get(reverse("write_up")).content.decode()
        who = re.search(r'<option value="([^"]+:both)"', page).group(1)
        body = opening(who, held_on="2025-03-12", goal="To listen.")
        sheet = Sheet(client, client.post(reverse("write_up"), body)["Location"])

        sheet.fill("statement", by="A", text="I was tired.", back="on")
        sheet.fill("statement", by="B", feelings="glad", back="on")
        sheet.fill(
            "compromise_drafted",
            text="A walk on Sunday.",
            who="both",
            look_again_on="2025-03-26",
            confirmed=["A", "B"],
        )
        sheet.fill("end", next_at="2025-03-26T18:00", line="Go gently.")
        page = client.get(sheet.went_to, follow=True)
        assert page.status_code == 200

    session = Session.objects.unscoped("a test looks").get()
    record = FacilitatorRecord.of(gather(session, "F").material)
    assert record.span == "written up afterwards, not timed"
    assert record.times is None
    assert record.chart is None
    assert record.airtime == ""
    assert record.pauses is None
    assert record.agreements[0].text == "A walk on Sunday."

    door = DoorSheet.of(gather(session, "room").material)
    assert door.day == "12 March 2025"
    assert door.line == "Go gently."
    assert door.written_up.startswith("written up afterwards, not timed")
    assert door.next_meeting

    assert sheet.presses == 4


def test_a_couple_that_may_not_meet_is_not_written_up_and_nothing_is_kept():
    _file, ines = house()
    talked(ines.facilitator, ines.b, at=AFTERWARDS, outcome=Screening.Outcome.NOT_TOGETHER)

    with time_machine.travel(AFTERWARDS + timedelta(minutes=1), tick=False):
        answer = ines.client().post(reverse("write_up"), opening(f"{ines.couple.pk}:both"))

    assert answer.status_code == 422
    assert not Session.objects.unscoped("a test looks").exists()
    assert Consent.objects.unscoped("a test looks").exists()


def test_nobody_said_yes_to_an_agreement_before_somebody_ticks_it():
    _file, ines = house()

    with time_machine.travel(AFTERWARDS, tick=False):
        client = ines.client()
        sheet = Sheet(client, client.post(reverse("write_up"), opening(f"{ines.couple.pk}:both"))["Location"])

        sheet.fill("compromise_drafted", text="A walk on Sunday.", look_again_on="2025-03-26")
        session = Session.objects.unscoped("a test looks").get()
        moments = moment_rows.read(session.pk)[0]
        assert [one.kind for one in moments][-1] == "compromise_drafted"

        sheet.fill("compromise_drafted", text="A call.", look_again_on="2025-03-26", confirmed=["B"])

    moments = moment_rows.read(session.pk)[0]
    assert [one.by for one in moments if one.kind == "agreement_confirmed"] == ["B"]


def test_opened_twice_with_one_press_it_is_one_write_up_and_a_new_page_is_another():
    _file, ines = house()
    with time_machine.travel(AFTERWARDS, tick=False):
        client = ines.client()

        def new_page():
            html = client.get(reverse("write_up")).content.decode()
            return {"key": re.search(r'name="key" value="([^"]+)"', html).group(1)}

        body = opening(f"{ines.couple.pk}:both", **new_page())
        first = client.post(reverse("write_up"), body)["Location"]
        second = client.post(reverse("write_up"), body)["Location"]
        assert first == second
        assert Session.objects.unscoped("a test looks").count() == 1

        # What has to be put right keeps its key.
        late = client.post(reverse("write_up"), {**body, "held_on": "2026-01-01"})
        assert late.status_code == 422
        assert f'name="key" value="{body["key"]}"' in late.content.decode()

        assert client.post(reverse("write_up"), body | new_page())["Location"] != first

    assert Session.objects.unscoped("a test looks").count() == 2


@pytest.mark.parametrize(
    ("zone", "next_at"),
    [
        ("America/New_York", "9999-12-31T23:59"),
        ("Asia/Tokyo", "0001-01-01T00:00"),
        ("Asia/Tokyo", "2028-03-13T18:00"),
    ],
)
def test_a_next_meeting_that_is_too_far_away_comes_back_with_what_was_typed(zone, next_at):
    _file, ines = house()
    ines.couple.zone = zone
    ines.couple.save(update_fields=["zone"])

    with time_machine.travel(AFTERWARDS, tick=False):
        client = ines.client()
        url = client.post(reverse("write_up"), opening(f"{ines.couple.pk}:both"))["Location"]
        session = Session.objects.unscoped("a test looks").get()

        end = {"kind": "end", "key": "one", "next_at": next_at, "line": "Go gently."}
        answer = client.post(reverse("write_down", args=[session.pk]), end)

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "within two years" in page
        assert f'value="{next_at}"' in page
        assert 'value="Go gently."' in page
        session.refresh_from_db()
        assert session.state == "running"

        # A day that has been meanwhile is as good as one to come: it followed the day they met.
        sheet = Sheet(client, url)
        sheet.fill("end", next_at="2025-03-14T18:00")

    session.refresh_from_db()
    assert session.state == "ended"


def test_the_same_card_sent_twice_stands_there_once():
    _file, ines = house()

    with time_machine.travel(AFTERWARDS, tick=False):
        client = ines.client()
        body = opening(f"{ines.couple.pk}:both")
        url = client.post(reverse("write_up"), body)["Location"]
        session = Session.objects.unscoped("a test looks").get()

        card = {"kind": "statement", "key": "one", "by": "A", "text": "I was tired.", "back": "on"}
        for _ in range(2):
            assert client.post(reverse("write_down", args=[session.pk]), card)["Location"] == url

    moments, _last = moment_rows.read(session.pk)
    assert [one.kind for one in moments].count("statement") == 1
    assert [one.kind for one in moments].count("reflection_confirmed") == 1


def test_written_up_with_one_alone_the_format_follows_by_itself(fay):
    page = fay.client()

    with time_machine.travel(AFTERWARDS, tick=False):
        answer = page.post(reverse("write_up"), opening(f"{fay.couple.pk}:A"))

    assert answer.status_code == 302
    made = Session.objects.visible_to(fay.viewer).get()
    assert made.format_code == "one-to-one"
    assert plan_of(made).with_ == "A"
