"""Requests as they reach a cluster and what their paths mean. Models apiserver/pkg/endpoints/request/requestinfo.go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

VERBS_BY_METHOD = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
JSON = "application/json"
CLIENT_CERTIFICATE = ":client-certificate"
"""Where the way in puts the certificate (PEM) a client has shown: no header that a client sends can have this name."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
ADMIN = User("kubernetes-admin", ("kubeadm:cluster-admins", "system:authenticated"))


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request, its path relative to the cluster. Header names are lower case."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    user: User | None = None
    """Set when the way in has authenticated already (the token in the URL); else the headers tell."""
    multi_headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Headers that may repeat: impersonate-group, impersonate-extra-*."""

    def parameter(self, name: str) -> str:
        """The first value of a query parameter, "" when absent."""
        return next((value for key, value in self.query if key == name), "")

    def parameters(self, name: str) -> list[str]:
        return [value for key, value in self.query if key == name]

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An answer: encoded body and its content type."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Sequence[tuple[str, str]] = ()
    warnings: Sequence[str] = ()
    revision: int = 0
    """The store revision that must be durable before this answer may leave. 0: any."""

    def json(self) -> Any:
        import orjson

        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a path under /api or /apis names."""

    group: str
    version: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    tail: str = ""
    """What follows the subresource: the path behind .../proxy/."""
    verb: str = ""
    deprecated_watch: bool = False


def parse_path(path: str, method: str) -> RequestInfo | None:
    """The resource a path names; None for discovery and other non-resource paths."""
    parts = (unquote(path) if "%" in path else path).split("/")[1:]
    if parts and parts[-1] == "":
        parts.pop()
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis" and parts[1]:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    watching = rest[0] == "watch" and len(rest) > 1
    return _resource_of(group, version, rest[1:] if watching else rest, method, watching)


def _resource_of(group: str, version: str, rest: list[str], method: str, watching: bool) -> RequestInfo:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in ("status", "finalize"):
            rest = rest[2:]
    resource, name, subresource = (*rest, "", "", "")[:3]
    verb = VERBS_BY_METHOD.get(method, "")
    if not name and verb == "get":
        verb = "list"
    if not name and verb == "delete":
        verb = "deletecollection"
    return RequestInfo(
        group,
        version,
        resource,
        namespace,
        name,
        subresource,
        "/".join(rest[3:]),
        "watch" if watching else verb,
        watching,
    )
