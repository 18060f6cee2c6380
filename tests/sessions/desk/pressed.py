"""Fay at the desk, pressing what stands on the page, as a browser without scripts would send it."""

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from types import SimpleNamespace

from django.db import transaction
from django.urls import reverse

from sessions.models import Moment, Session
from tests.world import planned

START = datetime(2026, 3, 10, 17, 0, tzinfo=UTC)


class Forms(HTMLParser):
    """The forms of a page as a browser without scripts would send them."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        # What is open while the page is read.
        self._form = None
        self._area = None
        self._button = None
        self._select = None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        has = dict(attributes)
        if tag == "form":
            self._form = SimpleNamespace(
                action=has.get("action", ""), fields=[], buttons=[], hidden="hidden" in has
            )
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input" and has.get("name"):
            chosen = has.get("type") not in ("radio", "checkbox") or "checked" in has
            self._form.fields.append((has["name"], has.get("value", ""), chosen))
        elif tag == "textarea":
            self._area = [has["name"], ""]
        elif tag == "select":
            self._select = has["name"]
        elif tag == "option" and self._select:
            self._form.fields.append((self._select, has.get("value", ""), "selected" in has))
        elif tag == "button":
            self._button = {**has, "words": ""}
            self._form.buttons.append(self._button)

    def handle_data(self, text):
        if self._area is not None:
            self._area[1] += text
        if self._button is not None:
            self._button["words"] += text

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._form.fields.append((self._area[0], self._area[1].removeprefix("\n"), True))
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "button":
            self._button = None


class Desk:
    """Fay at the desk, pressing what stands on the page."""

    def __init__(self, house, traveller, *, session=None, **how):
        self.house = house
        self.traveller = traveller
        self.session = session or planned(house, start=START, **how)
        self.client = house.client()
        self.refused = []
        self.look()

    def look(self, *, more=False):
        """The desk; with `more`, the list behind *More* stands on it too."""
        opened = {"open": "more"} if more else {}
        self.page = self.client.get(reverse("desk", args=[self.session.pk]), opened)
        assert self.page.status_code == 200
        return self.take(self.page)

    def take(self, page):
        self.page = page
        self.html = page.content.decode()
        self.forms = [form for form in Forms(self.html).forms if form.action.endswith("/command/")]
        return self

    def offers(self):
        """(kind, by, form) of every press on the page that is not greyed out."""
        found = []
        for form in self.forms:
            if form.buttons and all("disabled" in button for button in form.buttons):
                continue
            given = {name: value for name, value, chosen in form.fields if chosen}
            found.append((given["kind"], given.get("by", ""), form))
        return found

    def press(self, kind, by=None, *, wait=20, button=None, **typed):
        self.traveller.shift(timedelta(seconds=wait))
        form = self.offer(kind, by) or self.look(more=True).offer(kind, by)
        return self.send(form, by=None, button=button, **typed)

    def offer(self, kind, by=None):
        """The form of this press, or None where it is not on the page."""
        return next((f for k, b, f in self.offers() if k == kind and by in (None, b)), None)

    def send(self, form, *, by=None, button=None, **typed):
        """Post this form with what is typed into it; `button` is the one pressed, else the first."""
        body = {}
        for name, value, chosen in form.fields:
            if chosen and name not in typed:
                body.setdefault(name, []).append(value)
        body |= {name.removeprefix("_"): value for name, value in typed.items()}

        if button is None and form.buttons and "value" in form.buttons[0]:
            button = (form.buttons[0]["name"], form.buttons[0]["value"])
        if button and button[0] not in typed:
            body[button[0]] = button[1]

        self.body = body
        answer = self.client.post(reverse("command", args=[self.session.pk]), body)
        self.answer = answer
        if answer.status_code == 302:
            self.look()
        else:
            self.take(answer)
            self.refused.append((body["kind"], answer.status_code))
        return self

    def kinds(self):
        rows = Moment.objects.unscoped("a test looks").filter(session=self.session, part="command")
        return list(rows.order_by("number").values_list("kind", flat=True))

    def fragment(self, tag=None):
        headers = {"If-None-Match": tag} if tag else {}
        return self.client.get(reverse("desk_fragment", args=[self.session.pk]), headers=headers)

    def again(self):
        return Session.objects.unscoped("a test looks").get(pk=self.session.pk)

    def begun(self):
        return self.press("arrived", "A").press("arrived", "B").press("session_started")

    def tried(self, form, **typed):
        """The status this press comes to, and what it wrote; nothing of it stays."""
        page, forms, html = self.page, self.forms, self.html

        with transaction.atomic():
            before = len(self.kinds())
            self.traveller.shift(timedelta(seconds=1))
            self.send(form, **typed)

            if self.answer.status_code == 409 and 'name="override"' in self.html:
                self.with_a_reason()
            met = (self.answer.status_code, self.kinds()[before:])
            transaction.set_rollback(True)

        self.page, self.forms, self.html = page, forms, html
        return met

    def with_a_reason(self):
        """Go on anyway, with the first of the reasons on the page."""
        for _kind, _by, form in self.offers():
            reasons = [one["value"] for one in form.buttons if one.get("name") == "override"]
            if reasons:
                return self.send(form, button=("override", reasons[0]))
        raise AssertionError("no reason stands on the page")
