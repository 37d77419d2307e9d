"""Who may ask grading for what: API tokens with scopes, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from .models import SCOPES, ApiToken

RATE = "240/min"


class Bearer(BaseAuthentication):
    """Authorization: Bearer pg_... Without one: nobody, who may do everything in local mode and nothing else where."""

    def authenticate(self, request: Request) -> tuple[None, ApiToken] | None:
        words = get_authorization_header(request).decode("latin-1").split()
        if len(words) != 2 or words[0].lower() != "bearer":
            return None
        token = ApiToken.objects.filter(digest=ApiToken.digest_of(words[1])).first()
        if token is None:
            raise AuthenticationFailed("the token is not known")
        if token.expires is not None and token.expires <= timezone.now():
            raise AuthenticationFailed("the token has expired")
        return None, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BearerInOpenApi(OpenApiAuthenticationExtension):
    """How the OpenAPI document tells of it."""

    target_class = "playground.grading.access.Bearer"
    name = "apiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token with scopes: read, submit, grade"}


def scopes_of(request: Request) -> Sequence[str]:
    if isinstance(request.auth, ApiToken):
        return str(request.auth.scopes).split()
    return SCOPES if settings.LOCAL_MODE else ()


class HasScope(BasePermission):
    """The view's `scopes`: method -> scope; "read" where none is given."""

    message = "the token does not have the scope for this"

    def has_permission(self, request: Request, view: Any) -> bool:
        found = scopes_of(request)
        if not found and request.auth is None:
            raise NotAuthenticated("an API token is needed: Authorization: Bearer ...")
        return getattr(view, "scopes", {}).get(request.method, "read") in found


def is_teacher(request: Request) -> bool:
    """Whether hidden checks and all students' work may be shown: asked for, and allowed."""
    return request.query_params.get("view") == "teacher" and "grade" in scopes_of(request)


class Throttle(SimpleRateThrottle):
    """So many hand-ins per token, or per address without one."""

    scope = "grading"

    def get_rate(self) -> str:
        return str(getattr(settings, "GRADING_RATE", RATE))

    def get_cache_key(self, request: Request, view: Any) -> str:
        who = f"token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": who}
