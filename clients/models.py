"""Who comes to us. One row has one audience: what another audience may read stands in another table."""

import uuid
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.access import Audience, Guard
from clients.guarded import Guarded
from facilitator.crypto import EncryptedText
from facilitator.models import Practice
from facilitator.now import now


class Slot(models.TextChoices):
    A = "A", "A"
    B = "B", "B"


class Couple(Guarded):
    """Two partners, exactly."""

    guard = Guard(couple="", audience=Audience.JOINT)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)

    # Names are in it, so it is sealed like names.
    label = EncryptedText(_("what we call the two"))

    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=12, default="en")

    began_on = models.DateField()
    closed_at = models.DateTimeField(null=True)

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.pk, self.pk


class Casefile(Guarded):
    """What the care team alone knows a couple by."""

    guard = Guard(couple="couple", audience=Audience.FAC)

    couple = models.OneToOneField(Couple, primary_key=True, on_delete=models.CASCADE)
    code = models.CharField(_("code"), max_length=20)
    # Set after screening: then *tell* does not exist and light weeks are irregular (practice.md 5).
    discreet = models.BooleanField(default=False)


class Partner(Guarded):
    """One of the two, as both may know them."""

    guard = Guard(couple="couple", audience=Audience.JOINT)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.ForeignKey(Couple, on_delete=models.CASCADE, related_name="partners")
    slot = models.CharField(max_length=1, choices=Slot)

    name = EncryptedText(_("name"))

    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["slot"]
        constraints = [
            models.UniqueConstraint(fields=["couple", "slot"], name="one_partner_a_slot"),
            models.CheckConstraint(condition=models.Q(slot__in=["A", "B"]), name="slot_a_or_b"),
        ]

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.couple_id, self.pk


class Seat(Guarded):
    """One partner's own settings: where and when they may be reached, and their account."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    partner = models.OneToOneField(Partner, primary_key=True, on_delete=models.CASCADE)
    account = models.OneToOneField(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    language = models.CharField(_("language"), max_length=12, default="en")
    large_type = models.BooleanField(default=False)

    quiet_from = models.TimeField(_("quiet from"), default="21:00")
    quiet_until = models.TimeField(_("quiet until"), default="08:00")

    # Raised by every decline, stop and withdrawal: a message decided under an older epoch is not sent.
    epoch = models.PositiveIntegerField(default=0)


class Channel(Guarded):
    """One address of one person. Nobody else may read, enter or change it."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    class State(models.TextChoices):
        OK = "ok", _("reachable")
        UNREACHABLE = "unreachable", _("not reachable")
        REVOKED = "revoked", _("no longer used")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="channels")

    kind = models.CharField(max_length=10, default="email", choices=[("email", "email")])
    address = EncryptedText(_("address"))
    state = models.CharField(max_length=12, choices=State, default=State.OK)

    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        # Lets a delivery prove in the database that its channel belongs to its person.
        constraints = [models.UniqueConstraint(fields=["id", "partner"], name="channel_of_partner")]

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.partner.couple_id, self.partner_id


class Assignment(Guarded):
    """A facilitator on a couple's care team. A lead is effective at once, others after both said yes."""

    guard = Guard(couple="couple", audience=Audience.JOINT)

    class Role(models.TextChoices):
        LEAD = "lead", _("lead")
        CO = "co_facilitator", _("co-facilitator")
        OBSERVER = "observer", _("observer")
        SUPERVISOR = "supervisor", _("supervisor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.ForeignKey(Couple, on_delete=models.CASCADE, related_name="care_team")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    role = models.CharField(max_length=20, choices=Role)

    began_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    consented_a_at = models.DateTimeField(null=True)
    consented_b_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["couple", "user"],
                condition=models.Q(ended_at__isnull=True),
                name="one_role_at_a_time",
            )
        ]


class Consent(Guarded):
    """One person's yes to one purpose: which text, in which language, when and how it was given."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    class Scope(models.TextChoices):
        FACILITATION = "facilitation", _("I take part freely and may stop at any time")
        STORED_NOTES = "stored_notes", _("notes may be kept as described")
        MESSAGES = "messages", _("small reminders may be sent to me")

    class How(models.TextChoices):
        OWN_HAND = "own_hand", _("own hand, here")
        PAPER = "paper", _("signed on paper")
        SAID_ALONE = "said_alone", _("said to me, alone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="consents")
    scope = models.CharField(max_length=20, choices=Scope)

    # Which text was read.
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=12)

    how = models.CharField(max_length=12, choices=How)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "scope"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_current_consent_a_scope",
            )
        ]


class Screening(Guarded):
    """That a private talk took place, and what the facilitator decided. A conversation, never a score."""

    guard = Guard(couple="partner__couple", audience=Audience.FAC)

    class Outcome(models.TextChoices):
        GO = "go", _("together")
        ADJUSTED = "go_with_adjustments", _("together, with changes")
        CONSULT = "pause_and_consult", _("pause and consult")
        NOT_TOGETHER = "not_together", _("not together")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="screenings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)

    spoken_alone_on = models.DateField(_("spoken alone on"))
    recorded_at = models.DateTimeField(default=now)

    outcome = models.CharField(_("we can meet"), max_length=20, choices=Outcome)
    review_on = models.DateField()
    notes = EncryptedText(_("notes"), blank=True, default="")

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.partner.couple_id, self.user_id


class Boundary(Guarded):
    """What its owner would rather leave alone; acts through the neutral sentence, never through its wording."""

    guard = Guard(couple="partner__couple", audience="audience", owner="partner")

    class Firmness(models.TextChoices):
        FIRM = "firm", _("firm")
        ASK = "please_ask_first", _("please ask first")
        FLEXIBLE = "flexible", _("flexible")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="boundaries")

    topic = models.CharField(_("topic"), max_length=60)
    wording = EncryptedText(_("in my words"))
    firmness = models.CharField(max_length=20, choices=Firmness, default=Firmness.ASK)

    audience = models.CharField(
        max_length=8, choices=[(a, a.label) for a in (Audience.OWN_F, Audience.JOINT)], default=Audience.OWN_F
    )
    ended_at = models.DateTimeField(null=True)

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.partner.couple_id, self.partner_id


class Quiet(Guarded):
    """While one is open nothing is sent to this couple. Upper rooms write it, the final check reads it."""

    guard = Guard(couple="couple", audience=Audience.FAC)

    class Cause(models.TextChoices):
        SESSION = "session", _("a session is running")
        COOL_DOWN = "cool_down", _("a cool-down")
        HELD = "held", _("held by the facilitator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.ForeignKey(Couple, on_delete=models.CASCADE)

    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    cause = models.CharField(max_length=12, choices=Cause)
    # Which thing of an upper room this belongs to; an id, never a foreign key upwards.
    of = models.UUIDField(null=True)

    @staticmethod
    def open_at(now: datetime) -> models.Q:
        """Begun, and not over at that instant."""
        is_not_over = models.Q(until_at__isnull=True) | models.Q(until_at__gt=now)
        return models.Q(from_at__lte=now) & is_not_over
