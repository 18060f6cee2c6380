"""A couple walks in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from clients import couples
from clients.access import as_facilitator
from clients.forms import CoupleForm
from facilitator.http import page
from facilitator.now import now


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
