from django.db import migrations

from facilitator.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("facilitator", "0001_initial")]
    operations = [append_only("facilitator_auditentry")]
