"""Every session that ended before there were marks is looked at once more; where nothing is due, nothing happens."""

from django.db import migrations

MARK = """
    UPDATE facilitation_session
    SET papers_due_at = COALESCE(ended_at, planned_at)
    WHERE state = 'ended' AND papers_due_at IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("facilitation", "0004_papers_due"),
    ]

    operations = [
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
