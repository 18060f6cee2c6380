"""A partner's own doors: their page, what they answer there, the way out, and the link that lets them in."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import as_partner
from clients.models import Partner
from clients.rituals import links, rituals
from clients.rituals.doors import own_ritual
from clients.rituals.forms import AnswerForm, HourForm
from clients.rituals.portal import Portal, SeenRitual, portal
from facilitator.errors import Refusal, gettext_noop
from facilitator.http import page, said
from facilitator.now import now

# Their page


@require_safe
def portal_page(request: HttpRequest) -> HttpResponse:
    viewer = as_partner(request)
    both = Partner.objects.visible_to(viewer).filter(couple=viewer.couple_id)
    me = get_object_or_404(both, pk=viewer.partner_id)
    other = both.exclude(pk=me.pk).first()
    shown = portal(viewer, now=now())

    context = {
        "viewer": viewer,
        "partner": me,
        "other": other,
        "portal": shown,
        "asked": [{"ritual": ritual, "form": _hour_form(ritual)} for ritual in shown.asked],
        "lead": _lead(shown),
    }
    return page(request, "rituals/portal.html", context)


def _hour_form(ritual: SeenRitual) -> HourForm | None:
    """Where it has an hour, the one that suits this person is asked with their yes."""
    if ritual.hour is None:
        return None
    return HourForm(initial={"hour": ritual.hour}, prefix=str(ritual.id))


def _lead(shown: Portal) -> str:
    """The sentence at the top of the page."""
    if shown.asked and not shown.due:
        return _("Something is here for you to look at.")
    return shown.line


# What they answer there


def _said_kindly(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What cannot be is said in a sentence, on a page that leads back to their own."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            status = refusal.status
            return page(request, "rituals/kindly.html", {"words": said(refusal)}, status=status)

    return answer


def _facts(form: forms.Form) -> dict[str, Any]:
    """What was posted, where it is well-formed."""
    if not form.is_valid():
        raise Refusal(gettext_noop("Please look at this once more."), "form", "form")
    return form.cleaned_data


@require_POST
@_said_kindly
def ritual_answer(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    """Their answer for the date that came round last."""
    _viewer, ritual, me = own_ritual(request, ritual_id)
    facts = _facts(AnswerForm(request.POST))

    rituals.respond(ritual=ritual, partner=me, now=now(), **facts)
    return redirect("portal")


@require_POST
@_said_kindly
def ritual_consent(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    """Their answer to being asked about a ritual."""
    _viewer, ritual, me = own_ritual(request, ritual_id)
    answer = request.POST.get("answer", "")
    facts = _facts(HourForm(request.POST, prefix=str(ritual.pk)))

    rituals.consent(ritual=ritual, partner=me, answer=answer, now=now(), **facts)
    return redirect("portal")


@require_POST
@_said_kindly
def ritual_rest(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    _viewer, ritual, me = own_ritual(request, ritual_id)
    rituals.rest(ritual=ritual, partner=me, now=now())
    return redirect("portal")


@require_POST
@_said_kindly
def ritual_resume(request: HttpRequest, ritual_id: UUID) -> HttpResponse:
    _viewer, ritual, me = own_ritual(request, ritual_id)
    rituals.resume(ritual=ritual, partner=me, now=now())
    return redirect("portal")


# The way out, and the way in


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
    if request.method == "POST":
        signed_in = links.spend(token, request=request, now=now())
        if signed_in is not None:
            return redirect("portal")
    elif links.is_open(token, now=now()):
        return page(request, "rituals/link.html")

    return page(request, "rituals/link_gone.html", status=404)
