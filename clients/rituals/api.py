"""What a partner's own device asks for between sessions. It is always `me`: no address names a partner."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response as Reply

from clients.access import as_partner
from clients.models import Partner
from clients.rituals import rituals
from clients.rituals.models import Response, Ritual, RitualConsent
from clients.rituals.portal import portal
from facilitator.now import now


class RitualOut(serializers.Serializer):
    """One ritual as its reader may know it: their own answers, the joint state, never the other's."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    purpose = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    minutes = serializers.IntegerField(allow_null=True)
    is_shared = serializers.BooleanField()
    state = serializers.CharField()
    when = serializers.CharField()
    hour = serializers.TimeField(format="%H:%M", allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_null=True)
    invitation = serializers.CharField()
    gentler = serializers.ListField(child=serializers.CharField())
    told = serializers.CharField(allow_null=True)
    may_tell = serializers.BooleanField()


class AnswerIn(serializers.Serializer):
    answer = serializers.ChoiceField(choices=Response.Answer.values)
    hour = serializers.TimeField(required=False, allow_null=True)
    before = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10)
    after = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    tell = serializers.BooleanField(required=False, default=False)


class ConsentIn(serializers.Serializer):
    answer = serializers.ChoiceField(
        choices=[each for each in RitualConsent.Answer.values if each != RitualConsent.Answer.ASKED]
    )
    hour = serializers.TimeField(required=False, allow_null=True)


class RestIn(serializers.Serializer):
    until = serializers.DateField(required=False, allow_null=True)


@api_view(["GET"])
def me_rituals(request: Request) -> Reply:
    mine = portal(as_partner(request), now=now())
    return Reply({"rituals": RitualOut(mine.rituals, many=True).data, "resting": mine.resting})


@api_view(["GET"])
def me_today(request: Request) -> Reply:
    mine = portal(as_partner(request), now=now())
    return Reply({"due": RitualOut(mine.due, many=True).data, "resting": mine.resting, "line": mine.line})


@api_view(["POST"])
def me_answer(request: Request, ritual_id: UUID) -> Reply:
    return _act(request, ritual_id, AnswerIn, rituals.respond)


@api_view(["POST"])
def me_consent(request: Request, ritual_id: UUID) -> Reply:
    return _act(request, ritual_id, ConsentIn, rituals.consent)


@api_view(["POST"])
def me_rest(request: Request, ritual_id: UUID) -> Reply:
    return _act(request, ritual_id, RestIn, rituals.rest)


@api_view(["POST"])
def me_resume(request: Request, ritual_id: UUID) -> Reply:
    return _act(request, ritual_id, serializers.Serializer, rituals.resume)


def _act(request: Request, ritual_id: UUID, shape: Any, verb: Any) -> Reply:
    """Fetch, act, and answer with the ritual as this reader now sees it."""
    viewer = as_partner(request)
    asked = RitualConsent.objects.visible_to(viewer).filter(ritual=ritual_id)
    ritual = get_object_or_404(Ritual.objects.visible_to(viewer), pk=ritual_id, consents__in=asked)
    me = get_object_or_404(Partner.objects.visible_to(viewer), pk=viewer.partner_id)
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    verb(ritual=ritual, partner=me, now=now(), **body.validated_data)
    shown = next((each for each in portal(viewer, now=now()).rituals if each.id == ritual_id), None)
    return Reply(RitualOut(shown).data if shown else None)
