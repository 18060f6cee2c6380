"""Every door: route × verb × actor, and the states of a route's own object. tests/test_doors.py walks this table.

Who is who (tests/world.py): the *team* is Fay, who leads, and Gil, a co-facilitator both agreed to. Everybody
else who can sign in is a stranger to Ana and Ben: Cleo of another couple, Oli who leads it, Hal whom only Ana
agreed to, Ida who was removed, Jo of the same practice, Kim its admin, and Eve, who left. Lou's account is
closed, so Lou is nobody. A stranger meets 404, nobody signed in meets the sign-in page or 401.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from clients.models import Partner
from clients.rituals.models import Ritual, RitualConsent, SignInLink
from reports.models import Document
from sessions.engine.kinds import ALWAYS
from sessions.models import Agreement
from tests.world import NOW, TO_STATE, World

VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
TEAM = ("fay", "co")
PARTNERS = ("ana", "ben")
STRANGERS = ("cleo", "oli", "co not agreed", "co removed", "colleague", "admin", "left")
NOBODY = ("nobody", "inactive")
ACTORS = (*TEAM, *PARTNERS, *STRANGERS, *NOBODY)
GROUPS = {"team": TEAM, "partners": PARTNERS, "strangers": STRANGERS, "nobody": NOBODY, "everybody": ACTORS}
GROUPS |= {"facilitators": ("fay", "co", "oli", "co not agreed", "co removed", "colleague")}
GROUPS |= {"with password": (*GROUPS["facilitators"], "admin")}
GROUPS |= {"viewers": (*GROUPS["facilitators"], *PARTNERS, "cleo")}
GROUPS |= {"signed in": tuple(a for a in ACTORS if a not in NOBODY)}

# What a GET may write: who looked, and nothing else.
MAY_BE_WRITTEN = {"facilitator_auditentry", "facilitator_audithead"}

Table = dict[str, int]


@dataclass(frozen=True)
class Row:
    """One route. `get` and `post` say who meets what; whoever is not named meets 404, or the sign-in page."""

    name: str
    get: Table | None = None
    post: Table | None = None
    # What the address needs, and what is posted; both from the world.
    at: Callable[[World], dict[str, Any]] = lambda world: {}
    body: Callable[[World], dict[str, Any]] = lambda world: {"something": "else"}
    # The states of the route's own object, one at a time, and where one of them changes an answer.
    states: str = ""
    but: dict[tuple[str, str], Table] = field(default_factory=dict)
    is_api: bool = False
    is_open: bool = False
    # Verbs a view of somebody else's takes for GET or POST.
    also: dict[str, Table] = field(default_factory=dict)
    only_verbs: bool = True


def session(world: World) -> dict[str, Any]:
    return {"session_id": world.sessions["running"].pk}


def written_up(world: World) -> dict[str, Any]:
    return {"session_id": world.sessions["written up"].pk}


def couple(world: World) -> dict[str, Any]:
    return {"couple_id": world.fay.couple.pk}


def ana(world: World) -> dict[str, Any]:
    return {"partner_id": world.fay.a.pk}


def shared_ritual(world: World) -> dict[str, Any]:
    return {"ritual_id": world.rituals["both"].pk}


def agreement(world: World) -> dict[str, Any]:
    found = Agreement.objects.unscoped("a test looks").get(session=world.sessions["ended"])
    return {"agreement_id": found.pk}


def paper(kind: str, owner: str = "") -> Callable[[World], dict[str, Any]]:
    def is_it(document: Document) -> bool:
        slot = document.owner.slot if document.owner else ""
        return document.kind == kind and slot == owner

    def at(world: World) -> dict[str, Any]:
        return {"document_id": next(each.pk for each in world.papers() if is_it(each))}

    return at


def accounts(name: str, get: Table, post: Table | None = None, **more: Any) -> Row:
    """django-allauth's own pages: they know no couple, so there is nobody to be a stranger to."""
    return Row(name, get=get, post=post if post is not None else get, only_verbs=False, **more)


ENDED_ONLY = {("GET", state): {"team": 302} for state in TO_STATE if state != "ended"}
ROWS = [
    # The front door
    Row("home", get={"facilitators": 200, "admin": 200, "partners": 302, "cleo": 302, "nobody": 302}, is_open=True),
    Row("first_run", get={}, post={}, is_open=True),
    Row("load_demo", post={}, is_open=True),
    Row("example", post={"facilitators": 302}),
    Row("health", get={"everybody": 200}, is_open=True),
    Row("mail_settings", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("mail_test", post={}),
    Row("mailbox", get={"facilitators": 200}),
    # Signing in
    accounts("account_login", {"signed in": 302, "nobody": 200}, is_open=True),
    accounts("account_logout", {"signed in": 200, "nobody": 302}, {"everybody": 302}, is_open=True),
    accounts("account_signup", {"signed in": 302, "nobody": 200}, is_open=True),
    accounts("account_reauthenticate", {"with password": 200}),
    accounts("account_change_password", {"with password": 200}),
    accounts("mfa_authenticate", {"everybody": 302}, is_open=True),
    accounts("mfa_reauthenticate", {"with password": 302}),
    accounts("mfa_index", {"with password": 200}, {"with password": 405}),
    # Asks for the password again first.
    accounts("short_code", {"with password": 302}),
    accounts("mfa_activate_totp", {"with password": 302}),
    accounts("mfa_deactivate_totp", {}),
    accounts("mfa_view_recovery_codes", {}, {"with password": 405}),
    accounts("mfa_generate_recovery_codes", {"with password": 302}),
    accounts("mfa_download_recovery_codes", {}),
    # Couples
    Row("walk_in", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("walk_in_card", get={"team": 200}, post={"team": 422}, at=ana),
    Row("today", get={"team": 200}, post={"team": 422}, at=couple),
    Row("couple_new", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("couple", get={"team": 200}, at=couple),
    Row("partner", get={"team": 200}, post={"team": 200}, at=ana),
    # Just the clock: an hour of nobody's, held by the page; and what is written up afterwards
    Row("just_the_clock", get={"facilitators": 200}),
    Row("clock_press", post={"facilitators": 422}),
    Row("clock_keep", post={"facilitators": 422}),
    Row("write_up", get={"facilitators": 200}, post={"facilitators": 422}),
    Row("written", get={"team": 200}, at=written_up),
    Row("write_down", post={"team": 422}, at=written_up),
    Row("plan", get={"team": 200}, post={"team": 422}, at=couple),
    # Sessions
    Row("session", get={"team": 200}, at=session, states="session", but=ENDED_ONLY),
    Row("desk", get={"team": 200}, at=session, states="session"),
    Row("desk_fragment", get={"team": 200}, at=session, states="session"),
    Row("desk_more", get={"team": 200}, at=session, states="session"),
    Row("command", post={"team": 422}, at=session, states="session"),
    # The turned screen; whoever has turned nothing is led home. What a turned sign-in meets: test_turned.py.
    Row("turn", post={"team": 302}, at=session, states="session", body=lambda w: {}),
    Row("turned", get={"facilitators": 302}),
    Row("turned_fragment", get={}),
    Row("turned_answer", post={"facilitators": 302}),
    Row("turned_back", post={"facilitators": 302}),
    Row("session_file", get={"team": 200}, at=session, states="session"),
    Row("api_commands", post={"team": 422}, at=session, states="session", is_api=True),
    Row("api_reading", get={"team": 200}, at=session, states="session", is_api=True),
    Row("agreement_ritual", get={"team": 200}, post={"team": 422}, at=agreement),
    # Papers
    Row("documents", get={"viewers": 200}),
    Row("door_sheet", get={}, at=session, states="session", but={("GET", "ended"): {"team": 200}}),
    Row(
        "parting", get={}, post={}, at=session, states="session",
        but={("GET", "ended"): {"team": 200}, ("POST", "ended"): {"team": 302}},
    ),
    Row(
        "read_with", get={}, post={}, at=lambda w: {**session(w), **ana(w)}, states="session",
        but={("GET", "ended"): {"team": 200}, ("POST", "ended"): {"team": 302}},
    ),
    Row("starting_papers", get={"facilitators": 200}),
    Row("starting_paper", get={"facilitators": 200}, at=lambda w: {"slug": "pause-card"}),
    Row("documents_prepare", post={}, at=session, states="session", but={("POST", "ended"): {"team": 302}}),
    # Rituals, the facilitator's side
    Row("couple_rituals", get={"team": 200}, at=couple),
    Row("ritual_propose", get={"team": 200}, post={"team": 200}, at=couple),
    Row("ritual_change", post={"team": 302}, at=shared_ritual, states="ritual"),
    Row("partner_link", post={"team": 302}, at=ana),
    # A partner's own pages
    Row("portal", get={"partners": 200, "cleo": 200}),
    Row("partner_sign_out", post={"partners": 200, "cleo": 200}),
    Row("ritual_answer", post={"partners": 422}, at=shared_ritual, states="ritual"),
    Row("ritual_consent", post={"partners": 422}, at=shared_ritual, states="ritual"),
    Row("ritual_rest", post={"partners": 302}, at=shared_ritual, states="ritual"),
    Row("ritual_resume", post={"partners": 302}, at=shared_ritual, states="ritual"),
    Row("api_rituals", get={"partners": 200, "cleo": 200}, is_api=True),
    Row("api_today", get={"partners": 200, "cleo": 200}, is_api=True),
    Row("api_answer", post={"partners": 400}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_consent", post={"partners": 400}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_rest", post={"partners": 200}, at=shared_ritual, states="ritual", is_api=True),
    Row("api_resume", post={"partners": 200}, at=shared_ritual, states="ritual", is_api=True),
    # Links
    Row(
        "link", get={"everybody": 200}, post={"everybody": 302}, is_open=True, states="link",
        at=lambda w: {"token": w.links["unused"]},
        but={(verb, state): {"everybody": 404} for verb in ("GET", "POST") for state in ("used", "too old", "revoked")},
    ),
]  # fmt: skip
# One address, several kinds of paper: each has readers of its own.
PAPERS = [
    Row("document", get={"team": 200}, at=paper("facilitator_record"), states="document"),
    Row("document", get={"team": 200, "ana": 200}, at=paper("partner_copy", "A"), states="document"),
    Row("document", get={"team": 200, "ben": 200}, at=paper("partner_copy", "B"), states="document"),
    Row("document", get={"team": 200, "partners": 200}, at=paper("joint_summary"), states="document"),
    Row("document", get={"team": 200, "partners": 200}, at=paper("door_sheet"), states="document"),
]
# A ritual of one is nobody else's: not even that it is.
OWN = [
    Row(name, post={"ana": status}, at=lambda w: {"ritual_id": w.rituals["Ana's"].pk}, is_api=api)
    for name, status, api in (
        ("ritual_answer", 422, False),
        ("ritual_consent", 422, False),
        ("ritual_rest", 302, False),
        ("ritual_resume", 302, False),
        ("api_answer", 400, True),
        ("api_consent", 400, True),
        ("api_rest", 200, True),
        ("api_resume", 200, True),
    )
] + [Row("ritual_change", post={"team": 302}, at=lambda w: {"ritual_id": w.rituals["Ben's"].pk})]
EVERY = ROWS + PAPERS + OWN


# States of a route's own object: the enum it has, and how it comes to be so


def _session_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    # *Wrapping up* is a reading of *running* at a later instant: no row differs.
    assert set(TO_STATE) == set(ALWAYS) - {"wrapping_up"}
    for state in TO_STATE:
        yield state, {**row.at(world), "session_id": world.sessions[state].pk}


def _ritual_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    mine = Ritual.objects.unscoped("a test sets a state").filter(pk=world.rituals["both"].pk)
    yes = RitualConsent.objects.unscoped("a test sets a state").filter(ritual=world.rituals["both"].pk)
    for state, answer in itertools.product(Ritual.State, RitualConsent.Answer):
        mine.update(state=state)
        yes.update(answer=answer)
        yield f"{state}, {answer}", row.at(world)


def _document_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    at = row.at(world)
    mine = Document.objects.unscoped("a test sets a state").filter(pk=at["document_id"])
    for state in Document.State:
        mine.update(state=state)
        yield state, at


def _link_states(row: Row, world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    links = SignInLink.objects.unscoped("a test spends a link").order_by("made_at", "pk")
    links.filter(partner=world.fay.a).exclude(digest="").update(used_at=None)

    yield "unused", {"token": world.links["unused"]}
    yield "too old", {"token": world.links["too old"]}

    links.update(used_at=NOW)
    yield "used", {"token": world.links["used"]}
    links.update(used_at=None)

    Partner.objects.unscoped("a test lets Ana leave").filter(pk=world.fay.a.pk).update(left_at=NOW)
    yield "revoked", {"token": world.links["unused"]}

    Partner.objects.unscoped("a test brings Ana back").filter(pk=world.fay.a.pk).update(left_at=None)


STATES = {
    "session": _session_states,
    "ritual": _ritual_states,
    "document": _document_states,
    "link": _link_states,
}


def expected(row: Row, verb: str, actor: str, state: str = "") -> int:
    # REST framework's function views know no HEAD.
    shown = "GET" if verb == "HEAD" and not row.is_api else verb
    table = row.but.get((shown, state), {"GET": row.get, "POST": row.post}.get(shown))

    must_sign_in = actor in NOBODY and not row.is_open
    sign_in = 401 if row.is_api else 302
    if table is None:
        return sign_in if must_sign_in else 405

    for who, status in table.items():
        if actor in GROUPS.get(who, (who,)):
            return status
    return sign_in if must_sign_in else 404


# Where the rules have a say about the state, a kind sentence comes instead; never to a stranger.
CONFLICTS = {
    (name, "POST"): (409,)
    for name in ("ritual_change", "ritual_rest", "ritual_resume", "ritual_answer", "ritual_consent",
                 "api_rest", "api_resume", "api_answer", "api_consent")
}  # fmt: skip
