"""The live picture as a Django app: it keeps follow links."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "playground.live"
    label = "live"
    default_auto_field = "django.db.models.BigAutoField"
