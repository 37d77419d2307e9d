"""Classes as a Django app: courses, memberships, ownership of clusters, API tokens."""

from django.apps import AppConfig


class ClassroomConfig(AppConfig):
    name = "playground.classroom"
    label = "classroom"
    default_auto_field = "django.db.models.BigAutoField"
