"""Run inside a house by `manage.py shell`: a world behind every page, and sign-ins for who looks at it."""

import json
from datetime import timedelta

from clients import couples
from facilitator.now import now
from reports import documents
from tests import cast
from tests.sessions.live_stage import sign_in
from tests.world import BEGUN, drive, planned, reachable, released, ritual, written_up


def stage():
    """Prints sign-ins and the addresses of what was made."""
    at = now()
    at = now()
    begun = at - timedelta(minutes=4)
    fay = cast.household("Fay", ("Ana", "Ben"), at=at - timedelta(days=2))
    reachable(fay)

    running = drive(fay, planned(fay, start=begun), BEGUN, at=begun)
    ended = drive(fay, planned(fay, start=begun), [*BEGUN, ("F", "session_ended", {})], at=begun)
    made = ritual(fay)
    released(fay, ended, at=at)
    documents.prepare(ended, now=at)

    people = {"fay": fay.facilitator, "ana": couples.account_of(fay.a)}
    found = {
        "couple": fay.couple.pk,
        "partner": fay.a.pk,
        "running": running.pk,
        "ended": ended.pk,
        "ready": planned(fay, start=at).pk,
        "written": written_up(fay, at=at).pk,
        "ritual": made.pk,
    }
    ids = {name: str(pk) for name, pk in found.items()}
    sign_ins = {name: sign_in(user) for name, user in people.items()}
    print(json.dumps({"ids": ids, "sign_ins": sign_ins}))
