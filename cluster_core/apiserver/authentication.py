"""Who asks: tokens, certificates, impersonation. Models apiserver/pkg/authentication and the impersonation filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.request import ANONYMOUS, ApiRequest, User
from cluster_core.machinery import errors

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer


def user_of(server: ApiServer, request: ApiRequest) -> User:
    """The user of a request. Raises Unauthorized for credentials that are wrong."""
    if request.user is not None and not request.header("authorization"):
        return request.user
    for authenticate in server.authenticators:
        user = authenticate(request)
        if user is not None:
            return user
    if request.header("authorization"):
        raise errors.unauthorized()
    return request.user or ANONYMOUS
