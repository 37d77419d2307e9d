"""Addresses of the pages of accounts and courses."""

from django.urls import path

from . import pages, views

urlpatterns = [
    path("login/", views.log_in, name="login"),
    path("logout/", views.log_out, name="logout"),
    path("welcome/", views.welcome, name="welcome"),
    path("mine/", pages.mine, name="mine"),
    path("courses/", pages.courses, name="courses"),
    path("courses/<slug:course>/", pages.course, name="course"),
    path("courses/<slug:course>/wall/", pages.wall, name="course-wall"),
]
