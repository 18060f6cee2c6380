"""The front door: first visit, home, and errors that keep their manners."""

from datetime import timedelta

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clients.access import AsFacilitator, AsPartner, as_facilitator, viewer_of
from clients.models import Couple, Partner
from facilitator import crypto
from facilitator.door import begin, demo
from facilitator.door.forms import FirstRunForm
from facilitator.http import page
from facilitator.models import Practice, User
from facilitator.now import now
from sessions.models import Session
from sessions.record import planning

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def first_run(request: HttpRequest) -> HttpResponse:
    _only_first(request)
    form = FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, begin.begin(**form.cleaned_data), backend=BACKEND)
        return redirect("home")

    status = 422 if form.errors else 200
    return page(request, "facilitator/first_run.html", {"form": form}, status=status)


@login_not_required
@require_POST
def load_demo(request: HttpRequest) -> HttpResponse:
    _only_first(request)
    login(request, demo.load_demo(at=now()), backend=BACKEND)
    return redirect("home")


def _only_first(request: HttpRequest) -> None:
    if Practice.objects.exists() or not begin.may_begin(request):
        raise Http404


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if viewer is None:
        return _to_sign_in(request)
    if isinstance(viewer, AsPartner):
        return redirect("portal")
    if not isinstance(viewer, AsFacilitator):
        return page(request, "facilitator/home.html", {"viewer": viewer, "couples": None})

    both = Prefetch("partners", queryset=Partner.objects.visible_to(viewer), to_attr="both")
    couples = Couple.objects.visible_to(viewer).filter(closed_at__isnull=True).prefetch_related(both)
    crypto.keys.fetch(couples.values_list("pk", flat=True))

    context = {
        "viewer": viewer,
        "couples": couples,
        "sessions": _today(viewer),
        "one_step": _one_step(request),
    }
    return page(request, "facilitator/home.html", context)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the first page of an empty house, or to sign in. Whoever is signed in already is nobody here any more."""
    if request.user.is_authenticated:
        raise Http404

    is_empty = not Practice.objects.exists()
    if is_empty and begin.may_begin(request):
        return redirect("first_run")
    return redirect("account_login")


def _one_step(request: HttpRequest) -> bool:
    """Whether a second step at sign-in is still to be offered. A demo practice has no password to begin with."""
    user = request.user
    if user.practice is None or user.practice.is_demo:
        return False
    return user.has_usable_password() and not is_mfa_enabled(user)


@require_POST
def example(request: HttpRequest) -> HttpResponse:
    """A made-up couple to look at, beside the real ones and marked as what it is; or out of sight again."""
    as_facilitator(request)
    if request.POST.get("act") == "away":
        demo.put_away(request.user, at=now())
        return redirect("home")

    return redirect("couple", demo.example(request.user, at=now()).pk)


def _today(viewer: AsFacilitator) -> list[Session]:
    """Planned within twelve hours of now, or still going on."""
    around = (now() - timedelta(hours=12), now() + timedelta(hours=12))
    is_near = Q(planned_start__range=around)
    goes_on = Q(began_at__isnull=False, ended_at__isnull=True)
    sessions = Session.objects.visible_to(viewer).select_related("couple")
    found = list(sessions.filter(is_near | goes_on).distinct().order_by("planned_start"))

    for session in found:
        session.title = planning.title_of(session)
    return found


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    kind = _(
        "This page had been open for long. Please go back, reload it and try again; nothing was changed."
    )
    return page(request, "403.html", {"kind_words": kind}, status=403)


@login_not_required
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """For a supervisor or a proxy: the process answers and its database does."""
    User.objects.exists()
    return HttpResponse("ok", content_type="text/plain")
