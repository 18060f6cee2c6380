"""Ground: the practice, its people, its keys, and the two tables that keep everybody honest."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from facilitator.crypto import InstallationText
from facilitator.now import now


class Practice(models.Model):
    """The tenant. `neutral_name` is all that a partner's screen or mail ever says of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    neutral_name = models.CharField(max_length=40, default="Notes")
    zone = models.CharField(max_length=64, default="UTC")
    language = models.CharField(max_length=12, default="en")
    # Demo mail goes to a local page and never to a server.
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str | None = None, password: str | None = None, **facts: Any) -> "User":
        user = self.model(email=self.normalize_email(email) if email else None, **facts)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **facts: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **facts)


class User(AbstractBaseUser, PermissionsMixin):
    """Whoever signs in. Facilitators by e-mail; a partner's account has no address of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail"), unique=True, null=True, blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT, null=True, blank=True)
    is_facilitator = models.BooleanField(default=False)
    is_practice_admin = models.BooleanField(default=False)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=now)
    # Hash of the few digits that turn the screen back; empty where none is set.
    short_code = models.CharField(max_length=128, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []
    objects = UserManager()

    def __str__(self) -> str:
        # Never a name or address: this reaches logs and admin breadcrumbs.
        return f"user {str(self.pk)[:8]}"


class DataKey(models.Model):
    """One author's key in one couple, wrapped by the installation. In the key store, apart from the words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    couple = models.UUIDField()
    author = models.UUIDField()
    wrapped = models.TextField()
    created_at = models.DateTimeField(default=now)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["couple", "author"], name="one_key_per_author")]


class AuditEntry(models.Model):
    """Who read or changed what, without the what. One hash chain per practice; triggers refuse changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.PROTECT)
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    # "user:<id>", "partner:<id>", "system:<name>"; never a name.
    actor = models.CharField(max_length=60)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=90, blank=True)
    # Reads only: the quarter hour they fall into, so that looking twice is written once.
    quarter = models.PositiveIntegerField(null=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["practice", "number"], name="audit_number_once"),
            models.UniqueConstraint(
                fields=["practice", "actor", "action", "subject", "quarter"],
                condition=models.Q(quarter__isnull=False),
                name="audit_read_once_a_quarter",
            ),
        ]


class AuditHead(models.Model):
    """Where a practice's chain ends: its lock while an entry is added, and how a cut-off end is found."""

    practice = models.OneToOneField(Practice, primary_key=True, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)


class Never(models.Model):
    """A table that can hold no row. A deferred key pointing here lets no open Purge be committed."""

    id = models.IntegerField(primary_key=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id__lt=0) & models.Q(id__gt=0), name="never_a_row")
        ]


class Purge(models.Model):
    """The only way out for append-only rows: while one is open, in this transaction, deletes are let through."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(default=now)
    reason = models.CharField(max_length=120)
    actor = models.CharField(max_length=60)
    open = models.ForeignKey(Never, null=True, on_delete=models.DO_NOTHING)

    @classmethod
    @contextmanager
    def opened(cls, *, reason: str, actor: str, at: datetime | None = None) -> Iterator["Purge"]:
        with transaction.atomic():
            purge = cls.objects.create(reason=reason, actor=actor, at=at or now(), open_id=1)
            yield purge
            cls.objects.filter(pk=purge.pk).update(open=None)


class MailSettings(models.Model):
    """A practice's SMTP server. Until one is set and tested, nothing is offered that needs mail."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS (usual, port 587)")
        TLS = "tls", _("TLS from the start (port 465)")
        NONE = "none", _("none (only for a server on this machine)")

    practice = models.OneToOneField(Practice, on_delete=models.CASCADE, related_name="mail_settings")
    host = models.CharField(_("server"), max_length=200)
    port = models.PositiveIntegerField(_("port"), default=587)
    security = models.CharField(_("security"), max_length=10, choices=Security, default=Security.STARTTLS)
    username = models.CharField(_("user name"), max_length=200, blank=True)
    password = InstallationText(_("password"), blank=True, default="")
    from_address = models.EmailField(_("sender address"))
    tested_at = models.DateTimeField(null=True)


class LocalMail(models.Model):
    """The demo practice's mailbox. It takes addresses under .example and nothing else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE)
    at = models.DateTimeField()
    to = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    message_id = models.CharField(max_length=200, unique=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(to__endswith=".example"), name="demo_mail_stays_here")
        ]
