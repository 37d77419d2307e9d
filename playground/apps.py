"""The web product as a Django app: for its management commands and templates."""

from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    name = "playground"
