"""The papers themselves. A row is asked for, set as its reader, and waits sealed for whoever may read."""

import uuid
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.access import Audience, Guard
from clients.guarded import Guarded
from clients.models import Partner
from facilitator.now import now
from sessions.models import Session


class Document(Guarded):
    """One paper for one reader. What both may read exists after release only, and rests when it is withdrawn."""

    guard = Guard(couple="session__couple", audience="audience", owner="owner", session="session")

    class Kind(models.TextChoices):
        JOINT_SUMMARY = "joint_summary", _("Summary")
        PARTNER_COPY = "partner_copy", _("Your copy")
        FACILITATOR_RECORD = "facilitator_record", _("Facilitator's record")
        AGREEMENT_SHEET = "agreement_sheet", _("Agreement sheet")
        DOOR_SHEET = "door_sheet", _("Sheet at the door")

    class State(models.TextChoices):
        ASKED = "asked", _("being written")
        RENDERING = "rendering", _("being written")
        READY = "ready", _("ready")
        FAILED = "failed", _("did not come out")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20, choices=Kind)
    audience = models.CharField(max_length=8, choices=Audience)
    owner = models.ForeignKey(Partner, null=True, on_delete=models.CASCADE)
    # It holds what the other said: readable by a partner only while the session is released.
    after_release = models.BooleanField(default=False)
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField(default=now)
    claimed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    built_at = models.DateTimeField(null=True)
    held_on = models.DateField(null=True)
    # HMAC of what it says, so that the same content is never set twice and nobody can guess it from a backup.
    content_hash = models.CharField(max_length=64, blank=True)
    # The PDF, sealed under the keys of everybody whose words are in it.
    sealed = models.TextField(blank=True)
    superseded_by = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["asked_at", "kind"]
        indexes = [
            # NULL, not a list of states: SQLite matches no bound value to the condition of an index.
            models.Index(
                fields=["asked_at"],
                condition=models.Q(built_at__isnull=True),
                name="documents_not_built",
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="document_reaches_its_reader",
                condition=(
                    models.Q(
                        kind="facilitator_record", audience="FAC", owner__isnull=True, after_release=False
                    )
                    | models.Q(kind="partner_copy", audience="OWN_F", owner__isnull=False)
                    | models.Q(kind="joint_summary", audience="JOINT", owner__isnull=True, after_release=True)
                    | models.Q(
                        kind__in=["agreement_sheet", "door_sheet"],
                        audience="JOINT",
                        owner__isnull=True,
                        after_release=False,
                    )
                ),
            ),
            models.UniqueConstraint(
                fields=["session", "kind"],
                condition=models.Q(state__in=["asked", "rendering"], owner__isnull=True),
                name="document_for_all_asked_once",
            ),
            models.UniqueConstraint(
                fields=["session", "kind", "owner"],
                condition=models.Q(state__in=["asked", "rendering"], owner__isnull=False),
                name="document_for_one_asked_once",
            ),
        ]

    @property
    def subject(self) -> str:
        """What the audit log calls it: no name, no title."""
        return f"document:{self.pk}"

    @property
    def slot(self) -> str:
        return self.owner.slot if self.owner else ""

    def scopes(self, authors: set[UUID]) -> list[tuple[UUID, UUID]]:
        return [(self.session.couple_id, author) for author in sorted(authors)]
