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

from clients import agreement, couples, safety, turned, walking_in
from clients.access import AsFacilitator, as_facilitator
from clients.doors import seen_partner
from clients.forms import CardForm, CoupleForm
from clients.models import Consent, Partner, Screening
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.models import Practice
from facilitator.now import now

# The two cards


@require_http_methods(["GET", "HEAD", "POST"])
def walk_in(request: HttpRequest) -> HttpResponse:
    """The card of the first of the two. Nothing is written before it is sent."""
    viewer = as_facilitator(request)
    practice = get_object_or_404(Practice, pk=viewer.practice_id)
    form = _form(request, practice.zone, initial={"key": uuid4()})

    if form.is_valid():
        first = _keep(request, form, partner=None)
        if first is not None:
            return _onward(request, viewer, first, form.cleaned_data["act"])

    return _card(request, viewer, form, slot="A", name=form["name"].value() or "")


@require_http_methods(["GET", "HEAD", "POST"])
def walk_in_card(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """The card of the second, or of either once more."""
    viewer, partner = seen_partner(request, partner_id)
    given = agreement.given_by(viewer, partner)
    form = _form(request, partner.couple.zone, initial=_known(viewer, partner), given=given)

    if form.is_valid():
        kept = _keep(request, form, partner=partner)
        if kept is not None:
            return _onward(request, viewer, kept, form.cleaned_data["act"])

    return _card(request, viewer, form, slot=partner.slot, name=partner.name, partner=partner)


def _form(
    request: HttpRequest, zone: str, *, initial: dict[str, Any], given: Sequence[Consent] = ()
) -> CardForm:
    today = now().astimezone(ZoneInfo(zone)).date()
    if initial.get("spoken_on") == today:
        initial["spoken"] = "today"

    ticks = agreement.ticks(request.user.name)
    return CardForm(request.POST or None, initial=initial, today=today, ticks=ticks, given=given)


def _known(viewer: AsFacilitator, partner: Partner) -> dict[str, Any]:
    """What an earlier card said. A yes given before is said on the card and never ticked for anybody."""
    known: dict[str, Any] = {"name": partner.name}

    talk = safety.latest_talk(viewer, partner)
    if talk is not None:
        known["spoken"] = "on"
        known["spoken_on"] = talk.spoken_alone_on
        known["outcome"] = talk.outcome
        known["notes"] = talk.notes

    return known


def _keep(request: HttpRequest, form: CardForm, *, partner: Partner | None) -> Partner | None:
    """Whose card was kept; None where it has to come back with what was typed, and says why."""
    facts = form.cleaned_data
    try:
        if partner is None:
            return walking_in.begin(facilitator=request.user, facts=facts, now=now())
        return walking_in.keep(partner=partner, facilitator=request.user, facts=facts, now=now())
    except Refusal as refusal:
        # Only an address can be refused.
        form.add_error("reach", said(refusal))
        form.not_yet = refusal.code
        return None


def _card(
    request: HttpRequest,
    viewer: AsFacilitator,
    form: CardForm,
    *,
    slot: str,
    name: str,
    partner: Partner | None = None,
) -> HttpResponse:
    context = {
        "viewer": viewer,
        "form": form,
        "slot": slot,
        "name": name,
        "partner": partner,
        "heading": _heading(slot, name),
        "turn_words": _turn_words(name),
        "words": agreement.paragraphs(request.user.name, name or _("Ana")),
    }
    return page(request, "clients/walk_in.html", context, status=422 if form.errors else 200)


def _heading(slot: str, name: str) -> str:
    if name:
        return _("%(name)s, alone") % {"name": name}
    if slot == "A":
        return _("One of the two, alone")
    return _("The other, alone")


def _turn_words(name: str) -> str:
    if name:
        return _("Turn the screen to %(name)s") % {"name": name}
    return _("Turn the screen to them")


# Where a card leads


def _onward(request: HttpRequest, viewer: AsFacilitator, partner: Partner, act: str) -> HttpResponse:
    """To the agreement on the turned screen, then to the other one's card, then to today."""
    if act == "enquiry":
        return redirect("couple", partner.couple_id)

    next_place = _after(viewer, partner)
    if act in ("given", "on"):
        return redirect(next_place)

    turned.turn(request, back=next_place, card=turned.HandOverCard("agreement", partner.pk))
    return redirect("turned")


def _after(viewer: AsFacilitator, partner: Partner) -> str:
    """The other one's card where it is not whole yet, else today."""
    others = Partner.objects.visible_to(viewer).filter(couple=partner.couple_id).exclude(pk=partner.pk)
    other = others.get()
    was_spoken_to = Screening.objects.visible_to(viewer).filter(partner=other).exists()

    if other.name and was_spoken_to:
        return reverse("today", args=[partner.couple_id])
    return reverse("walk_in_card", args=[other.pk])


# Both at once


@require_http_methods(["GET", "HEAD", "POST"])
def couple_new(request: HttpRequest) -> HttpResponse:
    """A couple that is entered with both names and a label, without cards."""
    viewer = as_facilitator(request)
    form = CoupleForm(request.POST or None)

    if form.is_valid():
        facts = form.cleaned_data
        names = {"A": facts["name_a"], "B": facts["name_b"]}
        couple = couples.welcome(
            facilitator=request.user, label=facts["label"], names=names, zone=facts["zone"], now=now()
        )
        return redirect("couple", couple.pk)

    context = {"viewer": viewer, "form": form}
    return page(request, "clients/couple_new.html", context, status=422 if form.errors else 200)
