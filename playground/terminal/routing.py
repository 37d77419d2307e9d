"""Address of the terminal's websocket."""

from django.urls import re_path

from .consumer import TerminalConsumer

websocket_urlpatterns = [re_path(r"^ws/clusters/(?P<name>[a-z0-9-]+)/terminal/$", TerminalConsumer.as_asgi())]
