"""The app of the couples."""

from django.apps import AppConfig


class ClientsConfig(AppConfig):
    name = "clients"

    def ready(self) -> None:
        from clients import access  # its abstract models need Django to know the apps first

        access.close_reverse_doors()
