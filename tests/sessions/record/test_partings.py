"""The sign for a pause the two took home stays theirs until they take home another."""

from datetime import timedelta

import pytest

from facilitator.models import AuditEntry
from sessions.models import Parting
from sessions.record import partings, planning
from tests.world import START, planned

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def held(fay, weeks, **words):
    session = planned(fay, start=START + timedelta(weeks=weeks))
    partings.say(session, by="user:x", now=START, **words)
    return session


def test_an_ending_without_words_leaves_no_row_and_no_trace(fay):
    before = AuditEntry.objects.filter(action="parting words kept").count()
    session = held(fay, 0)

    partings.say(session, by="user:x", now=START, sign="", line="")

    assert not Parting.objects.unscoped("a test looks").filter(session=session).exists()
    assert AuditEntry.objects.filter(action="parting words kept").count() == before


def test_words_said_before_stay_when_none_come_and_go_when_they_are_emptied(fay):
    session = held(fay, 0, sign="A hand up", line="Go gently.")

    partings.say(session, by="user:x", now=START)
    partings.say(session, by="user:x", now=START, sign="")

    kept = Parting.objects.unscoped("a test looks").get(session=session)
    assert (kept.sign, kept.line) == ("", "Go gently.")


@pytest.mark.parametrize("later", [{}, {"line": "Go gently."}, {"return_sentence": "Only this."}])
def test_a_sign_outlives_endings_that_say_none(fay, later):
    held(fay, 0, sign="Two fingers", return_sentence="Here I am.")
    held(fay, 1, sign="A hand up", return_sentence="I am back.")

    for weeks in range(2, 9):
        held(fay, weeks, **later)

    assert partings.sign_of(fay.couple.pk) == ("A hand up", "I am back.")
    strategy = planning.plan_of(planned(fay, start=START + timedelta(weeks=9))).exit_strategy
    assert (strategy.sign, strategy.return_sentence) == ("A hand up", "I am back.")


def test_a_new_sign_comes_with_its_own_way_back(fay):
    held(fay, 0, sign="Two fingers", return_sentence="Here I am.")
    held(fay, 1, sign="A hand up")
    assert partings.sign_of(fay.couple.pk) == ("A hand up", "")


def test_nobody_takes_over_the_sign_of_another_couple(fay, oli):
    held(oli, 0, sign="A hand up", return_sentence="I am back.")
    assert partings.sign_of(fay.couple.pk) == ("", "")


def test_a_row_without_words_from_earlier_days_hides_no_sign(fay):
    held(fay, 0, sign="A hand up", return_sentence="I am back.")
    empty = planned(fay, start=START + timedelta(weeks=1))
    Parting.objects.create(session=empty, audience=empty.audience)
    assert partings.sign_of(fay.couple.pk) == ("A hand up", "I am back.")
