"""An index of waiting papers that SQLite can use: its condition compares with nothing but NULL."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0002_door_sheet"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="document",
            name="documents_waiting",
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("built_at__isnull", True)),
                fields=["asked_at"],
                name="documents_not_built",
            ),
        ),
    ]
