"""Run inside a house by `manage.py shell`: plans the worked session, and tells what has come of a journey."""

import json
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from clients.rituals.models import Delivery, DeliveryAttempt, Response
from facilitator.models import LocalMail
from sessions.engine.session_file import load
from sessions.models import Session
from sessions.record import import_export, moment_rows, planning

FILE = Path(__file__).resolve().parent.parent / "session_files" / "good" / "worked_session.jsonl"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def plan_worked_session() -> None:
    """Prints the session's id and the key of a sign-in to drive it with, as JSON."""
    file = load(FILE)
    couple, user = import_export.throw_away(file)
    at = datetime(2025, 3, 13, 17, 0, tzinfo=UTC)
    session = planning.keep(couple=couple, facilitator=user, header=file.header.raw, now=at)

    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()

    print(json.dumps({"session": str(session.pk), "sign_in": store.session_key}))


def what_came_of(session_id: str) -> None:
    """Prints what was kept and what was sent for the couple of this session, as JSON."""
    why = "a fault test"
    session = Session.objects.unscoped(why).get(pk=session_id)
    sent = Delivery.objects.unscoped(why).filter(person__couple=session.couple_id)
    attempts = DeliveryAttempt.objects.unscoped(why).filter(delivery__in=sent, stage="begun")
    answers = Response.objects.unscoped(why).filter(partner__couple=session.couple_id)
    mails = LocalMail.objects.filter(to__endswith="@walked-in.example")

    found = {
        "chain": moment_rows.verify(session),
        "mails": [(mail.to, mail.subject) for mail in mails],
        "deliveries": list(sent.values_list("kind", "state")),
        "attempts": attempts.count(),
        "answers": list(answers.values_list("answer", flat=True)),
    }
    print(json.dumps(found))
