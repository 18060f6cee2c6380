"""The facilitator's doors to rituals: what the two have now, one to propose, and a sign-in link for one of them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, as_facilitator
from clients.doors import find_couple, find_partner, seen_couple
from clients.models import Couple, Partner
from clients.rituals import deliveries, rituals
from clients.rituals.forms import ChangeForm, ProposeForm
from clients.rituals.library import RitualTemplate, library
from clients.rituals.models import Occurrence, Ritual, RitualConsent
from clients.rituals.portal import cadence_words
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.now import now

# What a facilitator reads of a ritual's state; partners read other words.
STATES = {
    Ritual.State.WAITING: gettext_lazy("waiting until it suits both"),
    Ritual.State.ACTIVE: gettext_lazy("running"),
    Ritual.State.RESTING: gettext_lazy("resting"),
    Ritual.State.GRADUATED: gettext_lazy("theirs now"),
    Ritual.State.ENDED: gettext_lazy("ended"),
}


# What they have now


@require_safe
def couple_rituals(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    """Their rituals with what each of the two answered, and the library to propose from."""
    viewer, couple = seen_couple(request, couple_id, looks_at="rituals")

    context = {
        "couple": couple,
        "rituals": _rituals_of(couple, viewer),
        "library": list(library().values()),
        "not_sent": _not_sent(couple, viewer),
    }
    return page(request, "rituals/couple_rituals.html", context)


def _rituals_of(couple: Couple, viewer: AsFacilitator) -> list[dict[str, Any]]:
    answers = _answers_of(couple, viewer)

    rows = []
    for ritual in Ritual.objects.visible_to(viewer).filter(couple=couple):
        state = Ritual.State(ritual.state)
        row = {
            "id": ritual.pk,
            "title": _(ritual.title),
            "state": state.value,
            "state_words": STATES[state],
            "cadence_words": cadence_words(ritual),
            "answers": answers.get(ritual.pk, []),
        }
        rows.append(row)
    return rows


def _answers_of(couple: Couple, viewer: AsFacilitator) -> dict[UUID, list[dict[str, Any]]]:
    """By ritual: each partner who was asked, and their answer in words."""
    consents = RitualConsent.objects.visible_to(viewer).filter(ritual__couple=couple)

    answers: dict[UUID, list[dict[str, Any]]] = {}
    for consent in consents.select_related("partner").order_by("partner__slot"):
        words = _("lets it rest") if consent.is_resting else consent.get_answer_display()
        answers.setdefault(consent.ritual_id, []).append({"partner": consent.partner, "words": words})
    return answers


def _not_sent(couple: Couple, viewer: AsFacilitator) -> dict[str, Any] | None:
    """From when to when reminders were planned and did not go out, coarsely."""
    not_sent = (Occurrence.Reminder.NOT_SENT, Occurrence.Reminder.NOT_CONFIRMED)
    missed = Occurrence.objects.visible_to(viewer).filter(ritual__couple=couple, reminder__in=not_sent)

    days = list(missed.order_by("due_at").values_list("due_at", flat=True))
    if not days:
        return None
    return {"from": days[0], "until": days[-1], "count": len(days)}


@require_POST
def ritual_change(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    """The facilitator lets it rest, takes it up again, or leaves it to the two."""
    viewer = as_facilitator(request)
    ritual = get_object_or_404(Ritual.objects.visible_to(viewer), pk=ritual_id)

    form = ChangeForm(request.POST)
    act = form.cleaned_data["act"] if form.is_valid() else ""
    if act == "rest":
        rituals.facilitator_rests(ritual=ritual, by=request.user, now=now())
    elif act == "resume":
        rituals.facilitator_resumes(ritual=ritual, by=request.user, now=now())
    elif act == "graduate":
        rituals.graduate(ritual=ritual, by=request.user, now=now())

    return redirect("couple_rituals", ritual.couple_id)


# One to propose


@require_http_methods(["GET", "HEAD", "POST"])
def ritual_propose(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    """One from the library, or in their own words."""
    viewer = as_facilitator(request)
    couple = find_couple(viewer, couple_id)
    template = library().get(request.GET.get("template", ""))
    form = _propose_form(request, viewer, couple, template)

    if form.is_valid():
        try:
            rituals.propose(couple=couple, by=request.user, now=now(), **form.facts())
            return redirect("couple_rituals", couple.pk)
        except Refusal as refusal:
            form.say_no(refusal)

    context = {"couple": couple, "form": form, "template": template}
    return page(request, "rituals/propose.html", context, status=422 if form.errors else 200)


def _propose_form(
    request: HttpRequest, viewer: AsFacilitator, couple: Couple, template: RitualTemplate | None
) -> ProposeForm:
    """Words another page hands over come in a POST without a date, so that they stay out of addresses."""
    is_filled = request.method == "POST" and "start_on" in request.POST

    return ProposeForm(
        request.POST if is_filled else None,
        partners=list(Partner.objects.visible_to(viewer).filter(couple=couple)),
        template=template,
        today=now().date(),
        words="" if is_filled else request.POST.get("words", ""),
    )


# A link to their own page


@require_POST
def partner_link(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Send this person a link to their own page."""
    viewer = as_facilitator(request)
    partner = find_partner(viewer, partner_id)

    try:
        deliveries.offer_sign_in(partner=partner, now=now())
    except Refusal as refusal:
        context = {"partner": partner, "words": said(refusal)}
        return page(request, "rituals/not_yet.html", context, status=409)

    messages.success(request, _("A sign-in link is on its way."))
    return redirect("partner", partner.pk)
