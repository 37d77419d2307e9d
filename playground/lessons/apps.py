"""Lessons as a Django app, for its templates and translations."""

from django.apps import AppConfig


class LessonsConfig(AppConfig):
    name = "playground.lessons"
    label = "lessons"
