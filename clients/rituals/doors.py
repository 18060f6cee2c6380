"""What every door of a partner's ritual does first: who looks, and whether they are asked about it."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from clients.access import AsPartner, as_partner
from clients.models import Partner
from clients.rituals.models import Ritual, RitualConsent


def own_ritual(request: HttpRequest, ritual_id: UUID) -> tuple[AsPartner, Ritual, Partner]:
    """The partner who looks, a ritual they are asked about, and themselves as the verbs take them.

    404 for anything else: a ritual of the other partner does not exist for them.
    """
    viewer = as_partner(request)

    asked = RitualConsent.objects.visible_to(viewer).filter(ritual=ritual_id)
    ritual: Ritual = get_object_or_404(Ritual.objects.visible_to(viewer), pk=ritual_id, consents__in=asked)
    me: Partner = get_object_or_404(Partner.objects.visible_to(viewer), pk=viewer.partner_id)

    return viewer, ritual, me
