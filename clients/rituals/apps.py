"""The app of what a couple does between sessions."""

from django.apps import AppConfig


class RitualsConfig(AppConfig):
    name = "clients.rituals"
    label = "rituals"
