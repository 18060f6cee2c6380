"""A version to come: migrations after today's, written into a folder and taken by whoever gets its environment."""

from pathlib import Path

from tests.services import ROOT

SETTINGS = """
from facilitator.settings import *

MIGRATION_MODULES = {{label: f"later_{{label}}" for label in {labels}}}
"""
# Today's migrations are found where the app keeps them.
PACKAGE = """
import pkgutil
from pathlib import Path

from django.apps import apps

today = str(Path(apps.get_app_config("{label}").path) / "migrations")
newest = max(name for _, name, _ in pkgutil.iter_modules([today]) if name[0] in "0123456789")
__path__.append(today)
"""
MIGRATION = """
from django.db import migrations, models

from facilitator.append_only import rebuilding
from later_{label} import newest


def field(model):
    # With a default and without null, so that SQLite has to build the table anew.
    return migrations.AddField(model, "later", models.CharField(max_length=5, default="later"))


class Migration(migrations.Migration):
    atomic = {atomic}
    dependencies = [("{label}", newest)]
    operations = {operations}
"""


def write(folder: Path, operations: dict[str, str], *, atomic: bool = True) -> dict[str, str]:
    """Operations by app label, as source. The environment of a house that upgrades to it."""
    (folder / "later_settings.py").write_text(SETTINGS.format(labels=sorted(operations)))

    for label, source in operations.items():
        package = folder / f"later_{label}"
        package.mkdir()
        (package / "__init__.py").write_text(PACKAGE.format(label=label))
        text = MIGRATION.format(label=label, operations=source, atomic=atomic)
        (package / "9999_later.py").write_text(text)

    return {"DJANGO_SETTINGS_MODULE": "later_settings", "PYTHONPATH": f"{folder}:{ROOT}"}
