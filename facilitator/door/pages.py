"""Pages that show several rooms at once, so they stand at the front door: a couple, a partner, a finished session."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from clients import consents, couples, safety
from clients.access import AsFacilitator
from clients.doors import seen_couple, seen_partner
from clients.forms import AddressForm, ConsentForm, TalkForm
from clients.models import Channel, Consent, Partner, Screening
from facilitator.door import demo
from facilitator.errors import Refusal
from facilitator.http import page, said
from facilitator.mail import can_mail
from facilitator.now import now
from reports import documents, taken_home
from reports.forms import PartingForm
from sessions.doors import seen_session
from sessions.engine.figures import figures
from sessions.engine.plan import Plan
from sessions.models import Agreement, Reader, Session
from sessions.record import moment_rows, planning
from sessions.wording.codes import ENDED_HOW, at_the_desk


@require_safe
def couple(request: HttpRequest, couple_id: UUID) -> HttpResponse:
    viewer, found = seen_couple(request, couple_id)
    partners = cards(viewer, Partner.objects.visible_to(viewer).filter(couple=found))
    sessions = list(Session.objects.visible_to(viewer).filter(couple=found))
    for session in sessions:
        session.title = planning.title_of(session)

    context = {
        "viewer": viewer,
        "couple": found,
        "partners": partners,
        "sessions": sessions,
        "not_yet": _not_yet(partners),
        "is_enquiry": not all(partner.name for partner in partners),
        "is_example": demo.is_example(found, viewer),
    }
    with timezone.override(ZoneInfo(found.zone)):
        return page(request, "clients/couple.html", context)


def cards(viewer: AsFacilitator, partners: Any) -> list[Partner]:
    """Partners with what the facilitator keeps of each, in three queries however many they are."""
    cards = {partner.pk: partner for partner in partners}
    for card in cards.values():
        card.screening = None
        card.yeses = []
        card.channel = None

    talks = Screening.objects.visible_to(viewer).filter(partner__in=cards)
    for talk in talks.order_by("recorded_at"):
        cards[talk.partner_id].screening = talk

    given = Consent.objects.visible_to(viewer).filter(partner__in=cards, withdrawn_at__isnull=True)
    for consent in given.order_by("given_at"):
        cards[consent.partner_id].yeses.append(consent)

    reachable = Channel.objects.visible_to(viewer).filter(partner__in=cards, state=Channel.State.OK)
    for channel in reachable:
        cards[channel.partner_id].channel = channel

    return list(cards.values())


def _not_yet(partners: list[Partner]) -> list[str]:
    """Why the two cannot be planned together yet, for the facilitator alone."""
    words = []
    for partner in partners:
        if not partner.name:
            words.append(_("The other of the two has no card yet."))
            continue

        if partner.screening is None:
            words.append(_("%(name)s has not been spoken to alone.") % {"name": partner.name})
        elif partner.screening.outcome not in safety.TOGETHER:
            words.append(_("After the talk with %(name)s: talks with each.") % {"name": partner.name})

        scopes = {consent.scope for consent in partner.yeses}
        if Consent.Scope.FACILITATION not in scopes:
            words.append(_("%(name)s has not said yes to taking part.") % {"name": partner.name})

    return words


@require_http_methods(["GET", "HEAD", "POST"])
def partner(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """One partner's card. Each of its forms posts here and says which it is."""
    viewer, found = seen_partner(request, partner_id)
    act = request.POST.get("act", "")
    forms = _forms(request, act)
    if request.method == "POST" and _enter(request, viewer, found, act, forms):
        return redirect("partner", found.pk)

    [card] = cards(viewer, [found])
    context = {
        "viewer": viewer,
        "couple": found.couple,
        "partner": card,
        "forms": forms,
        "mail_ready": can_mail(found.couple.practice),
    }
    status = 422 if act else 200
    return page(request, "clients/partner.html", context, status=status)


FORMS: dict[str, Any] = {"talk": TalkForm, "consents": ConsentForm, "address": AddressForm}


def _forms(request: HttpRequest, act: str) -> dict[str, Any]:
    """All three, and the one that was posted with what was typed."""
    initial = {"talk": {"spoken_alone_on": now().date()}}
    typed = {act: request.POST}
    return {
        name: made(typed.get(name), initial=initial.get(name), auto_id=f"{name}-%s")
        for name, made in FORMS.items()
    }


def _enter(
    request: HttpRequest, viewer: AsFacilitator, partner: Partner, act: str, forms: dict[str, Any]
) -> bool:
    """Whether something was entered; otherwise the page shows what was typed and why not."""
    scope = request.POST.get("scope", "")
    if act == "withdraw" and scope in Consent.Scope.values:
        consents.withdraw(partner=partner, scope=scope, by=viewer.actor, now=now())
        return True

    form = forms.get(act)
    if form is None or not form.is_valid():
        return False

    facts = form.cleaned_data
    if act == "address":
        return _reached(request, partner, form)

    if act == "talk":
        safety.record_talk(partner=partner, user=request.user, now=now(), **facts)
    else:
        for each in facts["scopes"]:
            consents.give(partner=partner, scope=each, how=facts["how"], by=viewer.actor, now=now())
    return True


def _reached(request: HttpRequest, partner: Partner, form: Any) -> bool:
    """Whether the address was taken; where a rule says no, the form says which."""
    address = form.cleaned_data["address"]
    try:
        couples.take_address(partner=partner, address=address, facilitator=request.user, now=now())
    except Refusal as refusal:
        form.add_error("address", said(refusal))
        form.not_yet = refusal.code
        return False

    return True


@require_safe
def session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """After the end: papers, reading through, agreements, figures."""
    viewer, found = seen_session(request, session_id)
    if found.state != "ended":
        return redirect("desk", found.pk)

    with timezone.override(ZoneInfo(found.couple.zone)):
        return page(request, "reports/session.html", {"viewer": viewer, **_after(found, viewer)})


def _after(session: Session, viewer: AsFacilitator) -> dict[str, Any]:
    plan = planning.plan_of(session)
    session.title = planning.title_of(session)
    moments, _last = moment_rows.read(session.pk)
    numbers = figures(plan, moments)

    partners = Partner.objects.visible_to(viewer).filter(couple=session.couple_id)
    people = [partner for partner in partners if partner.slot in plan.partners]

    return {
        "session": session,
        "documents": documents.listed(session.pk, viewer),
        "agreements": _confirmed(session, viewer),
        "figures": numbers,
        "phase_rows": _phase_rows(plan, numbers),
        "people": people,
        "readers": _readers(session, viewer, people),
        "has_sheet": documents.has_sheet(session),
        "parting": PartingForm(initial=taken_home.so_far(session, viewer)),
        "ended_words": at_the_desk(ENDED_HOW, numbers["ended_how"]),
    }


def _confirmed(session: Session, viewer: AsFacilitator) -> list[Agreement]:
    """What both said yes to, with its words and the day to look again."""
    agreements = Agreement.objects.visible_to(viewer).filter(session=session, confirmed_at__isnull=False)
    found = list(agreements.select_related("line__moment"))

    for agreement in found:
        agreement.text = agreement.line.words.get("text", "")
        agreement.look_again_on = planning.day(agreement.line.moment.facts.get("look_again_on"))
    return found


def _phase_rows(plan: Plan, numbers: dict[str, Any]) -> list[dict[str, Any]]:
    """The seconds of each part; none where no clock ran."""
    if not plan.timed:
        return []

    return [
        {"title": phase.title, **numbers["phases"][str(number)]}
        for number, phase in enumerate(plan.phases, 1)
    ]


def _readers(session: Session, viewer: AsFacilitator, people: list[Partner]) -> list[dict[str, Any]]:
    said = Reader.objects.visible_to(viewer).filter(session=session, withdrawn_at__isnull=True)
    at = {reader.partner_id: reader.agreed_at for reader in said}
    return [{"partner": partner, "agreed_at": at.get(partner.pk)} for partner in people]
