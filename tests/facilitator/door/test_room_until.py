"""The hour until which there is a room: later today, or tonight past midnight, where the couple lives."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from facilitator.door.forms import TodayForm

LISBON = "Europe/Lisbon"


def form(now, until, zone=LISBON):
    body = {
        "format": "first-talk",
        "length": "full",
        "first_speaker": "A",
        "meets": "both",
        "key": uuid.uuid4(),
    }
    return TodayForm({**body, "room_until": until}, people=[("A", "Ana"), ("B", "Ben")], zone=zone, now=now)


def at(text, zone=LISBON, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def until(now, hour, zone=LISBON):
    filled = form(now, hour, zone)
    assert filled.is_valid(), filled.errors
    return filled.facts()["room_until"].astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "hour", "then"),
    [
        ("2026-06-10T09:00", "18:00", "2026-06-10T18:00"),
        ("2026-06-10T15:00", "23:30", "2026-06-10T23:30"),
        ("2026-06-10T00:05", "23:59", "2026-06-10T23:59"),
        ("2026-06-10T22:30", "00:00", "2026-06-11T00:00"),
        ("2026-06-10T22:30", "00:45", "2026-06-11T00:45"),
        ("2026-06-10T16:00", "00:00", "2026-06-11T00:00"),
    ],
)
def test_an_hour_later_today_or_tonight_past_midnight(now, hour, then):
    assert until(at(now), hour) == at(then)


@pytest.mark.parametrize(
    ("now", "hour"),
    [
        ("2026-06-10T15:00", "14:59"),
        ("2026-06-10T15:00", "15:00"),
        ("2026-06-10T15:59", "00:00"),
        ("2026-06-10T09:00", "08:00"),
    ],
)
def test_an_hour_that_has_gone_by_is_said_kindly(now, hour):
    filled = form(at(now), hour)
    assert filled.errors == {"room_until": ["That hour has gone by for today."]}


@pytest.mark.parametrize(
    ("now", "fold", "hour", "then"),
    [
        # 29 March 2026: after 00:59 comes 02:00. 25 October: after 01:59 comes 01:00 once more.
        ("2026-03-29T00:30", 0, "18:00", "2026-03-29T17:00:00+00:00"),
        ("2026-03-29T00:30", 0, "01:30", "2026-03-29T01:30:00+00:00"),
        ("2026-03-28T18:30", 0, "02:15", "2026-03-29T01:15:00+00:00"),
        # Nine on the clock, eight hours long.
        ("2026-03-28T18:00", 0, "03:00", "2026-03-29T02:00:00+00:00"),
        ("2026-10-25T00:30", 0, "18:00", "2026-10-25T18:00:00+00:00"),
        ("2026-10-25T00:30", 0, "01:30", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T01:45", 0, "01:30", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T01:15", 1, "01:30", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T01:45", 1, "02:30", "2026-10-25T02:30:00+00:00"),
        ("2026-10-24T23:00", 0, "01:30", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_on_the_nights_on_which_the_clocks_change(now, fold, hour, then):
    assert until(at(now, fold=fold), hour) == datetime.fromisoformat(then)


def test_eight_hours_are_real_ones_when_the_clocks_go_back():
    assert not form(at("2026-10-24T18:30"), "02:30").is_valid()
    assert until(at("2026-10-24T19:30"), "02:30") == datetime.fromisoformat("2026-10-25T02:30:00+00:00")


def test_the_hour_is_one_where_the_couple_lives():
    evening = at("2026-06-10T20:00", "America/New_York")
    assert until(evening, "21:30", "America/New_York") == evening + timedelta(minutes=90)
    assert until(evening, "02:00") == evening + timedelta(hours=1)


@pytest.mark.parametrize("now", ["2026-03-29T00:30", "2026-10-25T00:30", "2026-06-10T10:00"])
def test_without_an_hour_it_is_the_talk_and_a_quarter_of_an_hour_also_when_the_clocks_change(now):
    filled = form(at(now), "")
    assert filled.is_valid()
    assert filled.facts()["room_until"] == at(now) + timedelta(minutes=filled.chosen.minutes + 15)
