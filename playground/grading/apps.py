"""Grading as a Django app: submissions, API tokens and the commands `grade` and `exercise`."""

from django.apps import AppConfig


class GradingConfig(AppConfig):
    name = "playground.grading"
    label = "grading"
    default_auto_field = "django.db.models.BigAutoField"
