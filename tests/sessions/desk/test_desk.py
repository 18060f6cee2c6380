"""The desk as a facilitator holds it: every press it offers is taken, nothing typed is lost, one state is one tag."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from sessions.engine import clock
from sessions.models import Line, Moment
from sessions.record import conduct, moment_rows
from sessions.record.planning import plan_of
from tests.cast import signed_in
from tests.sessions.desk.pressed import START, Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def traveller():
    with time_machine.travel(START, tick=False) as moving:
        yield moving


@pytest.fixture
def desk(fay, traveller):
    return Desk(fay, traveller)


@pytest.mark.both
def test_a_whole_hour_at_the_desk_with_nothing_but_what_stands_on_the_page(desk):
    heard = {"heard": ["feeling", "reason"]}

    desk.begun().press("ground_rules_confirmed")
    desk.press("phase_started", wait=300).press("phase_started", wait=90)
    desk.press("turn_started").press("turn_started").press("phase_started", wait=240)

    # Ana is heard at the second try, Ben at the first.
    desk.press("statement", text="I sat in the car for a while.", feelings="sad, tired", _by="A")
    desk.press("check_opened").press("reflection_given", **heard)
    desk.press("reflection_corrected", meant="More tired than sad.").press("reflection_given", **heard)
    desk.press("reflection_confirmed")
    desk.press("brief_pause_called").press("resumed").press("phase_started", wait=240)
    desk.press("statement", text="I did not know.", _by="B").press("check_opened")
    desk.press("reflection_given", **heard).press("reflection_confirmed")

    # A talk with each, needs, options, an agreement.
    desk.press("caucus_started").press("caucus_switched").press("caucus_ended").press("resumed")
    desk.press("need_named", need="space", _by="A").press("voice_returned").press("quiet_started")
    desk.press("phase_started", wait=120).press("phase_started", wait=120)
    desk.press("option_added", text="A sentence and a time.", _by="A")
    desk.press("idea_parked", text="The garden.").press("note", text="Softer today.")
    desk.press("compromise_drafted", text="A sentence and a time.", who="both", look_again_on="2026-03-20")
    desk.press("agreement_confirmed", "A").press("agreement_confirmed", "B").press("minutes_added")

    desk.press("cool_down_called")
    desk.press("ready_again", "A", wait=1200).press("ready_again", "B").press("resumed")

    assert desk.refused == []

    desk.press("phase_started", wait=60).press("session_ended", wait=60)

    assert desk.again().state == "ended"
    assert moment_rows.verify(desk.again()) == []
    assert desk.kinds().count("phase_finished") == desk.kinds().count("phase_started") == 8
    moments, _last = moment_rows.read(desk.session.pk)
    assert clock.read(plan_of(desk.again()), moments, desk_now()).ended_how == "completed"
    assert desk.refused == []


def to_state(desk, state):
    ways = {
        "ready": [],
        "gathering": [("arrived", "A")],
        "running": [("arrived", "A"), ("arrived", "B"), ("session_started", "")],
    }
    more = {
        "checking": [("statement", None), ("check_opened", None)],
        "answering": [("statement", None), ("check_opened", None), ("reflection_given", None)],
        "drafted": [("compromise_drafted", None)],
        "brief_pause": [("brief_pause_called", "")],
        "cooling_down": [("cool_down_called", "")],
        "caucus": [("caucus_started", "")],
        "ended": [("stopped", "")],
    }
    typed = {
        "statement": {"text": "I waited.", "_by": "A"},
        "reflection_given": {"heard": ["feeling", "reason"]},
        "compromise_drafted": {"text": "A time.", "who": "both", "look_again_on": "2026-03-20"},
    }
    for kind, by in ways.get(state, ways["running"]) + more.get(state, []):
        desk.press(kind, by, **typed.get(kind, {}))
        assert desk.answer.status_code == 302, (state, kind)
    return desk


STATES = [
    "ready",
    "gathering",
    "running",
    "checking",
    "answering",
    "drafted",
    "brief_pause",
    "cooling_down",
    "caucus",
]
TYPED = {
    "statement": {"text": "A word.", "_by": "B"},
    "need_named": {"need": "space", "_by": "B"},
    "option_added": {"text": "A way.", "_by": "B"},
    "compromise_drafted": {"text": "A way.", "who": "both", "look_again_on": "2026-03-21"},
    "idea_parked": {"text": "Later."},
    "note": {"text": "A sigh."},
    "reflection_given": {"heard": ["feeling", "reason"]},
    "bridge_given": {"feelings": "sad", "reason": "it was long"},
}


@pytest.mark.parametrize("state", STATES)
def test_every_press_on_the_page_is_taken_or_asks_for_a_reason(fay, traveller, state):
    """Form errors would mean that the page offers what the desk does not understand."""
    desk = to_state(Desk(fay, traveller), state)
    offered = desk.offers()
    assert len(offered) >= 3

    met = {
        (kind, by, place): desk.tried(form, **TYPED.get(kind, {}))[0]
        for place, (kind, by, form) in enumerate(offered)
    }

    resting = {("resumed", ""): 409} if state == "cooling_down" else {}
    assert {k: v for k, v in met.items() if v != resting.get(k[:2], 302)} == {}


def test_an_ended_session_offers_no_press(desk):
    assert to_state(desk, "ended").offers() == []
    assert reverse("session", args=[desk.session.pk]) in desk.html


@pytest.mark.parametrize("state", ["running", "brief_pause"])
def test_begin_and_next_write_what_goes_with_them_at_one_instant(desk, state):
    desk.begun()

    rows = (
        Moment.objects.unscoped("a test looks")
        .filter(session=desk.session, part="command")
        .order_by("number")
    )
    assert [(m.kind, m.at) for m in rows][-2:] == [
        ("session_started", rows.last().at),
        ("phase_started", rows.last().at),
    ]

    desk.press("ground_rules_confirmed").press("phase_started")

    assert [(m.kind, m.at) for m in rows.all()][-2:] == [
        ("phase_finished", desk_now()),
        ("phase_started", desk_now()),
    ]
    assert desk.again().phase_number == 2


def desk_now():
    return datetime.now(UTC)


@pytest.mark.parametrize("kind", ["session_started", "phase_started", "session_ended", "statement", "note"])
def test_the_same_press_sent_twice_counts_once(desk, kind):
    if kind == "session_started":
        desk.press("arrived", "A").press("arrived", "B").press("session_started")
    else:
        desk.begun().press("ground_rules_confirmed")
        if kind == "session_ended":
            while desk.again().phase_number < 8:
                desk.press("phase_started")
        desk.press(kind, **TYPED.get(kind, {}))

    before = (desk.kinds(), desk.again().state)
    desk.traveller.shift(timedelta(seconds=3))

    again = desk.client.post(reverse("command", args=[desk.session.pk]), desk.body)

    assert again.status_code == 302
    assert (desk.kinds(), desk.again().state) == before


def test_a_card_that_is_not_well_formed_comes_back_with_what_was_typed(desk):
    desk.begun()

    desk.press("compromise_drafted", text="A sentence & a time.", who="both", look_again_on="someday")

    assert desk.answer.status_code == 422
    assert "A sentence &amp; a time." in desk.html
    assert desk.kinds()[-1] == "phase_started"


WORDS = "Half a sentence, kept."
KEPT = [
    ("running", "statement", {"text": WORDS, "_by": "B"}),
    ("running", "option_added", {"text": WORDS, "_by": "A"}),
    ("running", "note", {"text": WORDS}),
    ("running", "idea_parked", {"text": WORDS}),
    ("checking", "reflection_given", {"text": WORDS, "heard": ["feeling"]}),
    ("answering", "reflection_corrected", {"meant": WORDS}),
]


@pytest.mark.parametrize(("state", "kind", "typed"), KEPT, ids=[kind for _, kind, _ in KEPT])
def test_a_page_that_says_not_yet_keeps_what_was_typed(desk, state, kind, typed):
    to_state(desk, state)

    desk.press(kind, **typed, voice="nobody")

    assert desk.answer.status_code == 422
    form = next(form for k, _by, form in desk.offers() if k == kind)
    assert WORDS in [value for _name, value, chosen in form.fields if chosen]

    desk.send(form)
    if desk.answer.status_code == 409:
        desk.with_a_reason()

    assert desk.answer.status_code == 302
    words = [line.words for line in Line.objects.unscoped("a test looks").filter(session=desk.session)]
    assert WORDS in [word for one in words for word in one.values()]


def test_a_soft_no_goes_on_with_a_reason_which_only_the_team_can_read(desk):
    desk.begun().press("option_added", text="Shelves.", _by="A")
    assert desk.answer.status_code == 409
    before = desk.kinds()

    desk.with_a_reason()

    assert desk.kinds() == [*before, "option_added"]
    line = Line.objects.unscoped("a test looks").get(session=desk.session, kind=moment_rows.SET_ASIDE)
    assert (line.audience, line.owner_id) == ("FAC", None)
    assert line.words == {"reason": "both have listened, in other words"}


def test_absolute_guard_holds_with_a_reason_too(desk):
    desk.begun().press("cool_down_called")

    for override in ({}, {"override": "we agreed on it"}):
        desk.press("resumed", **override)
        assert desk.answer.status_code == 409
        assert "override" not in desk.html

    assert desk.again().state == "cooling_down"


def test_a_stale_press_shows_where_they_are_now(desk):
    desk.begun()
    form = next(form for kind, _by, form in desk.offers() if kind == "minutes_added")
    desk.press("minutes_added")
    other = [
        (name, "another-press" if name == "key" else value, chosen) for name, value, chosen in form.fields
    ]

    desk.send(SimpleNamespace(fields=other, buttons=form.buttons))

    assert desk.answer.status_code == 409
    assert "Something else happened meanwhile" in desk.html
    assert desk.kinds().count("minutes_added") == 1
    assert len(desk.offers()) > 5


@pytest.mark.parametrize(
    "posted",
    [
        {"kind": "minutes_added", "phase": "²", "minutes": "2"},
        {"kind": "minutes_added", "phase": "1", "minutes": "9" * 5000},
        {"kind": "minutes_added", "phase": "1"},
        {"kind": "statement", "by": "C", "text": "x"},
        {"kind": "arrived", "by": "X"},
        {"kind": "nonsense"},
        {"kind": ""},
        {"kind": "note", "text": "x", "key": ""},
        {"kind": "note", "text": "x", "key": "k" * 81},
        {"kind": "note", "text": "x\x00y"},
        {"kind": "note", "text": "x", "more": "y"},
        {"kind": "voice_returned", "voice": "Z"},
    ],
    ids=str,
)
def test_what_no_desk_would_post_is_malformed_and_changes_nothing(desk, posted):
    desk.begun()
    before = desk.kinds()

    answer = desk.client.post(
        reverse("command", args=[desk.session.pk]), {"key": "k1", "seen": "²", **posted}
    )

    assert answer.status_code == 422
    assert desk.kinds() == before


@pytest.mark.parametrize("seen", ["", "²", "-1", "9" * 5000, "x"])
def test_what_was_seen_is_a_number_or_nothing(desk, seen):
    desk.begun()
    posted = {"kind": "note", "text": "A sigh.", "key": "k1", "seen": seen}
    assert desk.client.post(reverse("command", args=[desk.session.pk]), posted).status_code == 302


# The fragment


def bare(html):
    return re.sub(rb'(name="csrfmiddlewaretoken" value=")\w+', rb"\1", html)


@pytest.mark.parametrize("state", [*STATES, "ended"])
def test_one_state_is_one_tag_and_the_same_bytes(fay, traveller, state):
    desk = to_state(Desk(fay, traveller), state)
    first = desk.fragment()

    traveller.shift(timedelta(seconds=7))

    second = desk.fragment()
    assert second["ETag"] == first["ETag"]
    assert bare(second.content) == bare(first.content)

    third = desk.fragment(first["ETag"])
    assert third.status_code == 304
    assert third.content == b""
    assert third["X-Now"] == desk_now().isoformat()


def test_the_tag_changes_with_a_press_and_when_a_part_runs_over(desk):
    desk.begun()
    first = desk.fragment()["ETag"]

    desk.press("statement", text="I waited.", _by="A")
    second = desk.fragment()["ETag"]
    desk.traveller.shift(timedelta(minutes=30))
    third = desk.fragment(second)

    assert len({first, second, third["ETag"]}) == 3
    assert third.status_code == 200
    assert b"This part has had its minutes" in third.content


def test_the_desk_stands_when_the_server_clock_steps_back(desk):
    desk.begun()

    desk.traveller.shift(timedelta(minutes=-10))

    assert desk.look().again().state == "running"
    assert desk.press("brief_pause_called", wait=0).again().state == "brief_pause"


def test_while_paused_the_minutes_to_go_stay_the_same(desk):
    desk.begun().press("brief_pause_called")
    ahead = re.search(r'data-to-go-s="(\d+)"', desk.html)[1]

    desk.traveller.shift(timedelta(minutes=4))

    assert re.search(r'data-to-go-s="(\d+)"', desk.look().html)[1] == ahead
    assert 60 * 60 > int(ahead) > 30 * 60


def test_settling_says_when_they_are_back_and_the_end_that_follows(desk):
    desk.begun().press("settling_called")

    assert ahead(desk) == {"back_at": "17:06", "ends": "18:06"}

    first = desk.fragment()
    desk.traveller.shift(timedelta(minutes=3, milliseconds=300))

    assert desk.fragment(first["ETag"]).status_code == 304
    assert ahead(desk.look()) == {"back_at": "17:06", "ends": "18:06"}


def ahead(desk):
    found = desk.page.context["status"]
    return {"back_at": f"{found.back_at:%H:%M}", "ends": f"{found.session_ends_at:%H:%M}"}


def test_a_no_to_an_idea_from_the_later_list_names_it_and_leaves_the_cards_alone(desk):
    desk.begun().press("idea_parked", text="A bench for two.")
    forms = [form for _kind, _by, form in desk.offers()]

    desk.send(next(form for form in forms if "later" in [name for name, *_ in form.fields]))

    assert desk.answer.status_code == 409
    assert "“A bench for two.”" in desk.html
    assert "Park it for later" not in desk.html
    assert 'id="card-option" name="capture" open' not in desk.html

    desk.with_a_reason()

    assert desk.kinds()[-1] == "option_added"
    assert "A bench for two." not in [idea.text for idea in desk.page.context["later"]]


def test_a_free_turn_names_whom_the_plan_lets_begin(desk):
    desk.begun().press("ground_rules_confirmed")
    while desk.page.context["status"].part.turn != "alternate":
        desk.press("phase_started")
        if desk.answer.status_code == 409:
            desk.with_a_reason()

    assert "free · Ana first" in desk.html


@pytest.mark.parametrize("name", ["desk", "desk_fragment", "session_file"])
def test_strangers_meet_no_desk(desk, oli, name):
    address = reverse(name, args=[desk.session.pk])
    press_at = reverse("command", args=[desk.session.pk])

    for client in (oli.client(), desk.house.partner_client("A"), oli.partner_client("A")):
        assert client.get(address).status_code == 404
        assert client.post(press_at, {"kind": "stopped", "key": "k"}).status_code == 404
    assert Client().get(address).status_code == 302
    assert desk.again().state == "ready"


def test_a_talk_with_one_is_held_at_the_same_desk(fay, traveller):
    desk = Desk(fay, traveller, code="one-to-one", with_="B")

    desk.press("arrived", "B").press("session_started")
    desk.press("statement", text="At home I cannot say it.", _by="B")

    assert desk.answer.status_code == 302
    assert plan_of(desk.again()).partners == ("B",)
    assert "is here" not in desk.html
    assert signed_in(fay.facilitator).get(reverse("couple", args=[fay.couple.pk])).status_code == 200
    assert conduct.looked_at(desk.again()).state.name == "running"
