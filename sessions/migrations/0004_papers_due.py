"""A mark for sessions whose papers are due, so that no sweep has to look through all that ever ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("facilitation", "0003_parting"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="papers_due_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("papers_due_at__isnull", False)),
                fields=["papers_due_at"],
                name="session_papers_due",
            ),
        ),
    ]
