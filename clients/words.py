"""Sentences that several rooms must say in exactly the same way."""

from django.utils.translation import gettext_lazy as _

# practice.md 8: one sentence for a silent decline, a safety hold and an ordinary rest, so that none can be told apart.
RESTING = _("This is resting for now. {facilitator} can tell you more when you meet.")
