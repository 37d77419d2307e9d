"""Addresses of websockets."""

from django.urls import re_path

from .consumer import LiveConsumer
from .following import FollowConsumer, PresentConsumer

_CLUSTER = r"^ws/clusters/(?P<name>[a-z0-9-]+)/"
_TOKEN = r"(?P<token>[A-Za-z0-9_-]{16,64})/$"

websocket_urlpatterns = [
    re_path(rf"{_CLUSTER}$", LiveConsumer.as_asgi()),
    re_path(rf"{_CLUSTER}present/{_TOKEN}", PresentConsumer.as_asgi()),
    re_path(rf"^ws/follow/{_TOKEN}", FollowConsumer.as_asgi()),
]
