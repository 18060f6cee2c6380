"""Addresses of a couple that walks in."""

from django.urls import path

from clients import views

urlpatterns = [
    path("walk-in/", views.walk_in, name="walk_in"),
    path("walk-in/<uuid:partner_id>/", views.walk_in_card, name="walk_in_card"),
    path("couples/new/", views.couple_new, name="couple_new"),
]
