"""Addresses of rituals: the pages of both sides, and the API."""

from django.urls import path

from clients.rituals import api, facilitator_views, views

urlpatterns = [
    path("couples/<uuid:couple_id>/rituals/", facilitator_views.couple_rituals, name="couple_rituals"),
    path("couples/<uuid:couple_id>/rituals/new/", facilitator_views.ritual_propose, name="ritual_propose"),
    path("rituals/<uuid:ritual_id>/", facilitator_views.ritual_change, name="ritual_change"),
    path("partners/<uuid:partner_id>/link/", facilitator_views.partner_link, name="partner_link"),
    path("me/", views.portal_page, name="portal"),
    path("me/leave/", views.partner_sign_out, name="partner_sign_out"),
    path("me/rituals/<uuid:ritual_id>/answer/", views.ritual_answer, name="ritual_answer"),
    path("me/rituals/<uuid:ritual_id>/consent/", views.ritual_consent, name="ritual_consent"),
    path("me/rituals/<uuid:ritual_id>/rest/", views.ritual_rest, name="ritual_rest"),
    path("me/rituals/<uuid:ritual_id>/resume/", views.ritual_resume, name="ritual_resume"),
    path("l/<str:token>/", views.link, name="link"),
    path("api/v1/me/rituals", api.me_rituals, name="api_rituals"),
    path("api/v1/me/today", api.me_today, name="api_today"),
    path("api/v1/me/rituals/<uuid:ritual_id>/answer", api.me_answer, name="api_answer"),
    path("api/v1/me/rituals/<uuid:ritual_id>/consent", api.me_consent, name="api_consent"),
    path("api/v1/me/rituals/<uuid:ritual_id>/rest", api.me_rest, name="api_rest"),
    path("api/v1/me/rituals/<uuid:ritual_id>/resume", api.me_resume, name="api_resume"),
]
