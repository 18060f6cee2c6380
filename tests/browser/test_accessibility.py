"""Every page, light and dark, on a desk and on a phone: axe finds nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import URLPattern, URLResolver, get_resolver

PAGES = {
    "home": ("fay", "/"),
    "account_login": ("", "/sign-in/"),
    "account_logout": ("fay", "/sign-out/"),
    "account_change_password": ("fay", "/sign-in/password/"),
    "account_reauthenticate": ("fay", "/sign-in/again/"),
    "mfa_index": ("fay", "/settings/sign-in/"),
    "mfa_activate_totp": ("fay", "/settings/sign-in/totp/"),
    "mail_settings": ("fay", "/settings/mail/"),
    "mailbox": ("fay", "/mailbox/"),
    "walk_in": ("fay", "/walk-in/"),
    "walk_in_card": ("fay", "/walk-in/{partner}/"),
    "today": ("fay", "/couples/{couple}/today/"),
    "couple_new": ("fay", "/couples/new/"),
    "couple": ("fay", "/couples/{couple}/"),
    "partner": ("fay", "/partners/{partner}/"),
    "plan": ("fay", "/couples/{couple}/plan/"),
    "desk": ("fay", "/sessions/{running}/desk/"),
    "desk, ready": ("fay", "/sessions/{ready}/desk/"),
    "desk, more": ("fay", "/sessions/{running}/desk/?open=more"),
    "desk, ended": ("fay", "/sessions/{ended}/desk/"),
    "just_the_clock": ("fay", "/clock/"),
    "write_up": ("fay", "/write-up/"),
    "written": ("fay", "/sessions/{written}/written/"),
    "session": ("fay", "/sessions/{ended}/"),
    "door_sheet": ("fay", "/sessions/{ended}/sheet/"),
    "parting": ("fay", "/sessions/{ended}/parting/"),
    "read_with": ("fay", "/sessions/{ended}/read/{partner}/"),
    "starting_papers": ("fay", "/papers/"),
    "starting_paper": ("fay", "/papers/feelings-and-needs/"),
    "starting_paper, agreement": ("fay", "/papers/agreement/"),
    "starting_paper, number card": ("fay", "/papers/number-card/?large"),
    "starting_paper, capture sheet": ("fay", "/papers/capture-sheet/"),
    "documents": ("fay", "/documents/"),
    "couple_rituals": ("fay", "/couples/{couple}/rituals/"),
    "ritual_propose": ("fay", "/couples/{couple}/rituals/new/"),
    "portal": ("ana", "/me/"),
    "documents, a partner": ("ana", "/documents/"),
    "link": ("", "/l/a-word-too-many/"),
    "404": ("fay", "/nowhere/"),
}
# What answers no page of its own to a plain GET, with the reason.
NOT_PAGES = {
    "first_run": "gone once there is a practice; the first visit's own journey looks at it",
    "load_demo": "a post",
    "example": "a post",
    "health": "plain text",
    "mail_test": "a post",
    "account_signup": "closed",
    "mfa_authenticate": "only half way through a sign-in",
    "mfa_reauthenticate": "only with a second factor",
    "mfa_deactivate_totp": "only with a second factor",
    "mfa_view_recovery_codes": "only with a second factor",
    "mfa_generate_recovery_codes": "only with a second factor",
    "mfa_download_recovery_codes": "a text file",
    "desk_fragment": "a piece of the desk",
    "desk_more": "a piece of the desk, looked at in 'desk, more'",
    "command": "a post",
    "turn": "a post",
    "clock_press": "a post",
    "clock_keep": "a post",
    "write_down": "a post",
    "turned": "a turned sign-in's; test_turned.py looks at it",
    "turned_fragment": "a piece of the shared view",
    "turned_answer": "a post",
    "turned_back": "a post",
    "short_code": "asks for the password first; test_turned.py looks at it",
    "session_file": "a file",
    "agreement_ritual": "the form of ritual_propose over an agreement",
    "document": "a PDF, or the page that waits for it",
    "documents_prepare": "a post",
    "ritual_change": "a post",
    "partner_link": "a post",
    "partner_sign_out": "a post",
}
STATUS = {"link": 404, "404": 404}
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


def names(patterns=None):
    """The name of every route, those of the admin apart."""
    if patterns is None:
        patterns = get_resolver().url_patterns

    for each in patterns:
        if isinstance(each, URLPattern):
            yield each.name
        elif isinstance(each, URLResolver) and each.app_name != "admin":
            yield from names(each.url_patterns)


def test_every_route_is_looked_at_or_says_why_not():
    known = {name.split(",")[0] for name in PAGES} | set(NOT_PAGES)

    own = {name for name in names() if not name.startswith(("api_", "ritual_")) or name in known}
    assert own - known == set()


@pytest.mark.parametrize(("width", "scheme"), LOOKS, ids=[f"{w}-{s}" for w, s in LOOKS])
def test_axe_finds_nothing_on_any_page(rooms, width, scheme):
    found = {}
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "bypass_csp": True}
    pages = {who: rooms.page(who, reduced_motion="reduce", **look) for who in ("", "fay", "ana")}

    for name, (who, path) in PAGES.items():
        page = pages[who]
        answer = page.goto(rooms.url(path))
        assert answer.status == STATUS.get(name, 200), name

        for violation in Axe().run(page).response["violations"]:
            found.setdefault(name, []).append((violation["id"], violation["nodes"][0]["html"][:160]))

        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.setdefault(name, []).append(("scrolls sideways", wide))

    for page in pages.values():
        page.context.close()
    assert found == {}
