"""The app of the papers."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "reports"
