"""Reminders come at the hour somebody chose, in the place where they are, whatever the clocks there do."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.rituals.cadence import (
    APART,
    DAY,
    Hours,
    Occurrence,
    Rule,
    UnknownZone,
    closes_at,
    instant,
    local_date,
    may_reach,
    next_occurrence,
    opens_at,
    zone,
    zone_names,
)
from tests.thorough import TIMES

SPRING = date(2026, 3, 20)
AUTUMN = date(2026, 10, 18)


def utc(*when):
    return datetime(*when, tzinfo=UTC)


def midnight(day):
    """The day's first instant in UTC: where a list of days begins, whatever the zone of the rule."""
    return datetime.combine(day, time(0), tzinfo=UTC)


def wall(at, name):
    """What the clock on the wall shows there."""
    return at.astimezone(zone(name)).replace(tzinfo=None)


def one_after_another(rule, *, after, until):
    """As the house finds them: each time the next one after the last instant."""
    found = next_occurrence(rule, after)
    while found.due_at <= until:
        yield found
        found = next_occurrence(rule, found.due_at)


def days_of(rule, start, days=21):
    begin = midnight(start)
    return list(one_after_another(rule, after=begin, until=begin + timedelta(days=days)))


# What the clocks do


RULES = {
    "daily": {},
    "weekdays": {"weekdays": frozenset(range(5))},
    "saturdays": {"weekdays": frozenset({5})},
    "every two days": {"every_n_days": 2},
    "fortnightly": {"every_n_days": 14},
}


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "Europe/London",
        "America/New_York",
        "Africa/Casablanca",
        "Asia/Beirut",
        "America/Santiago",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
    ],
)
@pytest.mark.parametrize("start", [SPRING, AUTUMN])
@pytest.mark.parametrize("rule_kind", RULES)
def test_an_evening_ritual_keeps_its_wall_clock_hour_through_march_and_october(name, start, rule_kind):
    rule = Rule(time(20, 15), name, start, **RULES[rule_kind])

    found = days_of(rule, start)

    expected = [start + n * DAY for n in range(21) if rule.falls_on(start + n * DAY)]
    kept = [each.local_date for each in found if expected[0] <= each.local_date <= expected[-1]]
    assert kept == expected[: len(kept)]
    assert len(kept) >= len(expected) - 1
    assert {wall(each.due_at, name).time() for each in found} == {time(20, 15)}


@pytest.mark.parametrize(
    ("name", "day", "at", "shown"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T03:00:00"),
        ("Europe/London", date(2026, 3, 29), time(1, 0), "2026-03-29T02:00:00"),
        ("America/New_York", date(2026, 3, 8), time(2, 59), "2026-03-08T03:00:00"),
        ("Asia/Beirut", date(2026, 3, 29), time(0, 15), "2026-03-29T01:00:00"),
        ("America/Santiago", date(2026, 9, 6), time(0, 30), "2026-09-06T01:00:00"),
        ("America/Asuncion", date(2023, 10, 1), time(0, 0), "2023-10-01T01:00:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-04T02:30:00"),
        ("America/Nuuk", date(2026, 3, 28), time(23, 30), "2026-03-29T00:00:00"),
    ],
)
def test_a_time_that_does_not_exist_becomes_the_first_instant_after_the_gap(name, day, at, shown):
    assert wall(instant(day, at, zone(name)), name).isoformat() == shown


@pytest.mark.parametrize(
    ("name", "day", "at", "due"),
    [
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
        ("America/New_York", date(2026, 11, 1), time(1, 15), utc(2026, 11, 1, 5, 15)),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), utc(2026, 4, 4, 14, 45)),
        ("Asia/Beirut", date(2026, 10, 24), time(23, 30), utc(2026, 10, 24, 20, 30)),
    ],
)
def test_a_time_that_comes_twice_is_taken_once_and_the_first_time(name, day, at, due):
    rule = Rule(at, name, day)

    around = one_after_another(rule, after=due - DAY, until=due + DAY)

    assert [each for each in around if each.local_date == day] == [Occurrence(day, 0, due)]


def test_a_date_keeps_its_own_reminder_even_if_the_gap_moves_it_past_midnight():
    rule = Rule(time(23, 30), "America/Nuuk", date(2026, 3, 27))

    found = list(one_after_another(rule, after=utc(2026, 3, 27, 12), until=utc(2026, 3, 30, 12)))

    assert [each.local_date.day for each in found] == [27, 28, 29]
    assert wall(found[1].due_at, "America/Nuuk").isoformat() == "2026-03-29T00:00:00"


def test_a_date_that_a_country_skipped_is_skipped():
    rule = Rule(time(9), "Pacific/Apia", date(2011, 12, 28))

    found = one_after_another(rule, after=utc(2011, 12, 28), until=utc(2012, 1, 1, 12))

    assert [each.local_date for each in found] == [
        date(2011, 12, 28),
        date(2011, 12, 29),
        date(2011, 12, 31),
        date(2012, 1, 1),
    ]


# Zones


def test_the_newest_rules_of_the_clock_database_are_used_not_those_of_the_machine():
    assert instant(date(2026, 12, 1), time(9), zone("America/Vancouver")) == utc(2026, 12, 1, 16)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "CEST", "../etc/passwd", "europe/berlin", "Europe"])
def test_an_unknown_zone_is_told_at_once(name):
    with pytest.raises(UnknownZone):
        Rule(time(9), name, SPRING)


def test_an_old_name_of_a_zone_gives_the_same_days():
    old = Rule(time(9), "Europe/Kiev", AUTUMN)
    new = Rule(time(9), "Europe/Kyiv", AUTUMN)

    assert days_of(old, AUTUMN) == days_of(new, AUTUMN)


def test_a_date_is_the_one_of_the_place():
    late_in_lisbon = utc(2026, 3, 10, 23)

    assert local_date(late_in_lisbon, "Europe/Lisbon") == date(2026, 3, 10)
    assert local_date(late_in_lisbon, "Europe/Berlin") == date(2026, 3, 11)


# Rules


@pytest.mark.parametrize(
    "facts",
    [
        {"weekdays": frozenset()},
        {"weekdays": frozenset({7})},
        {"every_n_days": -1},
        {"local_time": time(9, tzinfo=UTC)},
    ],
)
def test_a_rule_that_never_comes_round_is_no_rule(facts):
    sound = {"local_time": time(9), "zone": "Europe/Berlin", "start_on": SPRING}

    with pytest.raises(ValueError):
        Rule(**(sound | facts))


def test_the_interval_is_the_shortest_distance_between_two_days():
    daily = Rule(time(9), "Europe/Berlin", SPRING)
    weekly = Rule(time(9), "Europe/Berlin", SPRING, weekdays=frozenset({5}))
    mondays_and_fridays = Rule(time(9), "Europe/Berlin", SPRING, weekdays=frozenset({0, 4}))

    assert daily.interval == DAY
    assert weekly.interval == 7 * DAY
    assert mondays_and_fridays.interval == 3 * DAY


def test_grace_is_ninety_minutes_or_a_quarter_of_the_interval():
    daily = Rule(time(9), "Europe/Berlin", SPRING)
    weekly = Rule(time(9), "Europe/Berlin", SPRING, weekdays=frozenset({5}))

    assert daily.grace == timedelta(minutes=90)
    assert weekly.grace == timedelta(minutes=90)


# Moving from zone to zone


def test_flying_west_over_the_date_line_the_same_date_does_not_come_twice():
    in_auckland = next_occurrence(Rule(time(9), "Pacific/Auckland", date(2026, 6, 1)), utc(2026, 6, 9, 12))
    assert in_auckland.local_date == date(2026, 6, 10)

    in_honolulu = Rule(time(9), "Pacific/Honolulu", date(2026, 6, 1))
    after = next_occurrence(in_honolulu, in_auckland.due_at, in_auckland)

    assert after == Occurrence(date(2026, 6, 11), 0, utc(2026, 6, 11, 19))


def test_flying_east_two_reminders_stay_eighteen_hours_apart():
    in_honolulu = Occurrence(date(2026, 6, 10), 0, utc(2026, 6, 10, 19))
    in_auckland = Rule(time(9), "Pacific/Auckland", date(2026, 6, 1))

    after = next_occurrence(in_auckland, in_honolulu.due_at, in_honolulu)

    assert after.local_date == date(2026, 6, 12)
    assert after.due_at - in_honolulu.due_at >= APART


# Any zone, any hour, any day


zones = st.sampled_from(sorted(zone_names()))
times = st.times(min_value=time(0), max_value=time(23, 59)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
days = st.dates(date(2026, 1, 1), date(2028, 12, 1))


@given(name=zones, at=times, start=days)
@settings(max_examples=50 * TIMES, deadline=None)
def test_each_local_date_has_one_reminder_and_none_goes_backwards(name, at, start):
    found = days_of(Rule(at, name, start), start, days=120)

    dates = [each.local_date for each in found]
    assert dates == [dates[0] + n * DAY for n in range(len(dates))]
    assert all(later.due_at - sooner.due_at >= APART for sooner, later in pairwise(found))
    assert all(wall(each.due_at, name) >= datetime.combine(each.local_date, at) for each in found)


@given(name=zones, at=times, start=days, step=st.integers(1, 30), hours=st.integers(0, 24 * 40))
@settings(max_examples=50 * TIMES, deadline=None)
def test_the_next_one_is_the_soonest_of_all_days_written_out(name, at, start, step, hours):
    rule = Rule(at, name, start, every_n_days=step)
    after = midnight(start) + timedelta(hours=hours)
    place = zone(name)

    # Every date of the rule near that instant, with no thought given to where to begin.
    near = [start + n * DAY for n in range(90) if n % step == 0]
    there_are = [day for day in near if instant(day, time(0), place).astimezone(place).date() == day]
    due = [Occurrence(day, 0, instant(day, at, place)) for day in there_are]

    assert next_occurrence(rule, after) == next(each for each in due if each.due_at > after)


@given(name=zones, at=times, day=days)
@settings(max_examples=50 * TIMES, deadline=None)
def test_an_instant_is_the_first_second_that_shows_the_time_or_later(name, at, day):
    place = zone(name)
    asked = datetime.combine(day, at)

    due = instant(day, at, place)

    assert wall(due, name) >= asked
    assert wall(due - timedelta(seconds=1), name) < asked


@given(first=zones, second=zones, at=times, start=days)
@settings(max_examples=40 * TIMES, deadline=None)
def test_moving_house_gives_no_date_twice_and_no_two_within_eighteen_hours(first, second, at, start):
    here = next_occurrence(Rule(at, first, start), midnight(start))

    there = next_occurrence(Rule(at, second, start), here.due_at, here)

    assert there.local_date > here.local_date
    assert there.due_at - here.due_at >= APART


# Hours at which somebody may be reached


DAYTIME = Hours()
NIGHT = Hours(time(20), time(6))
NEVER = Hours(time(9), time(9))


@pytest.mark.parametrize(
    ("hours", "at", "fine"),
    [
        (DAYTIME, (8, 0), True),
        (DAYTIME, (7, 59), False),
        (DAYTIME, (20, 59), True),
        (DAYTIME, (21, 0), False),
        (NIGHT, (23, 59), True),
        (NIGHT, (0, 0), True),
        (NIGHT, (5, 59), True),
        (NIGHT, (6, 0), False),
        (NIGHT, (12, 0), False),
        (NEVER, (9, 0), False),
        (NEVER, (15, 0), False),
    ],
)
def test_a_message_comes_only_in_somebodys_own_hours(hours, at, fine):
    local = datetime(2026, 7, 1, *at, tzinfo=ZoneInfo("Asia/Kolkata"))

    assert may_reach(hours, "Asia/Kolkata", local.astimezone(UTC)) is fine


def test_hours_that_cross_midnight_are_one_window():
    late = datetime(2026, 7, 1, 23, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    after_midnight = late + timedelta(hours=3)

    assert closes_at(NIGHT, "Europe/Berlin", late) == utc(2026, 7, 2, 4, 0)
    assert closes_at(NIGHT, "Europe/Berlin", after_midnight) == utc(2026, 7, 2, 4, 0)


def test_hours_of_no_length_never_open_and_close_at_once():
    late = datetime(2026, 7, 1, 23, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert closes_at(NEVER, "Europe/Berlin", late) == late
    assert opens_at(NEVER, "Europe/Berlin", late) is None


@given(name=zones, opens=times, closes=times, day=days, minute=st.integers(0, 1439))
@settings(max_examples=60 * TIMES, deadline=None)
def test_hours_end_when_they_say_so(name, opens, closes, day, minute):
    at = midnight(day) + timedelta(minutes=minute)
    hours = Hours(opens, closes)

    end = closes_at(hours, name, at)

    assert (end == at) is not may_reach(hours, name, at)
    if end > at:
        assert may_reach(hours, name, end - timedelta(seconds=1))
