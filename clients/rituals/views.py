"""Rituals at their doors: the facilitator proposes, each partner answers for themselves."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, AsPartner, as_facilitator, as_partner
from clients.models import Couple, Partner
from clients.rituals import deliveries, links, rituals
from clients.rituals.forms import ANSWERS, AnswerForm, ChangeForm, HourForm, ProposeForm
from clients.rituals.library import RitualTemplate, library
from clients.rituals.models import Occurrence, Ritual, RitualConsent
from clients.rituals.portal import Mine, cadence_words, portal
from facilitator import audit
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.now import now

# The facilitator


@require_safe
def couple_rituals(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    couple = get_object_or_404(Couple.objects.visible_to(viewer), pk=couple_id)
    audit.saw(request, practice=couple.practice_id, actor=viewer.actor, subject=f"rituals:{couple.pk}")
    context = {"couple": couple, "rituals": _cards(couple, viewer), "library": list(library().values())}
    return page(request, "rituals/couple_rituals.html", {**context, "not_sent": _not_sent(couple, viewer)})


def _cards(couple: Couple, viewer: AsFacilitator) -> list[dict[str, Any]]:
    consents = RitualConsent.objects.visible_to(viewer).filter(ritual__couple=couple)
    answers: dict[UUID, list[dict[str, Any]]] = {}
    for each in consents.select_related("partner").order_by("partner__slot"):
        words = _("lets it rest") if each.is_resting else ANSWERS[RitualConsent.Answer(each.answer)]
        answers.setdefault(each.ritual_id, []).append({"partner": each.partner, "words": words})
    return [
        {
            "id": ritual.pk,
            "title": _(ritual.title),
            "state": ritual.state,
            "cadence_words": cadence_words(ritual),
            "answers": answers.get(ritual.pk, []),
        }
        for ritual in Ritual.objects.visible_to(viewer).filter(couple=couple)
    ]


def _not_sent(couple: Couple, viewer: AsFacilitator) -> dict[str, Any] | None:
    """From when to when reminders were planned and did not go out, coarsely."""
    missed = Occurrence.objects.visible_to(viewer).filter(
        ritual__couple=couple, reminder__in=(Occurrence.Reminder.NOT_SENT, Occurrence.Reminder.NOT_CONFIRMED)
    )
    days = list(missed.order_by("due_at").values_list("due_at", flat=True))
    return {"from": days[0], "until": days[-1], "count": len(days)} if days else None


@require_http_methods(["GET", "HEAD", "POST"])
def ritual_propose(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    couple = get_object_or_404(Couple.objects.visible_to(viewer), pk=couple_id)
    template = library().get(request.GET.get("template", ""))
    form = _propose_form(request, viewer, couple, template)
    if form.is_bound and form.is_valid():
        try:
            rituals.propose(couple=couple, by=request.user, now=now(), **form.facts())
            return redirect("couple_rituals", couple.pk)
        except Refusal as refusal:
            form.add_error(None, said(refusal))
            if refusal.kind == "soft":
                form.offer_override()
    context = {"couple": couple, "form": form, "template": template, "agreement": None}
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


@require_POST
def ritual_change(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    ritual = get_object_or_404(Ritual.objects.visible_to(viewer), pk=ritual_id)
    form = ChangeForm(request.POST)
    acts = {
        "rest": rituals.facilitator_rests,
        "resume": rituals.facilitator_resumes,
        "graduate": rituals.graduate,
    }
    if form.is_valid():
        acts[form.cleaned_data["act"]](ritual=ritual, by=request.user, now=now())
    return redirect("couple_rituals", ritual.couple_id)


@require_POST
def partner_link(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Send this person a link to their own page."""
    viewer = as_facilitator(request)
    partner = get_object_or_404(Partner.objects.visible_to(viewer).select_related("couple"), pk=partner_id)
    try:
        deliveries.offer_sign_in(partner=partner, now=now())
    except Refusal as refusal:
        return page(request, "rituals/not_yet.html", {"partner": partner, "words": said(refusal)}, status=409)
    messages.success(request, _("A sign-in link is on its way."))
    return redirect("partner", partner.pk)


# A partner


@require_safe
def portal_page(request: HttpRequest) -> HttpResponse:
    viewer = as_partner(request)
    mine = portal(viewer, now=now())
    two = Partner.objects.visible_to(viewer).filter(couple=viewer.couple_id)
    me = get_object_or_404(two, pk=viewer.partner_id)
    other = two.exclude(pk=me.pk).first()
    asked = [{"ritual": each, "form": _hour_form(each)} for each in mine.asked]
    context = {"viewer": viewer, "partner": me, "other": other, "mine": mine, "asked": asked}
    return page(request, "rituals/portal.html", context)


def _hour_form(asked: Mine) -> HourForm | None:
    return HourForm(initial={"hour": asked.hour}, prefix=str(asked.id)) if asked.hour else None


def _own(request: HttpRequest, ritual_id: UUID) -> tuple[Ritual, Partner]:
    """A ritual this partner is asked about, and they themselves; anything else does not exist for them."""
    viewer: AsPartner = as_partner(request)
    asked = RitualConsent.objects.visible_to(viewer).filter(ritual=ritual_id)
    ritual = get_object_or_404(Ritual.objects.visible_to(viewer), pk=ritual_id, consents__in=asked)
    return ritual, get_object_or_404(Partner.objects.visible_to(viewer), pk=viewer.partner_id)


@require_POST
def ritual_answer(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    ritual, me = _own(request, ritual_id)
    form = AnswerForm(request.POST)
    return _done(request, form, lambda facts: rituals.respond(ritual=ritual, partner=me, now=now(), **facts))


@require_POST
def ritual_consent(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    ritual, me = _own(request, ritual_id)
    answer = request.POST.get("answer", "")
    form = HourForm(request.POST, prefix=str(ritual.pk))
    return _done(
        request,
        form,
        lambda facts: rituals.consent(ritual=ritual, partner=me, answer=answer, now=now(), **facts),
    )


@require_POST
def ritual_rest(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    ritual, me = _own(request, ritual_id)
    return _done(request, None, lambda _: rituals.rest(ritual=ritual, partner=me, now=now()))


@require_POST
def ritual_resume(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    ritual, me = _own(request, ritual_id)
    return _done(request, None, lambda _: rituals.resume(ritual=ritual, partner=me, now=now()))


def _done(request: HttpRequest, form: Any, act: Any) -> HttpResponse:
    """Act and go back to one's page; what cannot be is said there in a sentence."""
    try:
        if form is not None and not form.is_valid():
            raise Refusal(_("Please look at this once more."), "form", "form")
        act(form.cleaned_data if form is not None else {})
    except Refusal as refusal:
        return page(request, "rituals/kindly.html", {"words": said(refusal)}, status=refusal.status)
    return redirect("portal")


@require_POST
def partner_sign_out(request: HttpRequest) -> HttpResponse:
    """Leave, and leave nothing on this device that we put there."""
    as_partner(request)
    logout(request)
    response = page(request, "rituals/left.html")
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows, POST acts: mail gateways open every link they see."""
    if request.method == "POST" and links.spend(token, request=request, now=now()):
        return redirect("portal")
    if request.method != "POST" and links.is_open(token, now=now()):
        return page(request, "rituals/link.html")
    return page(request, "rituals/link_gone.html", {"facilitator": None}, status=404)
