"""Paths that are no resources: version, health, discovery, OpenAPI. Models apiserver/pkg/server/routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.apiserver import discovery, health, metrics, openapi
from cluster_core.apiserver.access import user_of
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery import errors

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.2",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-06-09T00:00:00Z",
    "goVersion": "go1.26.4",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_OPENID = ("/.well-known/openid-configuration", "/openid/v1/jwks")


def answer(server: ApiServer, request: ApiRequest) -> ApiResponse:
    """The answer to a request for a non-resource path."""
    path = request.path.rstrip("/") or "/"
    user_of(server, request, None)
    if path.startswith(health.ENDPOINTS):
        return health.answer(server, request, path) or discovery.PAGE_NOT_FOUND
    if path == "/metrics":
        return metrics.answer(server)
    found = _got(server, request, path)
    if request.method == "GET" or _takes_all(path) or found is discovery.PAGE_NOT_FOUND:
        return found
    raise errors.method_not_allowed()


def _got(server: ApiServer, request: ApiRequest, path: str) -> ApiResponse:
    if path == "/version":
        return _json({**VERSION, "gitVersion": server.version})
    if path in _OPENID:
        return _openid(server, path)
    if path.startswith("/openapi/"):
        return openapi.answer(server, request, path)
    return discovery.answer(server, request, path)


def _takes_all(path: str) -> bool:
    """/, /apis and /apis/GROUP are served by handlers that look at no method."""
    return path in ("/", "/apis") or (path.startswith("/apis/") and path.count("/") == 2)


def _json(body: Any) -> ApiResponse:
    return ApiResponse(200, orjson.dumps(body))


def _openid(server: ApiServer, path: str) -> ApiResponse:
    """How others verify the tokens of service accounts."""
    if path == _OPENID[0]:
        return _json(server.tokens.configuration())
    return ApiResponse(200, orjson.dumps(server.tokens.key_set()), "application/jwk-set+json")
