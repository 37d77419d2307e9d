"""Who sent a request: an API token in its header, else the session in its cookie, else nobody (in local mode: everybody
is the one who sits there).

Django's views get it from the gate, the raw ASGI applications ask here with their scope.
"""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.http import HttpRequest

from playground.asgitypes import Scope
from playground.guard import header

from .access import LOCAL, NOBODY, Who
from .models import ApiToken

PREFIX = "pg_"
"""How our tokens begin; a cluster's own bearer tokens look different and are for the cluster."""


def bearer(authorization: str) -> str:
    """The token of an Authorization header, "" when there is none."""
    words = authorization.split()
    return words[1] if len(words) == 2 and words[0].lower() == "bearer" else ""


def token_of(secret: str) -> tuple[ApiToken | None, str]:
    """(the token, "") or (None, why not)."""
    found = ApiToken.objects.select_related("user").filter(digest=ApiToken.digest_of(secret)).first()
    if found is None:
        return None, "the token is not known"
    if found.expired:
        return None, "the token has expired"
    if found.user is not None and not found.user.is_active:
        return None, "the token's account is closed"
    return found, ""


def who_of_token(token: ApiToken) -> Who:
    scopes = frozenset(str(token.scopes).split())
    if token.user is None:
        return Who(name=str(token.name), admin=True, scopes=scopes)
    return Who(token.user.pk, token.user.get_username(), token.user.is_superuser, scopes)


def who_of_user(user: Any) -> Who:
    """`user`: as Django's authentication has it."""
    if not user.is_authenticated or not user.is_active:
        return LOCAL if settings.LOCAL_MODE else NOBODY
    return Who(user.pk, user.get_username(), user.is_superuser or settings.LOCAL_MODE)


def of_person(user: int) -> Who:
    found = get_user_model().objects.filter(pk=user).first()
    return who_of_user(found) if found else NOBODY


def of_request(request: HttpRequest) -> tuple[Who, ApiToken | None]:
    """Who it is, and the token that says so."""
    if secret := bearer(request.headers.get("Authorization", "")):
        token, problem = token_of(secret)
        return (who_of_token(token), token) if token else (Who(problem=problem), None)
    return (LOCAL if settings.LOCAL_MODE else who_of_user(get_user(request))), None


def of_credentials(cookie: str, secret: str) -> Who:
    """Who it is by the bare credentials: a session's key or an API token."""
    if secret:
        token, problem = token_of(secret)
        return who_of_token(token) if token else Who(problem=problem)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return who_of_user(get_user(SimpleNamespace(session=store(cookie or None))))  # type: ignore[arg-type]


def credentials(scope: Scope) -> tuple[str, str]:
    """(the session's key, the API token) of a request before Django; "" where there is none."""
    secret = bearer(header(scope, b"authorization"))
    return _cookie(scope["headers"]), secret if secret.startswith(PREFIX) else ""


def _cookie(headers: Iterable[tuple[bytes, bytes]]) -> str:
    text = "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")
    try:
        found = SimpleCookie(text).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return found.value if found else ""
