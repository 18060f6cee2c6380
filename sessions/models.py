"""A facilitated meeting as rows: a frozen plan, an append-only list of Moments, and the words they point at."""

import uuid
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.access import Audience, Guard
from clients.guarded import Guarded
from clients.models import Couple, Partner
from facilitator.crypto import EncryptedJSON, EncryptedText
from facilitator.now import now


class Session(Guarded):
    """One meeting. `plan` is frozen when the session is planned; the state columns are caches of the fold."""

    guard = Guard(couple="couple", audience="audience", owner="owner", session="")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.ForeignKey(Couple, on_delete=models.PROTECT, related_name="sessions")
    # A talk with one is that partner's own: the other must not learn that it was.
    audience = models.CharField(max_length=8, choices=Audience, default=Audience.JOINT)
    owner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT)

    facilitator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    format_code = models.CharField(max_length=40, blank=True)
    plan = EncryptedJSON()
    planned_start = models.DateTimeField(null=True)
    planned_at = models.DateTimeField(default=now)

    # Written up afterwards: the day and the length somebody remembers. None where the clock knows.
    held_on = models.DateField(null=True)
    held_minutes = models.PositiveSmallIntegerField(null=True)

    # Caches: equal to the fold over the Moments at every commit.
    state = models.CharField(max_length=16, default="ready")
    phase_number = models.PositiveSmallIntegerField(default=0)
    head = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    # Since when its papers are due; None where all were asked for. See record/papers_due.
    papers_due_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-planned_at"]
        indexes = [
            models.Index(
                fields=["papers_due_at"],
                condition=models.Q(papers_due_at__isnull=False),
                name="session_papers_due",
            )
        ]

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.couple_id, self.owner_id or self.couple_id


class Moment(Guarded):
    """One thing that happened, structure only. Several Moments of one command share its `command` number."""

    guard = Guard(
        couple="session__couple",
        audience="audience",
        owner="owner",
        released="opening__at",
        session="session",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="moments")
    # Gap-free in its session, and the team's: no number of a Moment leaves the desk.
    number = models.PositiveIntegerField()
    # The line this command has in a session file: 2 for the first, because the header is line 1.
    command = models.PositiveIntegerField()

    # None only in a session written up afterwards.
    at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()

    kind = models.CharField(max_length=40)
    # Which part of its command this is: the command itself, or a fact of it with an audience of its own.
    part = models.CharField(max_length=20, default="command")
    # Empty where who did it is for another audience than what was done.
    by = models.CharField(max_length=1, blank=True)
    told_to = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)

    audience = models.CharField(max_length=8, choices=Audience)
    owner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT)

    # HMAC(salt, words): proves the words without holding them; the salt lies with the words.
    words_mac = models.CharField(max_length=64, blank=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["session", "number"], name="moment_number_once")]


class Posting(Guarded):
    """A poster's key that was answered, so that the same post again is answered the same way."""

    guard = Guard(couple="session__couple", audience=Audience.SYS)

    session = models.ForeignKey(Session, on_delete=models.CASCADE)
    # "user:<id>" or "A"/"B": a key belongs to (session, poster).
    poster = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    fields_digest = models.CharField(max_length=64)
    command = models.PositiveIntegerField()
    at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "poster", "key"], name="key_once_a_poster")]


class Line(Guarded):
    """Words or private numbers: one content row with one audience and one author, pointing at its Moment.

    The audience changes only by its author's share, by both confirmations or by release.
    """

    guard = Guard(
        couple="session__couple",
        audience="audience",
        owner="owner",
        released="moment__opening__at",
        session="session",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="lines")
    moment = models.OneToOneField(Moment, on_delete=models.PROTECT, related_name="line")
    kind = models.CharField(max_length=40)
    # The id of the statement, check, need, option or agreement it belongs to ("S1"), unique in its session.
    ref = models.CharField(max_length=40, blank=True)

    audience = models.CharField(max_length=8, choices=Audience)
    owner = models.ForeignKey(Partner, null=True, on_delete=models.PROTECT)

    # Whose key seals it: a partner, the couple (joint lines) or a facilitator.
    author = models.UUIDField()
    words = EncryptedJSON()
    salt = EncryptedText()

    class Meta:
        ordering = ["moment__number"]
        indexes = [models.Index(fields=["session", "ref"])]

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.session.couple_id, self.author


class Agreement(Guarded):
    """A text both confirmed; until then a draft. Its words are its Line."""

    guard = Guard(
        couple="session__couple",
        audience="audience",
        owner="line__owner",
        released="line__moment__opening__at",
        session="session",
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="agreements")
    ref = models.CharField(max_length=40)
    line = models.OneToOneField(Line, on_delete=models.CASCADE)

    audience = models.CharField(max_length=8, choices=Audience, default=Audience.REL)
    confirmed_at = models.DateTimeField(null=True)

    # The link column lives in the upper room; a ritual knows nothing of sessions.
    ritual = models.ForeignKey("rituals.Ritual", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "ref"], name="agreement_ref_once")]


class Reader(Guarded):
    """One partner's yes to what both may read of a session: read through together, or previewed alone."""

    guard = Guard(couple="session__couple", audience=Audience.OWN_F, owner="partner")

    class How(models.TextChoices):
        READ_THROUGH = "read_through", _("read through together")
        PREVIEW = "preview", _("previewed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    how = models.CharField(max_length=12, choices=How)
    agreed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "partner"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_yes_to_read",
            )
        ]


class Opening(Guarded):
    """A REL Moment and its words were opened to both; the row is deleted when a release is withdrawn."""

    guard = Guard(couple="moment__session__couple", audience=Audience.SYS)

    moment = models.OneToOneField(Moment, primary_key=True, on_delete=models.CASCADE, related_name="opening")
    at = models.DateTimeField()


class HeldBack(Guarded):
    """A line its author keeps out of what both may read; nothing shows that it is missing."""

    guard = Guard(couple="moment__session__couple", audience=Audience.OWN_F, owner="moment__owner")

    moment = models.OneToOneField(
        Moment, primary_key=True, on_delete=models.CASCADE, related_name="held_back"
    )
    at = models.DateTimeField()


class Parting(Guarded):
    """What a facilitator says to both on the way out, and how the two have agreed to pause at home."""

    guard = Guard(couple="session__couple", audience="audience", owner="session__owner", session="session")

    session = models.OneToOneField(
        Session, primary_key=True, on_delete=models.CASCADE, related_name="parting"
    )
    audience = models.CharField(max_length=8, choices=Audience, default=Audience.JOINT)

    sign = EncryptedText(_("our pause sign"), blank=True, default="")
    return_sentence = EncryptedText(_("our way back"), blank=True, default="")
    # One line of the facilitator's on the sheet at the door, and the opening of the fuller summary.
    line = EncryptedText(_("one line from you"), blank=True, default="")
    foreword = EncryptedText(_("a few sentences from you"), blank=True, default="")

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.session.couple_id, self.session.owner_id or self.session.couple_id
