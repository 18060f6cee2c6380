"""Run inside a house by `manage.py shell`: a running session with private words in it, and sign-ins."""

import json
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from facilitator.models import User
from facilitator.now import now
from sessions.engine.kinds import Command
from sessions.models import Session
from sessions.record import conduct, partings
from tests.cast import household
from tests.sessions.live_stage import sign_in
from tests.sessions.room.turned_room import JOINT, PRIVATE
from tests.world import BEGUN, drive, planned


def stage():
    """Prints one sign-in for each test, and where things are."""
    at = now()
    begun = at - timedelta(minutes=6)
    fay = household("Fay", ("Ana", "Ben"), at=at - timedelta(days=2))
    gil = household("Gil", ("Cleo", "Dev"), at=at - timedelta(days=2))
    User.objects.filter(pk=gil.facilitator.pk).update(short_code=make_password("4711"))

    session = drive(fay, planned(fay, start=begun), [*BEGUN, *PRIVATE, *JOINT], at=begun)
    partings.say(session, by="x", now=at, sign="a hand on the table", return_sentence="Shall we try again?")
    cards = drive(fay, planned(fay, start=begun), [*BEGUN, *PRIVATE], at=begun)
    ended = drive(fay, planned(fay, start=begun), [*BEGUN, ("F", "session_ended", {})], at=begun)
    coded = drive(gil, planned(gil, start=begun), BEGUN, at=begun)

    found = {
        "session": session.pk, "cards": cards.pk,
        "ended": ended.pk, "coded": coded.pk, "couple": fay.couple.pk, "partner": fay.a.pk,
    }  # fmt: skip
    people = {"fay": fay, "fay looks": fay, "fay cards": fay, "gil": gil}
    ids = {name: str(pk) for name, pk in found.items()}
    sign_ins = {name: sign_in(house.facilitator) for name, house in people.items()}
    print(json.dumps({"ids": ids, "sign_ins": sign_ins}))


def say(session, by, kind, **fields):
    """One command from somewhere else, while the screen is turned."""
    found = Session.objects.unscoped("a test posts").get(pk=session)
    user = found.facilitator_id
    command = Command(by=by, kind=kind, fields=fields, told_to=by in ("A", "B"))
    conduct.post(found.pk, command, poster="user:other", author=user, now=now())
