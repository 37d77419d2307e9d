"""REST framework's view of who asks: what the gate found out. A session needs the CSRF token for what changes things."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from .models import SCOPES, ApiToken


class Known(SessionAuthentication):
    """(user, token): the user None for tokens of the installation and in local mode."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken | None] | None:
        inner = request._request
        if inner.who.problem:
            raise AuthenticationFailed(inner.who.problem)
        if inner.api_token is not None:
            return inner.api_token.user, inner.api_token
        if settings.LOCAL_MODE or not inner.who.known:
            return None
        self.enforce_csrf(inner)  # not REST framework's request: that would parse the body before anybody is refused
        return inner.user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class KnownInOpenApi(OpenApiAuthenticationExtension):
    """How the OpenAPI document tells of it."""

    target_class = "playground.classroom.authentication.Known"
    name = ("apiToken", "session")

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        scopes = ", ".join(SCOPES)
        return [
            {"type": "http", "scheme": "bearer", "description": f"An API token with scopes: {scopes}"},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]
