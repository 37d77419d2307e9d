"""For REST views: insist on a right the table of routes cannot see, such as on a cluster that the body names."""

from __future__ import annotations

from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request

from . import access
from .access import Action, Decision

_ERRORS: dict[int, type[APIException]] = {401: NotAuthenticated, 403: PermissionDenied, 404: NotFound}


def insist(decision: Decision) -> None:
    """Raises what the decision amounts to."""
    if not decision:
        raise _ERRORS[decision.status](decision.reason)


def require(request: Request, action: Action, cluster: str) -> None:
    if not access.local():
        insist(access.may(request._request.who, action, cluster))
