"""The app of the couples."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from clients import guarded  # its abstract model needs Django to know the apps first

        guarded.close_reverse_doors()
