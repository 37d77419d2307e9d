"""Addresses of the lessons: pages and REST."""

from django.urls import path

from . import views

urlpatterns = [
    path("lessons/", views.index, name="lessons"),
    path("lessons/<slug:slug>/", views.lesson, name="lesson"),
    path("api/v1/lessons/", views.LessonsView.as_view(), name="lessons-rest"),
    path("api/v1/lessons/<slug:slug>/", views.LessonView.as_view(), name="lesson-rest"),
]
