"""The homework list beside a bare view with the same rows, in one run: pytest -s tests/benchmarks/bench_api.py.

Promise: a list at most 1.4 times the bare view. Prints one JSON line; asserted nowhere, machines differ.
"""

import json
import statistics
import subprocess
import time

import pytest
import time_machine
from django.http import JsonResponse
from django.test import RequestFactory

from clients.couples import account_of
from clients.rituals import api
from clients.rituals.models import Ritual, RitualConsent
from tests.world import NOW, ritual

RUNS, ROWS = 60, 20


def bare(request, viewer):
    """The same two tables, nothing translated."""
    found = {r.pk: r for r in Ritual.objects.visible_to(viewer)}
    yeses = RitualConsent.objects.visible_to(viewer).filter(ritual__in=found)
    answers = {yes.ritual_id: yes.answer for yes in yeses}
    rows = [
        {"id": str(pk), "words": r.words, "state": r.state, "answer": answers.get(pk)}
        for pk, r in found.items()
    ]
    return JsonResponse({"rituals": rows})


@pytest.mark.django_db
def test_list_beside_a_bare_view(fay):
    with time_machine.travel(NOW, tick=True):
        for _ in range(ROWS):
            ritual(fay, override="a benchmark of many")
        seat, account = fay.seat("A"), account_of(fay.a)
        taken = {"ours": [], "bare": []}
        for _ in range(RUNS):
            for name in taken:
                request = RequestFactory().get("/api/v1/me/rituals")
                request.user, request._viewer = account, seat
                request._dont_enforce_csrf_checks = True
                began = time.perf_counter()
                answer = api.me_rituals(request) if name == "ours" else bare(request, seat)
                if hasattr(answer, "render"):
                    answer.render()
                taken[name].append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200
    ms = {name: round(statistics.median(each), 2) for name, each in taken.items()}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    figures = {**ms, "ratio": round(ms["ours"] / ms["bare"], 2), "rows": ROWS, "n": RUNS}
    print(json.dumps({**figures, "commit": commit.stdout.strip()}))
