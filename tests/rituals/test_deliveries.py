"""A reminder goes out once, in its hour, to whoever still wants it, or visibly not at all."""

from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Value
from django.db.models.functions import Concat

from clients import consents, couples
from clients.models import Channel, Partner, Quiet
from clients.rituals import deliveries, rituals, tasks
from clients.rituals.models import Beat, Delivery, DeliveryAttempt, Occurrence, SignInLink
from facilitator import mail
from facilitator.errors import Refusal
from facilitator.mail import Outcome
from facilitator.models import LocalMail, MailSettings
from facilitator.now import now
from tests import services
from tests.rituals.evenings import (
    ANA,
    BEN,
    DAY,
    HOUR,
    MINUTE,
    SEVEN_PM,
    TUESDAY,
    WHY,
    again,
    agreed,
    claimed,
    consent_of,
    every,
    mailbox,
    proposed,
    reachable,
    reminders,
    set_seat,
    state_of,
    states,
    sweep,
    sweeps,
)

pytestmark = pytest.mark.both


# When


def test_each_is_reminded_once_at_an_hour_of_their_own(fay):
    ritual = proposed(reachable(fay))
    rituals.consent(ritual=ritual, partner=fay.a, answer="yes", now=TUESDAY)
    rituals.consent(ritual=ritual, partner=fay.b, answer="yes", hour=time(20, 30), now=TUESDAY)

    assert sweep(SEVEN_PM - MINUTE) == 0
    assert sweep(SEVEN_PM) == 1
    assert sweep(SEVEN_PM) == 0
    assert sweep(SEVEN_PM + MINUTE) == 0
    assert mailbox() == [ANA]

    assert sweeps(SEVEN_PM, SEVEN_PM + 3 * HOUR) == 1
    assert mailbox() == [ANA, BEN]
    assert reminders(ritual, fay.a) == [(10, "sent")]


def test_each_is_reminded_by_the_clocks_of_the_place_where_they_are(fay):
    agreed(reachable(fay))
    set_seat(fay.b, zone="America/New_York")

    sweeps(SEVEN_PM - HOUR, SEVEN_PM + HOUR)
    assert mailbox() == [ANA]

    sweeps(SEVEN_PM + 4 * HOUR - 5 * MINUTE, SEVEN_PM + 4 * HOUR)
    assert mailbox() == [ANA, BEN]


def test_moving_house_moves_the_next_reminder(fay):
    ritual = agreed(reachable(fay))
    sweep(SEVEN_PM)

    set_seat(fay.a, zone="Asia/Tokyo")
    sweep(SEVEN_PM + HOUR)

    assert consent_of(ritual, fay.a).next_due_at == datetime(2026, 3, 12, 10, 0, tzinfo=UTC)
    assert consent_of(ritual, fay.a).due_zone == "Asia/Tokyo"


def test_a_zone_nobody_knows_holds_this_persons_reminders_and_no_other(fay):
    ritual = agreed(reachable(fay))
    set_seat(fay.a, zone="Mars/Olympus")

    sweeps(SEVEN_PM - HOUR, SEVEN_PM)

    assert consent_of(ritual, fay.a).next_due_at is None
    assert mailbox() == [BEN]


@pytest.mark.parametrize(("start", "days"), [(date(2026, 3, 28), 3), (date(2026, 10, 24), 3)])
def test_over_a_change_of_the_clocks_one_reminder_a_day(fay, start, days):
    """Half past one does not exist in Lisbon on the one night, and comes twice on the other."""
    set_seat(fay.a, quiet_from=time(4), quiet_until=time(5))
    begin = datetime.combine(start, time(12), tzinfo=UTC) - DAY
    agreed(reachable(fay, "A"), code="three-lines", slot="A", at=begin, usual_time=time(1, 30))

    sweeps(begin, begin + days * DAY, every=15 * MINUTE)

    kept = [row.at for row in LocalMail.objects.order_by("at")]
    assert len(kept) == days
    assert len({at.date() for at in kept}) == days


def test_nothing_is_sent_in_somebodys_quiet_hours_not_even_late(fay):
    ritual = agreed(reachable(fay))
    set_seat(fay.a, quiet_from=time(18), quiet_until=time(20))

    sweeps(SEVEN_PM, SEVEN_PM + 3 * HOUR)

    assert mailbox() == [BEN]
    assert reminders(ritual, fay.a) == [(10, "not_sent")]


def test_hours_that_never_open_are_never_used(fay):
    agreed(reachable(fay, "A"), code="three-lines", slot="A")
    set_seat(fay.a, quiet_from=time(9), quiet_until=time(9))

    sweeps(SEVEN_PM, SEVEN_PM + 2 * HOUR)

    assert mailbox() == []


def test_a_reminder_that_waited_is_not_sent_after_the_hours_have_closed(fay):
    agreed(reachable(fay), usual_time=time(20, 50))
    late = SEVEN_PM + 110 * MINUTE

    first, second = claimed(late)

    assert deliveries.final_check(first, late + 9 * MINUTE) is not None
    assert deliveries.final_check(second, late + 10 * MINUTE) is None
    assert states() == ["expired", "sending"]


def test_without_an_address_or_without_a_yes_to_messages_it_is_on_their_page_only(fay):
    ritual = agreed(reachable(fay, "A"))
    consents.withdraw(partner=fay.a, scope="messages", by="test", now=TUESDAY)

    sweep(SEVEN_PM)

    assert mailbox() == []
    assert every(Delivery).count() == 0
    assert reminders(ritual, fay.a) == [(10, "")]
    assert reminders(ritual, fay.b) == [(10, "")]


def test_three_reminders_a_day_are_enough(fay):
    reachable(fay, "A")
    for n, code in enumerate(["three-lines", "longer-breath", "five-senses", "ten-mindful", "own-hour"]):
        agreed(fay, code=code, slot="A", usual_time=time(17 + n % 3, 10 * n))

    sweeps(SEVEN_PM - 2 * HOUR, SEVEN_PM + 2 * HOUR)
    assert len(mailbox()) == 3
    assert sorted(every(Delivery).values_list("state", "reason")) == [
        ("accepted", ""), ("accepted", ""), ("accepted", ""), ("suppressed", "enough"), ("suppressed", "enough"),
    ]  # fmt: skip

    sweeps(SEVEN_PM + DAY - 2 * HOUR, SEVEN_PM + DAY - HOUR)
    assert len(mailbox()) > 3


# After an outage


@pytest.mark.parametrize(("late", "sent", "missed"), [
    (MINUTE, 2, 0), (HOUR, 2, 0), (2 * HOUR, 0, 1), (3 * DAY - HOUR, 0, 3), (3 * DAY + HOUR, 2, 3),
    (30 * DAY + 3 * HOUR, 0, 31),
])  # fmt: skip
def test_after_an_outage_the_newest_in_time_is_sent_and_the_rest_is_seen_at_the_desk(fay, late, sent, missed):
    ritual = agreed(reachable(fay))

    sweeps(SEVEN_PM + late, SEVEN_PM + late + 2 * MINUTE, every=MINUTE)

    assert len(mailbox()) == sent
    assert [reminder for _, reminder in reminders(ritual, fay.a)].count("not_sent") == missed


def test_what_is_still_in_time_after_an_outage_goes_out_over_a_minute(fay, oli):
    for house in (fay, oli):
        reachable(house)
        agreed(house)
    set_seat(oli.a, zone="Europe/Lisbon")
    set_seat(oli.b, zone="Europe/Lisbon")
    sweep(SEVEN_PM - HOUR)

    back = SEVEN_PM + 30 * MINUTE
    sweep(back)
    starts = sorted(every(Delivery).values_list("not_before", flat=True))
    assert len(starts) == 4
    assert back <= starts[0] < starts[-1] < back + MINUTE

    sweep(back + MINUTE)
    assert len(mailbox()) == 4


# A last look


def quiet(cause, **facts):
    def come(house, ritual, at):
        Quiet.objects.create(couple=house.couple, from_at=at, cause=cause, **facts)

    return come


def ana_declines(house, ritual, at):
    rituals.decline(ritual=ritual, partner=house.a, now=at)


def ben_declines(house, ritual, at):
    rituals.decline(ritual=ritual, partner=house.b, now=at)


def ana_lets_it_rest(house, ritual, at):
    rituals.rest(ritual=ritual, partner=house.a, now=at)


def fay_lets_it_rest(house, ritual, at):
    rituals.facilitator_rests(ritual=ritual, by=house.facilitator, now=at)


def it_graduates(house, ritual, at):
    rituals.graduate(ritual=ritual, by=house.facilitator, now=at)


def ana_wants_no_messages(house, ritual, at):
    consents.withdraw(partner=house.a, scope="messages", by="test", now=at)


def ana_leaves(house, ritual, at):
    Partner.objects.unscoped(WHY).filter(pk=house.a.pk).update(left_at=at)


def anas_address_is_revoked(house, ritual, at):
    Channel.objects.unscoped(WHY).filter(partner=house.a).update(state="revoked")


def a_copy_is_muted(house, ritual, at):
    settings.MUTE_FILE.write_text("restored")


CHANGES = {
    "Ana declines": ana_declines,
    "Ben declines": ben_declines,
    "Ana lets it rest": ana_lets_it_rest,
    "Fay lets it rest": fay_lets_it_rest,
    "it graduates": it_graduates,
    "Ana wants no messages": ana_wants_no_messages,
    "Ana's address is no longer hers": anas_address_is_revoked,
    "Ana leaves": ana_leaves,
    "a session begins": quiet("session"),
    "a cool-down begins": quiet("cool_down", until_at=SEVEN_PM + HOUR),
    "Fay stops safely": quiet("held"),
    "a copy was restored": a_copy_is_muted,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_between_claim_and_sending_is_still_heard(fay, change):
    ritual = agreed(reachable(fay))
    rows = {row.person_id: row for row in claimed(SEVEN_PM)}
    assert len(rows) == 2

    try:
        CHANGES[change](fay, ritual, SEVEN_PM)
        assert deliveries.final_check(rows[fay.a.pk], SEVEN_PM) is None
    finally:
        settings.MUTE_FILE.unlink(missing_ok=True)

    mine = again(rows[fay.a.pk])
    assert mine.state == "suppressed"
    assert mine.reason != ""
    assert every(DeliveryAttempt).count() == 0
    assert every(SignInLink).count() == 0


def test_what_was_decided_before_a_no_is_not_sent_even_if_the_yes_comes_back(fay):
    agreed(reachable(fay, "A"))
    (row,) = claimed(SEVEN_PM)

    consents.withdraw(partner=fay.a, scope="messages", by="test", now=SEVEN_PM)
    consents.give(partner=fay.a, scope="messages", how="own_hand", by="test", now=SEVEN_PM)

    assert deliveries.final_check(row, SEVEN_PM) is None
    assert again(row).reason == "epoch"


def test_a_quiet_time_that_is_over_holds_nothing(fay):
    agreed(reachable(fay))
    quiet("session", until_at=SEVEN_PM - MINUTE)(fay, None, SEVEN_PM - HOUR)

    assert sweep(SEVEN_PM) == 2


def test_a_hold_rests_what_is_shared_and_leaves_ones_own(fay):
    agreed(reachable(fay))
    agreed(fay, code="three-lines", slot="A")
    quiet("held")(fay, None, TUESDAY)

    sweep(SEVEN_PM)

    assert mailbox() == [ANA]


def test_a_muted_copy_sends_nothing_and_says_it_is_alive(fay):
    agreed(reachable(fay))
    settings.MUTE_FILE.write_text("restored")

    try:
        assert sweep(SEVEN_PM) == 0
    finally:
        settings.MUTE_FILE.unlink()

    assert mailbox() == []
    assert Beat.objects.get().at == SEVEN_PM


# Once


def test_two_sweeps_at_once_never_hold_the_same_row(fay):
    agreed(reachable(fay))
    deliveries.lay_out_due(SEVEN_PM)
    deliveries.lay_out_due(SEVEN_PM)

    first = deliveries.claim(SEVEN_PM, limit=1)
    second = deliveries.claim(SEVEN_PM, limit=5)

    assert {row.pk for row in first} & {row.pk for row in second} == set()
    assert len(first) + len(second) == 2
    assert deliveries.claim(SEVEN_PM) == []


def test_a_claim_whose_owner_died_is_simply_due_again(fay):
    agreed(reachable(fay))
    dead = claimed(SEVEN_PM)

    assert sweep(SEVEN_PM + MINUTE) == 0
    assert sweep(SEVEN_PM + 3 * MINUTE) == 2
    assert [deliveries.final_check(row, SEVEN_PM + 3 * MINUTE) for row in dead] == [None, None]
    assert mailbox() == [ANA, BEN]


def test_a_sending_whose_owner_died_is_uncertain_and_never_sent_again(fay):
    ritual = agreed(reachable(fay, "A"))
    (row,) = claimed(SEVEN_PM)
    letter = deliveries.final_check(row, SEVEN_PM)

    assert sweeps(SEVEN_PM, SEVEN_PM + 2 * HOUR) == 0
    assert again(row).state == "uncertain"
    assert again(row).reason == "not_confirmed"
    assert mailbox() == []
    assert reminders(ritual, fay.a) == [(10, "not_confirmed")]

    # The answer came after all: what was uncertain is known.
    assert deliveries.record(letter, Outcome("done", "2"), SEVEN_PM + 3 * HOUR) == "accepted"
    assert reminders(ritual, fay.a) == [(10, "sent")]


def test_an_outcome_is_written_once_by_whoever_held_the_row(fay):
    agreed(reachable(fay, "A"))
    (row,) = claimed(SEVEN_PM)
    letter = deliveries.final_check(row, SEVEN_PM)

    assert deliveries.final_check(row, SEVEN_PM) is None
    assert deliveries.record(letter, Outcome("done", "2"), SEVEN_PM) == "accepted"
    assert deliveries.record(letter, Outcome("rcpt", "5"), SEVEN_PM) == ""
    assert again(row).state == "accepted"


def test_one_row_that_breaks_stops_no_other(fay):
    """Ana's address cannot be opened any more; Ben's reminder goes out all the same."""
    agreed(reachable(fay))
    Channel._base_manager.filter(partner=fay.a).update(address=Concat("address", Value("x")))

    assert sweeps(SEVEN_PM, SEVEN_PM + 30 * MINUTE) == 1
    assert mailbox() == [BEN]
    mine = every(Delivery, person=fay.a).get()
    assert mine.state == "failed"
    assert mine.reason == "error"
    assert mine.attempt_no == 2


def test_the_database_itself_knows_whose_channel_it_is(fay):
    agreed(reachable(fay))
    deliveries.lay_out_due(SEVEN_PM)
    mine = every(Delivery, person=fay.a).get()
    other = every(Channel, partner=fay.b).get()

    with pytest.raises(IntegrityError):
        swap(mine, other)


@transaction.atomic
def swap(delivery, channel):
    every(Delivery, pk=delivery.pk).update(channel=channel)
    # PostgreSQL would look when the outermost transaction ends.
    connection.check_constraints()


def test_attempts_are_only_ever_added(fay):
    agreed(reachable(fay, "A"))
    sweep(SEVEN_PM)

    attempts = every(DeliveryAttempt).order_by("stage")
    assert [(each.n, each.stage, each.code) for each in attempts] == [(1, "begun", ""), (1, "done", "2")]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        attempts.update(stage="rcpt")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        every(DeliveryAttempt).delete()


# Over a real server


@pytest.fixture
def served(fay, smtp):
    """Fay's practice mails through a server; Ana has a real address."""
    MailSettings.objects.create(
        practice=fay.practice, host=smtp.host, port=smtp.port, security="none",
        from_address="notes@calm.test", tested_at=TUESDAY,
    )  # fmt: skip
    couples.reach_by_email(partner=fay.a, address="ana@home.test", by=fay.viewer, now=TUESDAY)
    agreed(fay)
    return smtp


def test_over_the_wire_goes_one_neutral_line_and_a_link_of_our_own(fay, served):
    assert sweep(SEVEN_PM) == 1

    (message,) = served.messages
    assert served.recipients == [["ana@home.test"]]
    assert message["Subject"] in mail.TEXTS.values()

    lines = message.get_content().split()
    (link,) = [word for word in lines if "://" in word]
    assert link.startswith(f"{settings.PUBLIC_URL}/l/")

    everything = message.as_bytes().decode().lower()
    for word in ("ana ", "ben", "fay", "check-in", "ritual", "couple", "partner", "third chair"):
        assert word not in everything.replace("ana@home.test", "")


def test_a_server_that_is_busy_is_asked_again_with_the_same_message_id(fay, served):
    served.reply = "451 later"
    assert sweep(SEVEN_PM) == 0
    assert states() == ["retry_wait"]

    served.reply = "250 kept"
    assert sweeps(SEVEN_PM + 2 * MINUTE, SEVEN_PM + 4 * MINUTE, every=MINUTE) == 1

    attempts = every(DeliveryAttempt).order_by("n", "stage").values_list("n", "stage", "code")
    assert list(attempts) == [(1, "begun", ""), (1, "data", "4"), (2, "begun", ""), (2, "done", "2")]
    assert [m["Message-ID"] for m in served.messages] == [every(Delivery).get().message_id]


def test_a_server_that_stays_busy_is_given_up_within_the_grace(fay, served):
    served.reply = "451 later"

    sweeps(SEVEN_PM, SEVEN_PM + 3 * HOUR)

    row = every(Delivery).get()
    assert row.state in ("expired", "failed")
    assert row.attempt_no <= 5

    last = every(DeliveryAttempt).order_by("-at").first()
    assert last.at <= SEVEN_PM + 90 * MINUTE


def test_an_address_where_nobody_lives_is_not_tried_again_nor_another_in_its_place(fay, db):
    with services.smtp() as strict:
        strict.handle_RCPT = nobody
        MailSettings.objects.create(
            practice=fay.practice, host=strict.host, port=strict.port, security="none",
            from_address="notes@calm.test", tested_at=TUESDAY,
        )  # fmt: skip
        for address in ("old@home.test", "ana@home.test"):
            couples.reach_by_email(partner=fay.a, address=address, by=fay.viewer, now=TUESDAY)
        ritual = agreed(fay)

        sweep(SEVEN_PM)
        sweep(SEVEN_PM + DAY)

    older, newer = every(Channel, partner=fay.a).order_by("created_at")
    assert older.state == "revoked"
    assert newer.state == "unreachable"
    assert states() == ["failed"]
    assert reminders(ritual, fay.a) == [(10, "not_sent"), (11, "")]


async def nobody(server, session, envelope, address, options):
    return "550 nobody of that name"


def test_without_a_tested_server_nothing_is_sent_to_a_real_address(fay, served):
    MailSettings.objects.update(tested_at=None)

    assert sweep(SEVEN_PM) == 0
    assert served.messages == []
    assert every(Delivery).get().reason == "no_mail"


# A link on request


def test_a_link_to_ones_own_page_waits_for_the_hours_of_its_reader(fay):
    reachable(fay, "A")
    at_night = TUESDAY.replace(hour=23)

    deliveries.offer_sign_in(partner=fay.a, now=at_night)
    deliveries.offer_sign_in(partner=fay.a, now=at_night)

    assert sweep(at_night) == 0
    assert sweep(at_night + 8 * HOUR) == 0
    assert sweep(at_night + 9 * HOUR) == 1

    (kept,) = LocalMail.objects.all()
    assert kept.subject == "Please sign in when it suits you."


def test_a_link_is_not_offered_where_it_could_not_arrive(fay):
    with pytest.raises(Refusal, match="no way yet"):
        deliveries.offer_sign_in(partner=fay.a, now=TUESDAY)

    reachable(fay, "A")
    consents.withdraw(partner=fay.a, scope="messages", by="test", now=TUESDAY)
    with pytest.raises(Refusal, match="not said yes"):
        deliveries.offer_sign_in(partner=fay.a, now=TUESDAY)

    assert every(Delivery).count() == 0


def test_nothing_that_was_due_stays_open(fay):
    """Whatever was due a quarter of an hour ago has ended, or waits for a named instant."""
    ritual = agreed(reachable(fay))
    claimed(SEVEN_PM)

    sweeps(SEVEN_PM, SEVEN_PM + 2 * HOUR)

    assert every(Delivery, state__in=Delivery.OPEN).count() == 0
    assert every(Occurrence, reminder="planned").count() == 0
    assert state_of(ritual) == "active"


def test_the_celery_task_sweeps(fay):
    agreed(reachable(fay))

    with time_machine.travel(SEVEN_PM, tick=False):
        tasks.sweep()
        assert Beat.objects.get(name="deliveries").at == now()
    assert mailbox() == [ANA, BEN]
