"""Run inside a house by `manage.py shell`: people, a session and acts of another process than the one that streams."""

import json
import time

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from clients import couples
from clients.models import Assignment
from facilitator.models import Practice, User
from facilitator.now import now
from sessions.engine.kinds import Command
from sessions.models import Session
from sessions.record import conduct
from tests.cast import BACKEND, household
from tests.world import planned, signer


def sign_in(user):
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return store.session_key


def stage():
    """Prints the session and one sign-in for each who looks."""
    at = now()
    fay = household("Fay", ("Ana", "Ben"), at=at)
    oli = household("Oli", ("Cleo", "Dev"), at=at)
    session = planned(fay, start=at)

    people = {"fay": fay.facilitator, "oli": oli.facilitator, "colleague": signer(fay, "Jo")}
    people |= {slot: couples.account_of(fay.partner(slot)) for slot in "AB"}
    for name in ("Gil", "Hal", "Ida"):
        people[name] = signer(fay, name)
        both = {"consented_a_at": at, "consented_b_at": at}
        Assignment.objects.create(couple=fay.couple, user=people[name], role=Assignment.Role.CO, **both)

    signed = {name: sign_in(user) for name, user in people.items()}
    print(json.dumps({"session": str(session.pk), "sign_ins": signed}))


def post(by, kind, **fields):
    """One command; prints the instant at which it was durable."""
    session = Session.objects.unscoped("a test posts").order_by("planned_at").first()
    user = User.objects.get(name="Fay")
    command = Command(by=by, kind=kind, fields=fields, told_to=by in ("A", "B"))
    conduct.post(session.pk, command, poster="user:other", author=user.pk, now=now())
    print(time.time())


def end(how, name, key):
    """Ends what lets somebody listen; prints when."""
    user = User.objects.get(name=name)
    with transaction.atomic():
        if how == "signed out":
            SessionStore(key).delete()
        elif how == "off the care team":
            Assignment.objects.unscoped("a test removes").filter(user=user).update(ended_at=now())
        elif how == "a new password":
            user.set_password("another warm room with chairs")
            user.save()
        elif how == "account closed":
            user.is_active = False
            user.save()
    print(time.time())


def count():
    print(Practice.objects.count())
