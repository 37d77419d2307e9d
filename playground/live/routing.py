"""Addresses of websockets."""

from django.urls import re_path

from .consumer import LiveConsumer

websocket_urlpatterns = [re_path(r"^ws/clusters/(?P<name>[a-z0-9-]+)/$", LiveConsumer.as_asgi())]
