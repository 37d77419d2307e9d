"""Addresses of the lessons' pages."""

from django.urls import path

from . import views

urlpatterns = [
    path("lessons/", views.index, name="lessons"),
    path("lessons/<slug:slug>/", views.lesson, name="lesson"),
]
