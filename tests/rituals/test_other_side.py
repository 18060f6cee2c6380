"""From the other side a silent no, a hold for safety and an ordinary rest are the same, byte for byte.

Each world starts from the very same rows; in it Ana or Fay does one thing that is not for Ben to know. Then
everything Ben can fetch, send and receive in the days that follow is kept and compared.
"""

import re
from datetime import date, time

import pytest
import time_machine
from django.db import transaction

from clients import safety
from clients.models import Quiet, Screening
from clients.rituals import rituals
from facilitator.models import LocalMail
from tests.rituals.evenings import BEN, DAY, HOUR, SEVEN_PM, TUESDAY, agreed, proposed, reachable, sweep

AT = TUESDAY + 6 * HOUR
# What differs from one look at the same page to the next, whoever did what.
VOLATILE = re.compile(rb'(csrfmiddlewaretoken" value="|nonce-|nonce=")[^"\']+|/l/[\w-]+/')


class Undo(Exception):
    """Leave a world and everything in it."""


def silently(verb, **facts):
    return lambda fay, ritual: verb(ritual=ritual, partner=fay.a, now=AT, **facts)


def cannot_meet(fay, ritual):
    safety.record_talk(
        partner=fay.a, user=fay.facilitator, spoken_alone_on=AT.date(),
        outcome=Screening.Outcome.NOT_TOGETHER, notes="we spoke for an hour", now=AT,
    )  # fmt: skip


def held(fay, ritual):
    Quiet.objects.create(couple=fay.couple, from_at=AT, cause=Quiet.Cause.HELD)


WORLDS = {
    "Ana says not now": silently(rituals.consent, answer="not_now"),
    "Ana wants something gentler": silently(rituals.consent, answer="something_gentler"),
    "Ana lets it rest": silently(rituals.rest),
    "Ana lets it rest until June": silently(rituals.rest, until=date(2026, 6, 1)),
    "Fay lets it rest": lambda fay, ritual: rituals.facilitator_rests(
        ritual=ritual, by=fay.facilitator, now=AT
    ),
    "a private talk ends in not together": cannot_meet,
    "Fay stops everything safely": held,
}
NOTHING = {"nothing happens": lambda fay, ritual: None}
PAGES = ("/me/", "/api/v1/me/rituals", "/api/v1/me/today")


def look(client, *addresses):
    seen = []
    for address in addresses:
        reply = client.get(address)
        headers = {name: value for name, value in reply.headers.items() if name != "Content-Security-Policy"}
        seen.append((address, reply.status_code, VOLATILE.sub(b"", reply.content), sorted(headers.items())))
    return seen


def press(client, ritual, verb, **facts):
    reply = client.post(f"/api/v1/me/rituals/{ritual.pk}/{verb}", facts, content_type="application/json")
    page = client.post(f"/me/rituals/{ritual.pk}/{verb}/", facts)
    return (verb, reply.status_code, reply.content, page.status_code, VOLATILE.sub(b"", page.content))


def mails_to_ben():
    rows = LocalMail.objects.filter(to=BEN).order_by("at", "id")
    return [(m.at, m.subject, VOLATILE.sub(b"", m.body.encode())) for m in rows]


def days_of_ben(fay, ritual, then):
    """He looks right away, that evening, after midnight, next evening; then he presses whatever there is."""
    client = fay.partner_client("B")
    seen = []
    for at in (then, SEVEN_PM - HOUR, SEVEN_PM, SEVEN_PM + 6 * HOUR, SEVEN_PM + DAY):
        sweep(at)
        with time_machine.travel(at, tick=False):
            seen.append((at, look(client, *PAGES)))

    presses = [
        ("answer", {"answer": "done"}), ("resume", {}), ("consent", {"answer": "yes"}), ("rest", {}),
        ("resume", {}), ("consent", {"answer": "not_now"}), ("consent", {"answer": "yes", "hour": "19:30"}),
    ]  # fmt: skip
    for n, (verb, facts) in enumerate(presses):
        with time_machine.travel(SEVEN_PM + DAY + n * HOUR / 4, tick=False):
            seen.append(press(client, ritual, verb, **facts))

    sweep(SEVEN_PM + 2 * DAY)
    with time_machine.travel(SEVEN_PM + 2 * DAY, tick=False):
        return [*seen, look(client, *PAGES), mails_to_ben()]


def live_through(fay, ritual, happens):
    kept = None
    try:
        with transaction.atomic():
            happens(fay, ritual)
            kept = days_of_ben(fay, ritual, AT)
            raise Undo
    except Undo:
        return kept


@pytest.mark.parametrize("stage", ["running", "asked", "half agreed"])
def test_the_other_side_cannot_tell_one_silence_from_another(fay, stage):
    reachable(fay)
    ritual = agreed(fay) if stage == "running" else proposed(fay)
    if stage == "half agreed":
        rituals.consent(ritual=ritual, partner=fay.b, answer="yes", hour=time(19), now=TUESDAY)
    # Something of Ben's own goes on in every world.
    agreed(fay, code="three-lines", slot="B")
    fay.partner_client("B")

    worlds = {name: live_through(fay, ritual, happens) for name, happens in WORLDS.items()}

    first = next(iter(worlds.values()))
    assert [status for _, status, _, _ in first[0][1]] == [200, 200, 200]
    assert [name for name, seen in worlds.items() if seen != first] == []

    if stage == "running":
        # The comparison can fail: where nothing happened Ben does see another evening.
        assert live_through(fay, ritual, NOTHING["nothing happens"]) != first


def test_the_other_side_of_a_rest_sees_no_hour_and_no_name(fay):
    ritual = agreed(reachable(fay))
    rituals.decline(ritual=ritual, partner=fay.a, now=AT)

    sweep(AT + DAY)

    with time_machine.travel(AT + DAY, tick=False):
        body = b"".join(content for _, _, content, _ in look(fay.partner_client("B"), *PAGES))

    assert b"This is resting for now. Fay can tell you more when you meet." in body
    for word in (b"Ana", b"declin", b"not_now", b"15:00", AT.isoformat().encode()):
        assert word not in body
