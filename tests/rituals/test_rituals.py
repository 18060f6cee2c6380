"""Rituals by consent: two people must each say yes, a no is complete, and an answer is one's own."""

from datetime import date, time

import pytest

from clients.access import AsPartner
from clients.models import Casefile, Screening
from clients.rituals import rituals
from clients.rituals.models import FacilitatorRest, Response, ResponseNote, Ritual, RitualConsent, Told
from clients.rituals.portal import portal
from facilitator.errors import Refusal
from facilitator.models import AuditEntry
from tests.cast import talked
from tests.rituals.evenings import (
    ANA,
    BEN,
    DAY,
    HOUR,
    SEVEN_PM,
    TUESDAY,
    agreed,
    consent_of,
    every,
    mailbox,
    proposed,
    reachable,
    rounds,
    state_of,
    states,
    sweep,
    sweeps,
)

pytestmark = pytest.mark.both

CHECKIN = "Ten-minute check-in"


def seen_by(house, slot, at):
    return {ritual.title: ritual.state for ritual in portal(house.seat(slot), now=at).rituals}


# A yes of both


def test_a_ritual_waits_until_it_suits_both(fay):
    ritual = proposed(reachable(fay))

    rituals.consent(ritual=ritual, partner=fay.a, answer="yes", now=TUESDAY)
    assert state_of(ritual) == "waiting"
    assert seen_by(fay, "A", TUESDAY) == {CHECKIN: "waiting"}
    assert seen_by(fay, "B", TUESDAY) == {CHECKIN: "asked"}
    assert sweep(SEVEN_PM) == 0

    rituals.consent(ritual=ritual, partner=fay.b, answer="yes", now=SEVEN_PM)
    assert state_of(ritual) == "active"
    assert sweep(SEVEN_PM + DAY) == 2


def test_a_ritual_of_one_asks_that_one_only(fay):
    ritual = agreed(reachable(fay), code="three-lines", slot="A")

    sweep(SEVEN_PM)

    assert state_of(ritual) == "active"
    assert seen_by(fay, "B", TUESDAY) == {}
    assert mailbox() == [ANA]


# A no of one


@pytest.mark.parametrize("answer", ["not_now", "something_gentler"])
def test_a_no_stops_it_for_both_from_that_instant(fay, answer):
    ritual = agreed(reachable(fay))

    rituals.consent(ritual=ritual, partner=fay.a, answer=answer, now=SEVEN_PM - HOUR)

    assert sweeps(SEVEN_PM - HOUR, SEVEN_PM + HOUR) == 0
    assert sweep(SEVEN_PM + DAY) == 0
    assert mailbox() == []


def test_a_no_reaches_what_was_already_laid_out(fay):
    ritual = agreed(reachable(fay))
    rituals.consent(ritual=ritual, partner=fay.a, answer="yes", hour=time(19, 30), now=TUESDAY)
    sweep(SEVEN_PM)
    rituals.respond(ritual=ritual, partner=fay.b, answer="moved_to", hour=time(20), now=SEVEN_PM)
    assert mailbox() == [BEN]

    quarter_past = SEVEN_PM + HOUR / 4
    rituals.decline(ritual=ritual, partner=fay.a, now=quarter_past)
    sweeps(quarter_past, SEVEN_PM + 2 * HOUR)

    # Neither Ana's at half past seven nor Ben's second one at eight.
    assert mailbox() == [BEN]


def test_only_whoever_declined_can_take_it_up_again(fay):
    ritual = agreed(fay)
    rituals.decline(ritual=ritual, partner=fay.a, now=TUESDAY)

    rituals.resume(ritual=ritual, partner=fay.b, now=TUESDAY)
    rituals.consent(ritual=ritual, partner=fay.b, answer="yes", now=TUESDAY)
    rituals.facilitator_resumes(ritual=ritual, by=fay.facilitator, now=TUESDAY)
    sweep(TUESDAY + DAY)
    assert state_of(ritual) == "resting"
    assert consent_of(ritual, fay.a).answer == "not_now"

    rituals.resume(ritual=ritual, partner=fay.a, now=TUESDAY + DAY)
    assert state_of(ritual) == "active"


def test_the_row_both_may_read_changes_at_midnight_and_not_at_the_hour_of_the_no(fay):
    ritual = agreed(fay)

    rituals.decline(ritual=ritual, partner=fay.a, now=TUESDAY)
    sweep(TUESDAY + 14 * HOUR)
    assert state_of(ritual) == "active"
    assert seen_by(fay, "A", TUESDAY) == {CHECKIN: "set_aside"}

    sweep(TUESDAY + 16 * HOUR)
    assert state_of(ritual) == "resting"
    assert portal(fay.seat("B"), now=TUESDAY + DAY).resting == (
        "This is resting for now. Fay can tell you more when you meet."
    )


# Rests


def test_a_rest_until_a_day_ends_on_that_day(fay):
    ritual = agreed(reachable(fay))
    rituals.rest(ritual=ritual, partner=fay.b, until=date(2026, 3, 13), now=TUESDAY)

    sweeps(SEVEN_PM, SEVEN_PM + 2 * DAY, every=12 * HOUR)
    assert mailbox() == []

    sweep(SEVEN_PM + 3 * DAY - HOUR)
    assert state_of(ritual) == "active"

    sweep(SEVEN_PM + 3 * DAY)
    assert mailbox() == [ANA, BEN]


def test_the_facilitators_rest_is_ended_by_the_facilitator_and_nobody_else(fay):
    ritual = agreed(fay)
    rituals.facilitator_rests(ritual=ritual, by=fay.facilitator, now=TUESDAY)
    rituals.facilitator_rests(ritual=ritual, by=fay.facilitator, now=TUESDAY)

    rituals.resume(ritual=ritual, partner=fay.a, now=TUESDAY)
    sweep(TUESDAY + DAY)
    assert state_of(ritual) == "resting"

    rituals.facilitator_resumes(ritual=ritual, by=fay.facilitator, now=TUESDAY + DAY)
    assert state_of(ritual) == "active"
    assert every(FacilitatorRest).count() == 1


def test_a_graduated_ritual_is_theirs_and_sends_nothing(fay):
    ritual = agreed(reachable(fay))

    rituals.graduate(ritual=ritual, by=fay.facilitator, now=TUESDAY)

    assert sweep(SEVEN_PM) == 0
    assert seen_by(fay, "A", SEVEN_PM) == {CHECKIN: "graduated"}
    with pytest.raises(Refusal, match="nothing to do"):
        rituals.rest(ritual=ritual, partner=fay.a, now=SEVEN_PM)


def test_a_rest_that_ends_after_its_ritual_graduated_stops_no_sweep(fay, oli):
    graduated = agreed(fay)
    rituals.rest(ritual=graduated, partner=fay.b, until=date(2026, 3, 13), now=TUESDAY)
    rituals.graduate(ritual=graduated, by=fay.facilitator, now=TUESDAY)
    agreed(reachable(oli))

    # On that Friday it is seven in the evening in New York four hours later than in Lisbon.
    sweep(SEVEN_PM + 3 * DAY)
    sweeps(SEVEN_PM + 3 * DAY + 3 * HOUR, SEVEN_PM + 3 * DAY + 5 * HOUR)

    assert state_of(graduated) == "graduated"
    assert mailbox() == ["cleo@home.example", "dev@home.example"]


# What may be proposed


@pytest.mark.parametrize("outcome", [Screening.Outcome.CONSULT, Screening.Outcome.NOT_TOGETHER])
def test_nothing_shared_is_proposed_to_two_who_cannot_meet(fay, outcome):
    talked(fay.facilitator, fay.b, at=TUESDAY, outcome=outcome)

    with pytest.raises(Refusal, match="Not yet") as refused:
        proposed(fay)

    assert refused.value.kind == "absolute"
    assert every(Ritual).count() == 0
    # What is one person's own may still be.
    assert agreed(fay, code="three-lines", slot="B").state == "active"


def test_the_pace_gives_way_to_a_reason_that_is_kept(fay):
    for code in ("one-word-weather", "weekly-walk", "quiet-tea"):
        proposed(fay, code=code)

    with pytest.raises(Refusal, match="gentle pace") as refused:
        proposed(fay)
    assert refused.value.kind == "soft"

    proposed(fay, override="they both asked for it")
    assert every(Ritual).count() == 4
    assert AuditEntry.objects.filter(action="ritual proposed, pace set aside").count() == 1


@pytest.mark.parametrize(("facts", "words"), [
    ({"code": "unheard-of"}, "no such ritual"),
    ({"code": "own", "words": "  "}, "few words"),
    ({"code": "three-lines"}, "choose who"),
])  # fmt: skip
def test_a_proposal_says_what_and_for_whom(fay, facts, words):
    with pytest.raises(Refusal, match=words):
        proposed(fay, **facts)


def test_a_ritual_from_their_own_agreement_carries_their_words(fay):
    words = "We put the phones in the hall at eight"

    ritual = agreed(fay, code="own", words=words)

    assert ritual.title == words
    assert seen_by(fay, "B", TUESDAY) == {words: "active"}


# Answers


def test_an_answer_belongs_to_the_date_that_came_round_and_may_change(fay):
    ritual = agreed(fay)
    sweep(SEVEN_PM)

    one_in_the_morning = SEVEN_PM + 6 * HOUR
    rituals.respond(ritual=ritual, partner=fay.a, answer="not_today", now=one_in_the_morning)
    rituals.respond(
        ritual=ritual, partner=fay.a, answer="done", before=6, after=3, now=one_in_the_morning + HOUR
    )

    (answer,) = every(Response)
    assert answer.local_date == date(2026, 3, 10)
    assert answer.answer == "done"
    assert answer.before == 6
    assert answer.after == 3


def test_a_note_beside_an_answer_is_read_by_its_writer_only(fay):
    ritual = agreed(fay)

    rituals.respond(ritual=ritual, partner=fay.a, answer="done", note="I was glad", now=SEVEN_PM)

    notes = ResponseNote.objects
    assert [note.text for note in notes.visible_to(fay.seat("A"))] == ["I was glad"]
    assert notes.visible_to(fay.seat("B")).count() == 0
    assert notes.visible_to(fay.viewer).count() == 0

    # The answer itself the facilitator reads too.
    assert Response.objects.visible_to(fay.viewer).count() == 1
    assert Response.objects.visible_to(fay.seat("B")).count() == 0


def test_another_hour_brings_one_more_reminder_at_that_hour(fay):
    ritual = agreed(reachable(fay, "A"))
    sweep(SEVEN_PM)

    rituals.respond(ritual=ritual, partner=fay.a, answer="moved_to", hour=time(20, 30), now=SEVEN_PM)

    assert sweep(SEVEN_PM + HOUR) == 0
    assert sweeps(SEVEN_PM + 1.5 * HOUR, SEVEN_PM + 2 * HOUR) == 1
    assert [(each.local_date.day, each.slot) for each in rounds(ritual, fay.a)] == [(10, 0), (10, 1)]

    rituals.respond(ritual=ritual, partner=fay.a, answer="done", now=SEVEN_PM + 2 * HOUR)
    assert sorted(every(Response).values_list("slot", "answer")) == [(0, "moved_to"), (1, "done")]


def told(house, slot):
    """What stands on this partner's page of a "not today" that was told."""
    (ritual,) = portal(house.seat(slot), now=SEVEN_PM).rituals
    return ritual.told


def test_not_today_is_told_only_by_its_givers_choice(fay):
    ritual = agreed(fay)
    sweep(SEVEN_PM)

    rituals.respond(ritual=ritual, partner=fay.a, answer="not_today", now=SEVEN_PM)
    assert told(fay, "B") is None

    rituals.respond(ritual=ritual, partner=fay.a, answer="not_today", tell=True, now=SEVEN_PM)
    assert told(fay, "B") == "Thank you for telling me. I will be here tomorrow at the same time."
    assert told(fay, "A") is None


def test_for_a_discreet_couple_telling_does_not_exist(fay):
    ritual = agreed(fay)
    sweep(SEVEN_PM)
    Casefile.objects.unscoped("set after screening").filter(couple=fay.couple).update(discreet=True)

    rituals.respond(ritual=ritual, partner=fay.a, answer="not_today", tell=True, now=SEVEN_PM)

    assert every(Told).count() == 0
    assert [each.may_tell for each in portal(fay.seat("A"), now=SEVEN_PM).rituals] == [False]


def test_nobody_answers_for_somebody_else(fay, oli):
    ritual = agreed(fay, code="three-lines", slot="A")
    verbs = [
        (rituals.consent, {"answer": "yes"}),
        (rituals.respond, {"answer": "done"}),
        (rituals.rest, {}),
        (rituals.resume, {}),
    ]

    for stranger in (fay.b, oli.a):
        for verb, facts in verbs:
            with pytest.raises(Refusal, match="nothing to do"):
                verb(ritual=ritual, partner=stranger, now=TUESDAY, **facts)

    assert every(RitualConsent, partner=fay.b).count() == 0


def test_rows_are_seen_by_whom_they_are_for(fay, oli):
    agreed(fay)
    agreed(fay, code="three-lines", slot="A")

    def sees(viewer):
        """How many rituals, and how many answers to being asked."""
        return Ritual.objects.visible_to(viewer).count(), RitualConsent.objects.visible_to(viewer).count()

    assert sees(fay.seat("A")) == (2, 2)
    assert sees(fay.seat("B")) == (1, 1)
    assert sees(fay.viewer) == (2, 3)

    ana_elsewhere = AsPartner(fay.a.pk, oli.couple.pk, oli.practice.pk, "A")
    for stranger in (oli.seat("A"), oli.viewer, ana_elsewhere, None):
        assert sees(stranger) == (0, 0)


def test_a_second_ritual_leaves_the_first_ones_reminder_alone(fay):
    lines = agreed(reachable(fay, "A"), code="three-lines", slot="A")
    breath = agreed(fay, code="longer-breath", slot="A", usual_time=time(20))
    sweep(SEVEN_PM - HOUR)
    rituals.respond(ritual=lines, partner=fay.a, answer="moved_to", hour=time(20, 30), now=SEVEN_PM)
    sweep(SEVEN_PM)

    rituals.decline(ritual=breath, partner=fay.a, now=SEVEN_PM + HOUR / 2)
    sweeps(SEVEN_PM + HOUR / 2, SEVEN_PM + 2 * HOUR)

    # Both of the first: at seven, and at the hour it was moved to.
    assert states() == ["accepted", "accepted"]
