"""A couple's pages for its facilitator."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from clients import consents, couples, safety
from clients.access import AsFacilitator, as_facilitator
from clients.forms import AddressForm, ConsentForm, CoupleForm, TalkForm
from clients.models import Channel, Consent, Couple, Partner, Screening
from facilitator import audit
from facilitator.http import page
from facilitator.mail import can_mail
from facilitator.now import now


@require_http_methods(["GET", "HEAD", "POST"])
def couple_new(request: HttpRequest) -> HttpResponse:
    as_facilitator(request)
    form = CoupleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        names = {"A": facts["name_a"], "B": facts["name_b"]}
        couple = couples.welcome(
            facilitator=request.user, label=facts["label"], names=names, zone=facts["zone"], now=now()
        )
        return redirect("couple", couple.pk)
    return page(request, "clients/couple_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def couple(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer = as_facilitator(request)
    found = get_object_or_404(Couple.objects.visible_to(viewer), pk=couple_id)
    audit.saw(request, practice=found.practice_id, actor=viewer.actor, subject=f"couple:{found.pk}")
    partners = list(Partner.objects.visible_to(viewer).filter(couple=found))
    context = {"viewer": viewer, "couple": found, "partners": [_card(p, viewer) for p in partners]}
    return page(request, "clients/couple.html", context)


def _card(partner: Partner, viewer: AsFacilitator) -> dict[str, Any]:
    """What the facilitator's card of one partner shows."""
    talks = Screening.objects.visible_to(viewer).filter(partner=partner).order_by("-recorded_at")
    given = Consent.objects.visible_to(viewer).filter(partner=partner, withdrawn_at__isnull=True)
    channel = Channel.objects.visible_to(viewer).filter(partner=partner, state=Channel.State.OK).first()
    return {"partner": partner, "talk": talks.first(), "consents": list(given), "channel": channel}


@require_http_methods(["GET", "HEAD", "POST"])
def partner(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """One partner's card. Each of its three forms posts here and says which it is."""
    viewer = as_facilitator(request)
    found = get_object_or_404(Partner.objects.visible_to(viewer).select_related("couple"), pk=partner_id)
    audit.saw(request, practice=found.couple.practice_id, actor=viewer.actor, subject=f"partner:{found.pk}")
    forms = _forms(request, found)
    posted = forms.get(request.POST.get("form", "")) if request.method == "POST" else None
    if posted is not None and posted.is_valid():
        _enter(request, viewer, found, posted)
        return redirect("couple", found.couple_id)
    can_reach = can_mail(found.couple.practice, None)
    context = {
        "viewer": viewer,
        "couple": found.couple,
        **_card(found, viewer),
        **forms,
        "can_reach": can_reach,
    }
    return page(request, "clients/partner.html", context, status=422 if posted is not None else 200)


def _forms(request: HttpRequest, partner: Partner) -> dict[str, Any]:
    which = request.POST.get("form", "") if request.method == "POST" else ""
    classes = {"talk_form": TalkForm, "consent_form": ConsentForm, "address_form": AddressForm}
    return {
        name: made(request.POST if name == which else None, prefix=name) for name, made in classes.items()
    }


def _enter(request: HttpRequest, viewer: AsFacilitator, partner: Partner, form: Any) -> None:
    facts = form.cleaned_data
    if isinstance(form, TalkForm):
        safety.record_talk(partner=partner, user=request.user, now=now(), **facts)
    elif isinstance(form, ConsentForm):
        for scope in facts["scopes"]:
            consents.give(partner=partner, scope=scope, how=facts["how"], by=viewer.actor, now=now())
    else:
        couples.reach_by_email(partner=partner, address=facts["address"], by=viewer, now=now())
