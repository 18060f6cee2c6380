"""The last screen before a session: the two cards say who may meet, one press plans and begins it."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clients import safety
from clients.access import AsFacilitator
from clients.doors import seen_couple
from clients.models import Consent, Couple, Partner
from facilitator.door.forms import FIRST, TodayForm
from facilitator.door.pages import cards
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.now import now
from sessions.desk import start_now
from sessions.desk.refusals import REASONS
from sessions.engine.formats import FORMATS


@require_http_methods(["GET", "HEAD", "POST"])
def today(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer, couple = seen_couple(request, couple_id)
    people = cards(viewer, Partner.objects.visible_to(viewer).filter(couple=couple))
    form = _form(request, couple, people)

    not_yet = None
    if form.is_bound and form.is_valid():
        try:
            session = start_now.start(couple=couple, facilitator=request.user, now=now(), **form.facts())
        except Refusal as refusal:
            not_yet = refusal
        else:
            return redirect("desk", session.pk)

    return _page(request, viewer, couple, people, form, not_yet)


def _form(request: HttpRequest, couple: Couple, people: list[Partner]) -> TodayForm:
    names = [(each.slot, each.name) for each in people]
    return TodayForm(
        request.POST or None, initial={"key": uuid4()}, people=names, zone=couple.zone, now=now()
    )


def _page(
    request: HttpRequest,
    viewer: AsFacilitator,
    couple: Couple,
    people: list[Partner],
    form: TodayForm,
    not_yet: Refusal | None,
) -> HttpResponse:
    refusal = None
    status = 200
    if not_yet:
        refusal = {"words": said(not_yet), "soft": not_yet.kind == "soft"}
        status = 409
    elif form.errors:
        status = 422

    context = {
        "viewer": viewer,
        "couple": couple,
        "partners": people,
        "form": form,
        "formats": [(radio, FORMATS[str(radio.data["value"])]) for radio in form["format"]],
        "first": FIRST,
        "refusal": refusal,
        "reasons": REASONS,
    }
    context |= _who_meets(people)
    return page(request, "facilitator/today.html", context, status=status)


def _who_meets(people: list[Partner]) -> dict[str, Any]:
    """Read from the cards. The words for both are the same whatever one of them said alone."""
    open_cards = []
    for each in people:
        each.scopes = {consent.scope for consent in each.yeses}
        if not each.name or each.screening is None:
            open_cards.append((each, _("a talk alone is still to come")))
        elif Consent.Scope.FACILITATION not in each.scopes:
            open_cards.append((each, _("taking part is still open")))

    may_meet = not open_cards and all(each.screening.outcome in safety.TOGETHER for each in people)
    keeps_notes = all(Consent.Scope.STORED_NOTES in each.scopes for each in people)

    both_yeses = {Consent.Scope.FACILITATION, Consent.Scope.STORED_NOTES}
    may_talk_alone = [each for each in people if both_yeses <= each.scopes and each.screening is not None]

    return {
        "open_cards": open_cards,
        "together": may_meet,
        "keeps_notes": keeps_notes,
        "alone": may_talk_alone,
    }
