"""Run inside a house by `manage.py shell`: the worked session planned there, and a sign-in to drive it with."""

import json
from datetime import UTC, datetime
from pathlib import Path

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from sessions import plans, transfer
from sessions.session_file import load

FILE = Path(__file__).resolve().parent.parent / "session_files" / "good" / "worked_session.jsonl"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def plan_worked_session() -> None:
    """Prints the session's id and a session key, as JSON."""
    file = load(FILE)
    couple, user = transfer.throw_away(file)
    at = datetime(2025, 3, 13, 17, 0, tzinfo=UTC)
    session = plans.keep(couple=couple, facilitator=user, header=file.header.raw, now=at)
    store = SessionStore()
    store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    print(json.dumps({"session": str(session.pk), "sign_in": store.session_key}))
