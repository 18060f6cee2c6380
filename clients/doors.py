"""What every door of a couple or a partner does first: who looks, at whom, and that the look is written down."""

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from clients.access import AsFacilitator, as_facilitator
from clients.models import Couple, Partner
from facilitator import audit


def seen_couple(
    request: HttpRequest, couple_id: UUID, *, looks_at: str = "couple"
) -> tuple[AsFacilitator, Couple]:
    """The facilitator who looks and the couple they look at; the audit log keeps that they did.

    `looks_at` says what of the couple is shown. 404 for everybody who may not see the couple.
    """
    viewer = as_facilitator(request)
    couple = find_couple(viewer, couple_id)

    subject = f"{looks_at}:{couple.pk}"
    audit.saw(request, practice=couple.practice_id, actor=viewer.actor, subject=subject)
    return viewer, couple


def seen_partner(request: HttpRequest, partner_id: UUID) -> tuple[AsFacilitator, Partner]:
    """The facilitator who looks and the partner they look at; the audit log keeps that they did.

    404 for everybody who may not see the partner.
    """
    viewer = as_facilitator(request)
    partner = find_partner(viewer, partner_id)

    practice_id = partner.couple.practice_id
    subject = f"partner:{partner.pk}"
    audit.saw(request, practice=practice_id, actor=viewer.actor, subject=subject)
    return viewer, partner


def find_couple(viewer: AsFacilitator, couple_id: UUID) -> Couple:
    """The couple, if this viewer may see it; else 404."""
    couple: Couple = get_object_or_404(Couple.objects.visible_to(viewer), pk=couple_id)
    return couple


def find_partner(viewer: AsFacilitator, partner_id: UUID) -> Partner:
    """The partner with their couple, if this viewer may see them; else 404."""
    visible = Partner.objects.visible_to(viewer).select_related("couple")
    partner: Partner = get_object_or_404(visible, pk=partner_id)
    return partner
