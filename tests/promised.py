"""Which tables are append-only, as the models themselves say it."""

from django.apps import apps

# Those a household has rows in; others say so in their docstring.
PROMISED = {"facilitator_auditentry", "facilitation_moment"}


def promised_tables() -> set[str]:
    says_so = {
        model._meta.db_table
        for model in apps.get_models()
        if (model.__doc__ or "").lower().startswith("append-only")
    }
    return PROMISED | says_so
