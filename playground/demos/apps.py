"""Demos as a Django app: those people have imported or recorded, and the command `demo`."""

from django.apps import AppConfig


class DemosConfig(AppConfig):
    name = "playground.demos"
    label = "demos"
    default_auto_field = "django.db.models.BigAutoField"
