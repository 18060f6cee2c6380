"""Run inside a house by `manage.py shell`: Fay with Ana and Ben, talked with and agreed."""

import json
from datetime import timedelta

from facilitator.now import now
from tests import cast
from tests.sessions.live_stage import sign_in


def stage():
    fay = cast.household("Fay", ("Ana", "Ben"), at=now() - timedelta(days=1))
    print(json.dumps({"couple": str(fay.couple.pk), "sign_in": sign_in(fay.facilitator)}))
