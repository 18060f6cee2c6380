"""What the API answers beside a bare view that reads the same rows: the homework list, and where a session is.

`./run bench api`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.measuring import Figure, beside, interleaved, undone

RUNS = 60
ROWS = 20
LIST_GOAL, DETAIL_GOAL = 1.4, 1.25


def figures(*, brief: bool = False) -> Iterator[Figure]:
    import time_machine

    from tests.cast import household
    from tests.world import NOW

    runs = 1 if brief else RUNS
    with time_machine.travel(NOW, tick=True), undone():
        house = household("Fay", ("Ana", "Ben"))

        ms = interleaved(homework_list(house), runs=runs)
        yield beside("api: homework list of 20 / bare view", ms["ours"], ms["bare"], goal=LIST_GOAL, n=runs)

        ms = interleaved(reading_of_a_session(house), runs=runs)
        name = "api: reading of a session / bare view"
        yield beside(name, ms["ours"], ms["bare"], goal=DETAIL_GOAL, n=runs)


def homework_list(house: Any) -> dict[str, Callable[[], Any]]:
    """Ana's rituals and her answers. The bare view reads the same two tables and translates nothing."""
    from django.http import JsonResponse

    from clients.couples import account_of
    from clients.rituals import api
    from clients.rituals.models import Ritual, RitualConsent
    from tests.world import ritual

    for _ in range(ROWS):
        ritual(house, override="a benchmark of many")
    seat, account = house.seat("A"), account_of(house.a)

    def bare(request: Any) -> Any:
        found = {one.pk: one for one in Ritual.objects.visible_to(seat)}
        yeses = RitualConsent.objects.visible_to(seat).filter(ritual__in=found)
        answers = {yes.ritual_id: yes.answer for yes in yeses}
        rows = [
            {"id": str(pk), "words": one.words, "state": one.state, "answer": answers.get(pk)}
            for pk, one in found.items()
        ]
        return JsonResponse({"rituals": rows})

    def get(view: Callable[[Any], Any]) -> Any:
        return answered(view, account, seat)

    return {"ours": lambda: get(api.me_rituals), "bare": lambda: get(bare)}


def reading_of_a_session(house: Any) -> dict[str, Callable[[], Any]]:
    """The bare view reads the session and its Moments, and works out nothing."""
    from django.http import JsonResponse

    from sessions import api
    from sessions.models import Moment, Session
    from tests.world import BEGUN, drive, planned

    session = drive(house, planned(house), [*BEGUN, ("F", "phase_finished", {"phase": 1})])
    viewer = house.viewer

    def bare(request: Any) -> Any:
        found = Session.objects.visible_to(viewer).get(pk=session.pk)
        moments = Moment.objects.visible_to(viewer).filter(session=found).order_by("number")
        rows = [{"number": one.number, "kind": one.kind, "at": one.at} for one in moments]
        return JsonResponse({"state": found.state, "moments": rows})

    def ours(request: Any) -> Any:
        return api.reading(request, session_id=session.pk)

    def get(view: Callable[[Any], Any]) -> Any:
        return answered(view, house.facilitator, viewer)

    return {"ours": lambda: get(ours), "bare": lambda: get(bare)}


def answered(view: Callable[[Any], Any], user: Any, viewer: Any) -> Any:
    """The view's answer, ready to be sent, without what every request passes through before it."""
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = user
    request._viewer = viewer  # type: ignore[attr-defined]
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]

    answer = view(request)
    if hasattr(answer, "render"):
        answer.render()
    assert answer.status_code == 200
    return answer
