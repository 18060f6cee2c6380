"""One hand at the desk: everything a partner may say can be entered, a rule says not yet kindly, a slip is undone."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from sessions.desk import refusals
from sessions.desk.other_commands import BY_CARD_ONLY
from sessions.engine.kinds import KINDS, PARTNERS
from sessions.engine.rules import TEXTS
from sessions.models import Line, Parting
from sessions.record import moment_rows
from tests.sessions.desk.pressed import START, Desk
from tests.world import drive

pytestmark = [pytest.mark.django_db]

ASKED = [
    ("A", "statement", {"id": "S1", "text": "I waited."}),
    ("F", "check_opened", {"id": "C1", "of": "S1", "listener": "B"}),
    ("B", "reflection_given", {"check": "C1", "heard": ["feeling", "reason"]}),
]
# Where a kind has its place: what was said before, and what is typed.
BEFORE = {
    "": [],
    "table": [
        *ASKED,
        ("A", "reflection_confirmed", {"check": "C1"}),
        ("F", "pace_asked", {}),
        ("A", "option_added", {"id": "O1", "text": "A walk."}),
        ("F", "redirect_offered", {"id": "R1", "to": "A", "suggestion": "I felt alone."}),
        ("F", "fear_offered", {"id": "F1", "to": "B", "wording": "I wonder whether it was too much."}),
        ("F", "extension_proposed", {"phase": 1, "minutes": 5}),
        ("F", "compromise_drafted", {"id": "G2", "text": "A time.", "look_again_on": "2026-03-20",
                                     "who_does_what": [{"who": "both", "what": "it"}]}),
    ],
    "reflect": ASKED[:2],
    "answer": ASKED,
    "cool": [("F", "cool_down_called", {})],
}  # fmt: skip
WORDS = {"text": "A word.", "need": "space", "feelings": "sad", "wish": "A walk.", "own_words": "Yes."}
WORDS |= {
    "suggestion": "x",
    "wording": "I wonder.",
    "temperature": "4",
    "minutes": "5",
    "return_in": "20",
    "heard": "all",
    "reason": "w",
}


def entered(desk, form, by):
    """What a hand would fill in: the words, and the first of every choice it has not made."""
    chosen_already = {name for name, _value, chosen in form.fields if chosen}

    typed = {}
    for name, value, _chosen in form.fields:
        if name in ("kind", "key", "seen", "csrfmiddlewaretoken", "line"):
            continue
        if name == "by":
            typed["_by"] = by
        elif name in WORDS and (name not in chosen_already or not value):
            typed[name] = WORDS[name]
        elif name not in chosen_already and name not in typed and value:
            typed[name] = value
    return typed


def test_each_kind_a_partner_may_post_can_be_posted_from_the_desk(fay):
    with time_machine.travel(START, tick=False) as traveller:
        posted = {}
        for name, before in BEFORE.items():
            desk = Desk(fay, traveller)
            if name:
                desk.begun()
                drive(fay, desk.session, before, at=START + timedelta(minutes=2))
                traveller.shift(timedelta(minutes=4))
            for kind, by, form in desk.look(more=True).offers():
                if kind in posted:
                    continue
                for slot in [by] if by in PARTNERS else PARTNERS:
                    if by in ("", "F") and "by" not in [field[0] for field in form.fields]:
                        continue
                    status, written = desk.tried(form, **entered(desk, form, slot))
                    if status == 302:
                        posted[kind] = written

    assert {kind for kind, known in KINDS.items() if set(known.by) & set(PARTNERS)} - set(posted) == {
        *BY_CARD_ONLY,
        # One press of the facilitator's for both.
        "ground_rules_confirmed",
        "check_set_aside",
        "idea_parked",
        # Asked for only where people are in two places.
        "connection_lost",
        "connection_back",
    }


@pytest.fixture
def traveller():
    with time_machine.travel(START, tick=False) as moving:
        yield moving


@pytest.fixture
def desk(fay, traveller):
    return Desk(fay, traveller)


def test_begin_marks_both_as_here(desk):
    desk.press("session_started")

    assert desk.kinds() == ["arrived", "arrived", "session_started", "phase_started"]


def test_one_press_hears_all_parts_of_any_kind_of_check(desk):
    desk.begun().press("statement", text="I need room.", _by="A")
    desk.press("check_opened", check_kind="wish").press("reflection_given")

    assert desk.kinds()[-1] == "reflection_given"
    assert lines(desk, "reflection_given") == []
    assert moments(desk, "reflection_given")[0].facts["heard"] == ["wish", "why"]


def test_what_was_meant_can_be_added_after_not_quite(desk):
    desk.begun().press("statement", text="I waited.", _by="A").press("check_opened").press("reflection_given")

    desk.press("reflection_corrected")

    assert desk.answer.status_code == 302

    desk.press("corrected", meant="More tired than sad.", problem="too_strong")

    assert desk.answer.status_code == 302
    [added] = lines(desk, "corrected")
    assert added.words == {"meant": "More tired than sad."}


def test_a_line_is_reworded_on_the_table(desk):
    desk.begun().press("need_named", need="space", wish="Ten minutes.", _by="B")

    desk.press("corrected", need="rest")

    assert "rest · Ten minutes." in desk.html
    assert "space · Ten minutes." not in desk.html


def test_an_idea_waits_on_the_later_list_and_becomes_an_option_by_one_press(desk):
    desk.begun().press("idea_parked", text="A walk.")

    assert "An option of Ana now" in desk.html

    desk.press("option_added", "B").with_a_reason()

    assert [line.words for line in lines(desk, "option_added")] == [{"text": "A walk."}]
    assert "An option of Ana now" not in desk.html


def test_an_option_before_both_were_heard_can_be_parked_instead(desk):
    desk.begun().press("option_added", text="A walk.", _by="B")

    assert desk.answer.status_code == 409
    assert "Not yet: each has first listened" in desk.html

    desk.press("idea_parked", "B")

    assert desk.kinds()[-1] == "idea_parked"
    assert [line.words for line in lines(desk, "idea_parked")] == [{"text": "A walk."}]


def test_a_reason_in_own_words_goes_on_too(desk):
    desk.begun().press("option_added", text="A walk.", _by="B")
    form = next(f for _k, _b, f in desk.offers() if any(b.get("name") == "override" for b in f.buttons))

    desk.send(form, button=("own_reason", "She asked me to write it down."))

    assert [line.words for line in lines(desk, "guard_set_aside")] == [
        {"reason": "She asked me to write it down."}
    ]


@pytest.mark.parametrize("wait", [3, 20])
def test_the_last_press_is_undone_whole_within_ten_seconds(desk, wait):
    desk.begun().press("ground_rules_confirmed").press("phase_started")

    desk.press("undone", wait=wait)

    if wait > 10:
        assert desk.answer.status_code == 422
        assert desk.again().phase_number == 2
        assert "ten seconds" in desk.html
    else:
        assert desk.kinds()[-2:] == ["undone", "undone"]
        assert desk.again().phase_number == 1


def test_a_cool_down_has_a_time_each_can_take_or_move(desk):
    desk.begun().press("cool_down_called", button=("return_in", "30"))

    assert moments(desk, "cool_down_called")[0].facts["return_at"] == "2026-03-10T17:32:00Z"

    desk.press("return_time_accepted", "A").press("need_longer", "B", button=("return_in", "20"))

    assert moments(desk, "need_longer")[0].facts["return_at"] == "2026-03-10T17:52:00Z"

    desk.press("ready_again", "A").press("ready_again", "B").press("resumed")

    assert desk.again().state == "running"


def test_a_cool_down_may_end_on_another_day(desk):
    desk.begun().press("cool_down_called").press("carried_over")

    assert desk.again().state == "wrapping_up"
    assert "Closing" in desk.html

    desk.press("phase_started")
    if desk.answer.status_code == 409:
        desk.with_a_reason()

    assert desk.again().phase_number == 8


def test_the_end_takes_a_sign_a_line_and_a_day_along(desk):
    desk.begun().press("ground_rules_confirmed")
    while desk.again().phase_number < 8:
        desk.press("phase_started")

    desk.press("session_ended", sign="open hand", line_for_both="Go gently.", next_at="2026-03-24T18:00")

    assert desk.again().state == "ended"
    assert moments(desk, "session_ended")[0].facts["next_session"] == "2026-03-24T18:00:00Z"
    parting = Parting.objects.unscoped("a test looks").get(session=desk.session)
    assert parting.sign == "open hand"
    assert parting.line == "Go gently."
    assert reverse("door_sheet", args=[desk.session.pk]) + "?print" in desk.html

    file = desk.client.get(reverse("session_file", args=[desk.session.pk])).content.decode()

    assert json.loads(file.splitlines()[0])["exit_strategy"]["sign"] == "open hand"


def test_a_day_nobody_can_read_changes_nothing_and_comes_back(desk):
    desk.begun().press("ground_rules_confirmed")
    while desk.again().phase_number < 8:
        desk.press("phase_started")

    desk.press("session_ended", sign="open hand", next_at="soon")

    assert desk.answer.status_code == 422
    assert desk.again().state == "running"
    assert 'value="open hand"' in desk.html
    assert not Parting.objects.unscoped("a test looks").exists()


def test_an_absolute_guard_says_what_can_be_done_and_never_go_on_anyway(desk):
    desk.begun().press("cool_down_called").press("resumed")

    assert desk.answer.status_code == 409
    assert str(refusals.INSTEAD["both_ready"]) in desk.html
    assert "Go on anyway" not in desk.html


def test_states_and_parts_are_named_in_words(desk):
    desk.begun()
    opened = {"kind": "return_time_accepted", "by": "A", "key": "k1", "return_at": "2026-03-10T18:00:00Z"}

    html = desk.client.post(reverse("command", args=[desk.session.pk]), opened).content.decode()

    assert "Just now the session is going on." in html

    waiting = {"kind": "phase_finished", "phase": "3", "key": "k2"}
    html = desk.client.post(reverse("command", args=[desk.session.pk]), waiting).content.decode()

    assert "Something I still value" in html
    assert "Phase 3" not in html


def test_what_the_desk_says_names_no_id_and_refuses_nobody():
    words = [*refusals.AT_THE_DESK.values(), *map(str, refusals.INSTEAD.values())]
    words += [text for code, text in TEXTS.items() if code not in refusals.AT_THE_DESK]

    assert [text for text in words if "refus" in text.lower()] == []
    assert [text for text in words if "%(id)s" in text or "%(line)s" in text] == []
    assert {*refusals.AT_THE_DESK, *refusals.INSTEAD, *refusals.NEARER} - {*TEXTS} == set()


def lines(desk, kind):
    found = Line.objects.unscoped("a test looks").filter(session=desk.session, kind=kind)
    return list(found.select_related("moment").order_by("moment__number"))


def moments(desk, kind):
    return [one for one in moment_rows.read(desk.session.pk)[0] if one.kind == kind]
