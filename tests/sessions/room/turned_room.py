"""Fay's session with Ana and Ben, with words in it that are nobody else's, and Fay's browser."""

import re

from django.urls import reverse

from sessions.models import Line, Moment
from tests.world import DRAFT, NOW, post

PRIVATE = [
    ("A", "arrival_temperature", {"temperature": 9}),
    ("A", "statement", {"id": "S1", "text": "canary-statement"}),
    ("F", "note", {"text": "canary-note"}),
    ("F", "fear_offered", {"id": "F1", "to": "A", "wording": "I wonder whether canary-fear"}),
    ("A", "need_named", {"id": "N1", "need": "canary-need"}),
    ("A", "idea_parked", {"id": "I1", "text": "canary-idea"}),
    ("B", "option_added", {"id": "O1", "text": "canary-option-one"}),
    ("A", "option_added", {"id": "O2", "text": "canary-option-two"}),
]
JOINT = [
    ("F", "compromise_drafted", {**DRAFT, "text": "joint-agreement"}),
    ("A", "agreement_confirmed", {"agreement": "AG1"}),
    ("B", "agreement_confirmed", {"agreement": "AG1"}),
]


def nonce_of(page):
    """What the form of a card posts along, unseen."""
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    return found[1] if found else ""


class Room:
    def __init__(self, house, session):
        self.house, self.session, self.client = house, session, house.client()

    def turn(self, card="", partner="", ref=""):
        body = {"card": card, "partner": partner, "ref": ref} if card else {}
        answer = self.client.post(reverse("turn", args=[self.session.pk]), body)
        self.nonce = nonce_of(self.seen()) if answer.status_code == 302 else ""
        return answer

    def seen(self):
        return self.client.get("/turned/").content.decode()

    def answer(self, **said):
        """From the page as it was when the card was laid."""
        return self.client.post("/turned/answer/", {"nonce": self.nonce, **said})

    def back(self, **said):
        return self.client.post("/turned/back/", said)

    def is_turned(self):
        return self.client.get(reverse("desk", args=[self.session.pk])).status_code == 302

    def moments(self, kind):
        rows = Moment.objects.unscoped("a test looks").filter(session=self.session, kind=kind)
        return list(rows.order_by("number"))

    def words(self, kind):
        lines = Line.objects.unscoped("a test looks").filter(session=self.session, kind=kind)
        return [(ln.audience, ln.owner_id, ln.author, ln.words) for ln in lines.order_by("moment__number")]

    def post(self, by, kind, **fields):
        post(self.session, by, kind, fields, at=NOW, facilitator=self.house.facilitator)
