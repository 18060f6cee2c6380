from django.db import migrations

from facilitator.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("facilitation", "0001_initial"), ("facilitator", "0002_append_only")]
    operations = [append_only("facilitation_moment")]
