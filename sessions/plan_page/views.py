"""The page on which a session is planned."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clients.access import as_facilitator
from clients.doors import find_couple
from clients.models import Partner
from facilitator.http import page
from facilitator.now import now
from sessions.engine.formats import FORMATS
from sessions.plan_page.forms import PlanForm
from sessions.record import planning


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    couple = find_couple(viewer, couple_id)
    partners = list(Partner.objects.visible_to(viewer).filter(couple=couple))
    people = [(partner.slot, partner.name) for partner in partners]
    form = PlanForm(request.POST or None, people=people, zone=couple.zone, now=now())

    if request.method == "POST" and form.is_valid():
        made = planning.propose(couple=couple, facilitator=request.user, now=now(), **_planned(form))
        return redirect("desk", made.pk)

    context = {
        "viewer": viewer,
        "couple": couple,
        "form": form,
        "formats": list(FORMATS.values()),
        "partners": partners,
    }
    return page(request, "facilitation/plan_page/plan.html", context, status=422 if form.errors else 200)


def _planned(form: PlanForm) -> dict[str, Any]:
    """What the form says, as `planning.propose` asks for it."""
    facts = form.cleaned_data
    goal = None
    if facts["goal"]:
        goal = (facts["category"], facts["goal"])

    return {
        "chosen": form.chosen,
        "short": facts["length"] == "short",
        "first_speaker": facts["first_speaker"],
        "with_": facts["meets"],
        "planned_start": facts["starts"],
        "goal": goal,
    }
