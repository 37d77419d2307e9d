"""Paths that are no resources: version, health, discovery, OpenAPI. Models apiserver/pkg/server/routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.apiserver import discovery, openapi
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
_HEALTH = ("/healthz", "/livez", "/readyz")


def answer(server: ApiServer, request: ApiRequest) -> ApiResponse:
    """The answer to a GET of a non-resource path."""
    path = request.path.rstrip("/") or "/"
    user_of(server, request, None)
    if path.startswith(_HEALTH):
        return _health(server, request, path)
    if request.method != "GET":
        raise errors.method_not_allowed()
    if path == "/version":
        return _json(VERSION)
    if path in _OPENID:
        return _openid(server, path)
    if path.startswith("/openapi/"):
        return openapi.answer(server, request, path)
    return discovery.answer(server, request, path)


def _json(body: Any) -> ApiResponse:
    return ApiResponse(200, orjson.dumps(body))


def _openid(server: ApiServer, path: str) -> ApiResponse:
    """How others verify the tokens of service accounts."""
    if path == _OPENID[0]:
        return _json(server.tokens.configuration())
    return ApiResponse(200, orjson.dumps(server.tokens.key_set()), "application/jwk-set+json")


_CHECKS = ("ping", "log", "etcd", "poststarthook/start-apiserver-admission-initializer", "poststarthook/rbac/bootstrap-roles")


def _health(server: ApiServer, request: ApiRequest, path: str) -> ApiResponse:
    """"ok", or line by line with ?verbose; 500 when etcd is out of reach."""
    failed = {"etcd"} if server.etcd_fault else set()
    endpoint = path.split("/")[1]
    verbose = bool([1 for key, _ in request.query if key == "verbose"]) or failed
    if not verbose:
        return ApiResponse(200, b"ok", "text/plain; charset=utf-8")
    lines = [f"[-]{check} failed: reason withheld" if check in failed else f"[+]{check} ok" for check in _CHECKS]
    lines.append(f"{endpoint} check {'failed' if failed else 'passed'}\n")
    return ApiResponse(500 if failed else 200, "\n".join(lines).encode(), "text/plain; charset=utf-8")
