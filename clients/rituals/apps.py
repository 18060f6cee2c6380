from django.apps import AppConfig


class RitualsConfig(AppConfig):
    name = "clients.rituals"
    label = "rituals"
