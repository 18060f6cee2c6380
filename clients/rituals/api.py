"""What a partner's own device asks for between sessions. It is always `me`: no address names a partner."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response as Reply

from clients.access import AsPartner, as_partner
from clients.rituals import rituals
from clients.rituals.doors import own_ritual
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
    """One partner's answer for the date that came round last."""

    answer = serializers.ChoiceField(choices=Response.Answer.values)
    hour = serializers.TimeField(required=False, allow_null=True)
    before = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10)
    after = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=10)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    tell = serializers.BooleanField(required=False, default=False)


class ConsentIn(serializers.Serializer):
    """One partner's answer to being asked about a ritual."""

    answer = serializers.ChoiceField(
        choices=[answer for answer in RitualConsent.Answer.values if answer != RitualConsent.Answer.ASKED]
    )
    hour = serializers.TimeField(required=False, allow_null=True)


class RestIn(serializers.Serializer):
    """Until which day it rests; without one, until it is taken up again."""

    until = serializers.DateField(required=False, allow_null=True)


@api_view(["GET"])
def me_rituals(request: Request) -> Reply:
    shown = portal(as_partner(request), now=now())
    return Reply({"rituals": RitualOut(shown.rituals, many=True).data, "resting": shown.resting})


@api_view(["GET"])
def me_today(request: Request) -> Reply:
    shown = portal(as_partner(request), now=now())
    return Reply({"due": RitualOut(shown.due, many=True).data, "resting": shown.resting, "line": shown.line})


@api_view(["POST"])
def me_answer(request: Request, ritual_id: UUID) -> Reply:
    viewer, ritual, me = own_ritual(request, ritual_id)
    facts = _facts(AnswerIn, request)

    rituals.respond(ritual=ritual, partner=me, now=now(), **facts)
    return _as_seen_now(viewer, ritual)


@api_view(["POST"])
def me_consent(request: Request, ritual_id: UUID) -> Reply:
    viewer, ritual, me = own_ritual(request, ritual_id)
    facts = _facts(ConsentIn, request)

    rituals.consent(ritual=ritual, partner=me, now=now(), **facts)
    return _as_seen_now(viewer, ritual)


@api_view(["POST"])
def me_rest(request: Request, ritual_id: UUID) -> Reply:
    viewer, ritual, me = own_ritual(request, ritual_id)
    facts = _facts(RestIn, request)

    rituals.rest(ritual=ritual, partner=me, now=now(), **facts)
    return _as_seen_now(viewer, ritual)


@api_view(["POST"])
def me_resume(request: Request, ritual_id: UUID) -> Reply:
    viewer, ritual, me = own_ritual(request, ritual_id)
    _facts(serializers.Serializer, request)

    rituals.resume(ritual=ritual, partner=me, now=now())
    return _as_seen_now(viewer, ritual)


def _facts(shape: type[serializers.Serializer], request: Request) -> dict[str, Any]:
    """What was sent, where it is well-formed; else the answer is 400 with what is wrong."""
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _as_seen_now(viewer: AsPartner, ritual: Ritual) -> Reply:
    """The ritual as this reader sees it after what they did."""
    for seen in portal(viewer, now=now()).rituals:
        if seen.id == ritual.pk:
            return Reply(RitualOut(seen).data)
    return Reply(None)
