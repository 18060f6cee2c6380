"""What no code may get round: a message goes to a channel of its own person, and attempts are only added."""

from typing import Any

from django.db import migrations

from facilitator.append_only import append_only

NOT_THEIRS = (
    "NOT EXISTS (SELECT 1 FROM clients_channel WHERE id = NEW.channel_id AND partner_id = NEW.person_id)"
)


def _forward(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.alias != "default":
        return
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "ALTER TABLE rituals_delivery ADD CONSTRAINT channel_of_its_person "
            "FOREIGN KEY (channel_id, person_id) REFERENCES clients_channel (id, partner_id) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
        return
    for name, event in (("insert", "INSERT"), ("update", "UPDATE OF channel_id, person_id")):
        schema_editor.execute(
            f"CREATE TRIGGER delivery_channel_{name} BEFORE {event} ON rituals_delivery WHEN {NOT_THEIRS} "
            "BEGIN SELECT RAISE(ABORT, 'channel_of_its_person'); END"
        )


def _back(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.alias != "default":
        return
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE rituals_delivery DROP CONSTRAINT channel_of_its_person")
        return
    for name in ("insert", "update"):
        schema_editor.execute(f"DROP TRIGGER delivery_channel_{name}")


class Migration(migrations.Migration):
    dependencies = [("rituals", "0001_initial")]
    operations = [migrations.RunPython(_forward, _back), append_only("rituals_deliveryattempt")]
