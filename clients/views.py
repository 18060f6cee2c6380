"""A couple walks in: each alone first, one card each. The agreement follows on the turned screen."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clients import agreement, couples, turned, walking_in
from clients.access import AsFacilitator, as_facilitator
from clients.forms import CardForm, CoupleForm
from clients.models import Consent, Partner, Screening
from facilitator import audit
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.models import Practice
from facilitator.now import now


@require_http_methods(["GET", "HEAD", "POST"])
def walk_in(request: HttpRequest) -> HttpResponse:
    """The first of the two. Nothing is written before this card is sent."""
    viewer = as_facilitator(request)
    practice = get_object_or_404(Practice, pk=viewer.practice_id)
    form = _form(request, practice.zone, {"key": uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            first = walking_in.begin(facilitator=request.user, facts=form.cleaned_data, now=now())
            return _onward(request, viewer, first, form.cleaned_data["act"])
        except Refusal as refusal:
            form.add_error("reach", said(refusal))
            form.not_yet = refusal.code
    return _card(request, viewer, form, {"slot": "A", "name": form["name"].value() or ""})


@require_http_methods(["GET", "HEAD", "POST"])
def walk_in_card(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """The card of the second, or of either once more."""
    viewer = as_facilitator(request)
    found = get_object_or_404(Partner.objects.visible_to(viewer).select_related("couple"), pk=partner_id)
    audit.saw(request, practice=found.couple.practice_id, actor=viewer.actor, subject=f"partner:{found.pk}")
    given = agreement.given_by(viewer, found)
    form = _form(request, found.couple.zone, _known(viewer, found), given)
    if request.method == "POST" and form.is_valid():
        try:
            walking_in.keep(partner=found, facilitator=request.user, facts=form.cleaned_data, now=now())
            return _onward(request, viewer, found, form.cleaned_data["act"])
        except Refusal as refusal:
            form.add_error("reach", said(refusal))
            form.not_yet = refusal.code
    both = list(Partner.objects.visible_to(viewer).filter(couple=found.couple_id))
    return _card(
        request, viewer, form, {"slot": found.slot, "name": found.name, "both": both, "partner": found}
    )


def _form(
    request: HttpRequest, zone: str, initial: dict[str, Any], given: Sequence[Consent] = ()
) -> CardForm:
    today = now().astimezone(ZoneInfo(zone)).date()
    if initial.get("spoken_on") == today:
        initial["spoken"] = "today"
    ticks = agreement.ticks(request.user.name)
    return CardForm(request.POST or None, initial=initial, today=today, ticks=ticks, given=given)


def _known(viewer: AsFacilitator, partner: Partner) -> dict[str, Any]:
    """What an earlier card said. A yes given before is said on the card and never ticked for anybody."""
    talks = Screening.objects.visible_to(viewer).filter(partner=partner)
    last = talks.order_by("-recorded_at").first()
    known = {"name": partner.name}
    if last is None:
        return known
    return {
        **known,
        "spoken": "on",
        "spoken_on": last.spoken_alone_on,
        "outcome": last.outcome,
        "notes": last.notes,
    }


def _card(request: HttpRequest, viewer: AsFacilitator, form: CardForm, facts: dict[str, Any]) -> HttpResponse:
    words = agreement.paragraphs(request.user.name, facts["name"] or _("Ana"))
    context = {"viewer": viewer, "form": form, "words": words, **facts}
    return page(request, "clients/walk_in.html", context, status=422 if form.errors else 200)


def _onward(request: HttpRequest, viewer: AsFacilitator, partner: Partner, act: str) -> HttpResponse:
    """To the agreement on the turned screen, then to the other one's card, then to today."""
    if act == "enquiry":
        return redirect("couple", partner.couple_id)
    onward = _after(viewer, partner)
    if act in ("given", "on"):
        return redirect(onward)
    turned.turn(request, back=onward, card=turned.Card("agreement", partner.pk))
    return redirect("turned")


def _after(viewer: AsFacilitator, partner: Partner) -> str:
    other = Partner.objects.visible_to(viewer).filter(couple=partner.couple_id).exclude(pk=partner.pk).get()
    if not (other.name and Screening.objects.visible_to(viewer).filter(partner=other).exists()):
        return reverse("walk_in_card", args=[other.pk])
    return reverse("today", args=[partner.couple_id])


@require_http_methods(["GET", "HEAD", "POST"])
def couple_new(request: HttpRequest) -> HttpResponse:
    viewer = as_facilitator(request)
    form = CoupleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        names = {"A": facts["name_a"], "B": facts["name_b"]}
        couple = couples.welcome(
            facilitator=request.user, label=facts["label"], names=names, zone=facts["zone"], now=now()
        )
        return redirect("couple", couple.pk)
    return page(
        request,
        "clients/couple_new.html",
        {"viewer": viewer, "form": form},
        status=422 if form.errors else 200,
    )
