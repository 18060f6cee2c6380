"""The app of the sessions."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    # django.contrib.sessions has the label "sessions"; fixed before the first migration.
    label = "facilitation"
