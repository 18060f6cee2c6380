import uuid

import django.db.models.deletion
from django.db import migrations, models

import facilitator.now


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("clients", "0001_initial"),
        ("facilitation", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("joint_summary", "Summary"),
                            ("partner_copy", "Your copy"),
                            ("facilitator_record", "Facilitator's record"),
                            ("agreement_sheet", "Agreement sheet"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("OWN", "that partner only"),
                            ("OWN_F", "that partner and the facilitator"),
                            ("REL", "its author and the facilitator; both after release"),
                            ("JOINT", "both partners and the facilitator"),
                            ("FAC", "the facilitator only"),
                            ("SYS", "nobody"),
                        ],
                        max_length=8,
                    ),
                ),
                ("after_release", models.BooleanField(default=False)),
                ("version", models.PositiveSmallIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "being written"),
                            ("rendering", "being written"),
                            ("ready", "ready"),
                            ("failed", "did not come out"),
                        ],
                        default="asked",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField(default=facilitator.now.now)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("built_at", models.DateTimeField(null=True)),
                ("held_on", models.DateField(null=True)),
                ("content_hash", models.CharField(blank=True, max_length=64)),
                ("sealed", models.TextField(blank=True)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, to="clients.partner"
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="facilitation.session",
                    ),
                ),
                (
                    "superseded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="reports.document",
                    ),
                ),
            ],
            options={
                "ordering": ["asked_at", "kind"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["asked", "rendering"])),
                        fields=["asked_at"],
                        name="documents_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("after_release", False),
                                ("audience", "FAC"),
                                ("kind", "facilitator_record"),
                                ("owner__isnull", True),
                            ),
                            models.Q(
                                ("audience", "OWN_F"), ("kind", "partner_copy"), ("owner__isnull", False)
                            ),
                            models.Q(
                                ("after_release", True),
                                ("audience", "JOINT"),
                                ("kind", "joint_summary"),
                                ("owner__isnull", True),
                            ),
                            models.Q(
                                ("after_release", False),
                                ("audience", "JOINT"),
                                ("kind", "agreement_sheet"),
                                ("owner__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="document_reaches_its_reader",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("owner__isnull", True), ("state__in", ["asked", "rendering"])),
                        fields=("session", "kind"),
                        name="document_for_all_asked_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("owner__isnull", False), ("state__in", ["asked", "rendering"])),
                        fields=("session", "kind", "owner"),
                        name="document_for_one_asked_once",
                    ),
                ],
            },
        ),
    ]
