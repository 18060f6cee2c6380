"""The app of the practice and its people."""

from django.apps import AppConfig


class FacilitatorConfig(AppConfig):
    name = "facilitator"
    verbose_name = "Practice"
