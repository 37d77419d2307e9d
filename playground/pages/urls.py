"""Addresses of the screens."""

from django.urls import path

from playground.pages import views

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("clusters/<slug:name>/", views.cluster, name="cluster"),
    path("follow/<str:token>/", views.follow, name="follow"),
]
