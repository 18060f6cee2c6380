"""What a couple does between sessions, and the rows that make a reminder of it go out once or not at all."""

import uuid
from datetime import time
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.access import Audience, Guard
from clients.guarded import Guarded
from clients.models import Channel, Couple, Partner
from clients.rituals.cadence import EVERY_DAY, Rule
from clients.rituals.library import OWN, RitualTemplate, library
from facilitator.crypto import EncryptedText
from facilitator.models import Practice
from facilitator.now import now

AUDIENCES = [(a, a.label) for a in (Audience.JOINT, Audience.OWN_F)]


class Ritual(Guarded):
    """A practice between sessions: of both (JOINT), or of one partner (OWN_F). Its state never says why."""

    guard = Guard(couple="couple", audience="audience", owner="owner")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting until it suits you both")
        ACTIVE = "active", _("running")
        RESTING = "resting", _("resting")
        GRADUATED = "graduated", _("yours now")
        ENDED = "ended", _("ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.ForeignKey(Couple, on_delete=models.CASCADE, related_name="rituals")
    audience = models.CharField(max_length=8, choices=AUDIENCES)
    owner = models.ForeignKey(Partner, null=True, on_delete=models.CASCADE)

    code = models.CharField(_("practice"), max_length=40)
    words = EncryptedText(_("in their own words"), blank=True, default="")

    # No time: done as wished, and nothing is ever sent for it.
    usual_time = models.TimeField(_("time"), null=True)
    weekdays = models.CharField(_("days"), max_length=7, blank=True)
    every_n_days = models.PositiveSmallIntegerField(default=0)
    start_on = models.DateField(_("from"))

    state = models.CharField(max_length=10, choices=State, default=State.WAITING)

    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    proposed_at = models.DateTimeField()

    class Meta:
        ordering = ["proposed_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience="JOINT", owner__isnull=True) | Q(audience="OWN_F", owner__isnull=False),
                name="shared_or_of_one",
            ),
            models.CheckConstraint(
                condition=Q(usual_time__isnull=True) | ~Q(weekdays="", every_n_days=0), name="a_time_has_days"
            ),
        ]

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.couple_id, self.owner_id or self.couple_id

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None

    @property
    def template(self) -> RitualTemplate | None:
        return library().get(self.code)

    @property
    def title(self) -> str:
        template = self.template
        if template is None or self.code == OWN:
            return self.words
        return template.title

    def rule(self, *, zone: str, hour: time | None = None) -> Rule | None:
        """The rule in somebody's own zone and at their own hour; none where it is done as wished."""
        if self.usual_time is None:
            return None

        days = frozenset(int(day) for day in self.weekdays) or EVERY_DAY
        return Rule(hour or self.usual_time, zone, self.start_on, days, self.every_n_days)


class FacilitatorRest(Guarded):
    """The facilitator lets a ritual rest. A row of its own, because the ritual itself tells nobody why."""

    guard = Guard(couple="ritual__couple", audience=Audience.FAC)

    ritual = models.ForeignKey(Ritual, on_delete=models.CASCADE, related_name="facilitator_rests")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)

    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ritual"], condition=Q(ended_at__isnull=True), name="one_rest_at_a_time"
            )
        ]


class RitualConsent(Guarded):
    """One partner's yes, not now, or something gentler; and the hour at which a reminder suits them."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    class Answer(models.TextChoices):
        ASKED = "asked", _("not answered yet")
        YES = "yes", _("yes")
        NOT_NOW = "not_now", _("not now")
        GENTLER = "something_gentler", _("something gentler")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ritual = models.ForeignKey(Ritual, on_delete=models.CASCADE, related_name="consents")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)

    answer = models.CharField(max_length=20, choices=Answer, default=Answer.ASKED)
    answered_at = models.DateTimeField(null=True)
    hour = models.TimeField(_("my hour"), null=True)

    is_resting = models.BooleanField(default=False)
    rest_until = models.DateField(null=True)

    # A cache of the rule, with what it was worked out from; None while nothing is to come.
    next_due_at = models.DateTimeField(null=True)
    due_zone = models.CharField(max_length=64, blank=True)
    due_tzdb = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ritual", "partner"], name="one_consent_a_partner")]
        indexes = [
            models.Index(fields=["next_due_at"], condition=Q(next_due_at__isnull=False), name="consent_due"),
        ]

    @property
    def says_yes(self) -> bool:
        return self.answer == self.Answer.YES and not self.is_resting


class Occurrence(Guarded):
    """One local date on which a ritual came round for one partner. The date is the key, not the instant."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    class Reminder(models.TextChoices):
        NONE = "", _("no reminder")
        PLANNED = "planned", _("reminder planned")
        SENT = "sent", _("reminder sent")
        NOT_SENT = "not_sent", _("reminder not sent")
        NOT_CONFIRMED = "not_confirmed", _("reminder not confirmed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ritual = models.ForeignKey(Ritual, on_delete=models.CASCADE, related_name="occurrences")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)

    local_date = models.DateField()
    slot = models.PositiveSmallIntegerField(default=0)

    due_at = models.DateTimeField()
    tzdb = models.CharField(max_length=20)

    reminder = models.CharField(max_length=14, choices=Reminder, default=Reminder.NONE, blank=True)

    class Meta:
        ordering = ["-local_date", "-slot"]
        constraints = [
            models.UniqueConstraint(
                fields=["ritual", "partner", "local_date", "slot"], name="one_a_local_date"
            )
        ]


class Delivery(Guarded):
    """One message to one person on one channel of theirs. It holds no words and is shown to nobody."""

    guard = Guard(couple="person__couple", audience=Audience.SYS)

    class Kind(models.TextChoices):
        NUDGE = "nudge"
        SIGN_IN = "sign_in"

    class State(models.TextChoices):
        DUE = "due"
        CLAIMED = "claimed"
        SENDING = "sending"
        RETRY_WAIT = "retry_wait"
        ACCEPTED = "accepted"
        UNCERTAIN = "uncertain"
        FAILED = "failed"
        EXPIRED = "expired"
        SUPPRESSED = "suppressed"
        CANCELLED = "cancelled"

    READY = (State.DUE, State.RETRY_WAIT)
    OPEN = (*READY, State.CLAIMED, State.SENDING)

    class OnUncertain(models.TextChoices):
        HOLD = "hold"
        RESEND_ONCE = "resend_once"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    occurrence = models.ForeignKey(Occurrence, null=True, on_delete=models.CASCADE, related_name="deliveries")
    person = models.ForeignKey(Partner, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)

    kind = models.CharField(max_length=10, choices=Kind)
    # Which of the fixed neutral texts.
    text = models.CharField(max_length=20)
    dedupe_key = models.CharField(max_length=220, unique=True)
    message_id = models.CharField(max_length=120, unique=True)

    not_before = models.DateTimeField()
    expires_at = models.DateTimeField()
    # What the person's seat said when this was decided: sent only while it says so still.
    person_epoch = models.PositiveIntegerField()
    on_uncertain = models.CharField(max_length=12, choices=OnUncertain, default=OnUncertain.HOLD)

    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    reason = models.CharField(max_length=30, blank=True)
    # When this row next wants something: to be claimed, tried again or, its lease over, looked after.
    wake_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)

    attempt_no = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    outcome_at = models.DateTimeField(null=True)
    outcome_code = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["wake_at"],
                condition=Q(state__in=["due", "retry_wait", "claimed", "sending"]),
                name="delivery_wakes",
            ),
        ]


class DeliveryAttempt(Guarded):
    """Append-only: that an attempt began, and how far it came. No address, no body."""

    guard = Guard(couple="delivery__person__couple", audience=Audience.SYS)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")

    n = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=10)
    code = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "n", "stage"], name="each_stage_once")]


class Response(Guarded):
    """One partner's answer to one local date. No answer is an answer too: it is called quiet."""

    guard = Guard(couple="partner__couple", audience=Audience.OWN_F, owner="partner")

    class Answer(models.TextChoices):
        DONE = "done", _("done")
        MOVED_TO = "moved_to", _("another hour")
        NOT_TODAY = "not_today", _("not today")
        GENTLER = "something_gentler", _("something gentler")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ritual = models.ForeignKey(Ritual, on_delete=models.CASCADE, related_name="responses")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    local_date = models.DateField()
    slot = models.PositiveSmallIntegerField(default=0)

    answer = models.CharField(max_length=20, choices=Answer)
    moved_to = models.DateTimeField(null=True)
    at = models.DateTimeField()

    # How stirred up, from 0 to 10.
    before = models.PositiveSmallIntegerField(null=True)
    after = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["-local_date", "-slot"]
        constraints = [
            models.UniqueConstraint(
                fields=["ritual", "partner", "local_date", "slot"], name="one_answer_a_date"
            ),
            models.CheckConstraint(
                condition=(Q(before__isnull=True) | Q(before__lte=10))
                & (Q(after__isnull=True) | Q(after__lte=10)),
                name="stirred_up_0_to_10",
            ),
        ]


class ResponseNote(Guarded):
    """A word to oneself beside an answer. The facilitator does not read it either."""

    guard = Guard(couple="response__partner__couple", audience=Audience.OWN, owner="response__partner")

    response = models.OneToOneField(Response, primary_key=True, on_delete=models.CASCADE, related_name="note")
    text = EncryptedText(_("note to myself"))

    def key_scope(self) -> tuple[UUID, UUID]:
        return self.response.partner.couple_id, self.response.partner_id


class Told(Guarded):
    """ "Not today", told to the other because its giver chose to tell it."""

    guard = Guard(couple="ritual__couple", audience=Audience.JOINT)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ritual = models.ForeignKey(Ritual, on_delete=models.CASCADE, related_name="told")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    local_date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ritual", "partner", "local_date"], name="told_once_a_date")
        ]


class SignInLink(Guarded):
    """The hash of a link that signs one person in, once. The link itself is kept nowhere."""

    guard = Guard(couple="partner__couple", audience=Audience.SYS)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE)

    purpose = models.CharField(max_length=10, choices=[("sign_in", "sign_in")], default="sign_in")
    digest = models.CharField(max_length=64, unique=True)

    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Beat(models.Model):
    """The pulse of a sweep: it came round, so many rows, so many errors."""

    name = models.CharField(primary_key=True, max_length=30)
    at = models.DateTimeField()
    swept = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)


class MailTest(models.Model):
    """A test message a facilitator asked for; a sweep sends it, because no request waits for mail."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)

    asked_at = models.DateTimeField(default=now)
    begun_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    stage = models.CharField(max_length=10, blank=True)
    code = models.CharField(max_length=12, blank=True)
