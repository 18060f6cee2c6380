"""Doors of a session that is over: its file, and a ritual made of what was agreed."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_safe

from clients.access import as_facilitator
from clients.models import Partner
from clients.rituals.forms import ProposeForm
from facilitator.errors import Refusal
from facilitator.http import page
from facilitator.now import now
from sessions.doors import seen_session
from sessions.models import Agreement
from sessions.record import import_export, planning


@require_safe
def session_file(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The session as a file of commands, for its facilitator."""
    _viewer, session = seen_session(request, session_id)
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in import_export.export(session))

    response = HttpResponse(text, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="session-{session.pk.hex[:8]}.jsonl"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def agreement_ritual(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Make a ritual of what they agreed; nothing runs before each has said yes to it."""
    viewer = as_facilitator(request)
    confirmed = Agreement.objects.visible_to(viewer).filter(confirmed_at__isnull=False)
    found = get_object_or_404(confirmed.select_related("session__couple", "line"), pk=agreement_id)
    couple = found.session.couple
    text = found.line.words.get("text", "")

    form = ProposeForm(
        request.POST or None,
        partners=list(Partner.objects.visible_to(viewer).filter(couple=couple)),
        template=None,
        today=now().date(),
        words=text[:400],
    )

    if form.is_bound and form.is_valid() and _proposed(request, found, form):
        return redirect("couple_rituals", couple.pk)

    context = {"viewer": viewer, "couple": couple, "form": form, "agreement": {"text": text}}
    return page(request, "rituals/propose.html", context, status=422 if form.errors else 200)


def _proposed(request: HttpRequest, agreement: Agreement, form: ProposeForm) -> bool:
    """Propose the ritual; whether the rules let it pass. What they say stands on the form."""
    try:
        planning.ritual_of(agreement, by=request.user, now=now(), **form.facts())
    except Refusal as refusal:
        form.say_no(refusal)
        return False

    return True
