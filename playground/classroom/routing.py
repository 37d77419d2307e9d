"""Address of a course's websocket."""

from django.urls import re_path

from .consumer import CourseConsumer

websocket_urlpatterns = [re_path(r"^ws/courses/(?P<course>[-a-z0-9_]+)/$", CourseConsumer.as_asgi())]
