"""Who may enter a cluster's API server by which way, and as whom.

A token in the address opens the cluster to whoever has it. By name, our own pages enter with a session (or an API token)
that may look at or change the cluster; and programs as on a network, with credentials that the cluster itself checks.
Where there are accounts, a name without any of these is answered the same whether or not there is such a cluster.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.conf import settings

from cluster_core.apiserver.request import ADMIN, CLIENT_CERTIFICATE, ApiRequest, User, parse_path
from cluster_core.machinery import errors
from cluster_core.machinery.errors import ApiError
from playground.asgitypes import Scope
from playground.classroom import door, passes
from playground.classroom.access import FROZEN, Action, Decision
from playground.classroom.identity import PREFIX
from playground.clusters import name_of_token
from playground.engine.port import EngineError, NoSuchCluster, Stream

from .requests import api_request

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CONNECTS = frozenset({"exec", "attach", "portforward", "proxy"})
_OF_CLUSTERS = frozenset({"api", "apis", "version", "healthz", "livez", "readyz", "openapi", "metrics"})
_QUESTIONS = ("/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/")
"""What is posted there asks something and is kept nowhere, but a token it makes."""


class Where(NamedTuple):
    """`way`: "token", "network" or "page"; `key`: the token or name; `path`: within the cluster."""

    way: str
    key: str
    path: str


@dataclass(frozen=True, slots=True)
class Entered:
    """A request on its way into a cluster. `user`: whom the way in vouches for."""

    cluster: str
    scope: Scope
    path: str
    user: User | None
    own_token: bool = False
    """Its bearer token has been checked already and is nothing for the cluster."""
    certificate: str = ""

    def request(self, body: bytes) -> ApiRequest:
        request = api_request(self.scope, self.path, body, self.user)
        if self.own_token:
            return replace(request, user=self.user, headers=_without(request.headers, "authorization"))
        if self.certificate:
            return replace(request, headers={**request.headers, CLIENT_CERTIFICATE: self.certificate})
        return request


async def at_root(scope: Scope) -> Where | None:
    """A path as on a server that is nothing but one cluster's, with that cluster's own token to say which: `kubectl proxy`
    drops what its server's address has in front."""
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    token = _bearer(scope)
    if raw.split("/", 2)[1] not in _OF_CLUSTERS or not token or "." in token or token.startswith(PREFIX):
        return None
    name = await name_of_token(token)
    return Where("network", name, raw) if name is not None else None


async def enter(where: Where, scope: Scope) -> Entered:
    """Raises errors.unauthorized and EngineError: the token is unknown, the name not theirs, the class frozen."""
    entered = await _BY_WAY[where.way](where, scope)
    if changes(scope["method"], where.path) and await door.frozen(entered.cluster):
        raise EngineError(FROZEN, 403)
    return entered


def changes(method: str, path: str) -> bool:
    """Whether a request may change something, in the cluster or in a container."""
    info = parse_path(path, method)
    if info is not None and info.subresource in _CONNECTS:
        return True
    return method not in _SAFE and not path.startswith(_QUESTIONS)


def needed(method: str, path: str) -> Action:
    """Who may only look may not read secrets: their tokens would let them in by the other ways."""
    info = parse_path(path, method)
    secret = info is not None and not info.group and info.resource == "secrets"
    return Action.EDIT if secret or changes(method, path) else Action.VIEW


async def while_allowed(where: Where, scope: Scope, stream: Stream) -> Stream:
    """A watch from a page ends when its right does."""
    if settings.LOCAL_MODE or where.way != "page":
        return stream

    async def chunks() -> AsyncGenerator[bytes, None]:
        async with aclosing(stream.chunks) as inner:
            async for chunk in inner:
                if not await door.may(scope, needed("GET", where.path), where.key):
                    return
                yield chunk

    return replace(stream, chunks=chunks())


def as_if_unknown(where: Where, error: NoSuchCluster) -> ApiError | EngineError:
    """To a wrong token, a cluster that is not there answers as one that is."""
    return errors.unauthorized() if where.way == "network" and not settings.LOCAL_MODE else error


async def _by_token(where: Where, scope: Scope) -> Entered:
    if where.key.startswith(passes.PREFIX):
        return await _by_pass(where, scope)
    name = await name_of_token(where.key)
    if name is None:
        raise errors.unauthorized()
    return Entered(name, scope, where.path, ADMIN)


async def _by_pass(where: Where, scope: Scope) -> Entered:
    """As somebody whose terminal it is, who may what they may on the pages."""
    found = passes.opened(where.key)
    if found is None:
        raise errors.unauthorized()
    user, cluster = found
    decision = await door.may_who(await door.person(user), needed(scope["method"], where.path), cluster)
    if refusal := _as_error(decision):
        raise refusal
    return Entered(cluster, scope, where.path, ADMIN)


async def _by_page(where: Where, scope: Scope) -> Entered:
    if refusal := _as_error(await door.may(scope, needed(scope["method"], where.path), where.key)):
        raise refusal
    return Entered(where.key, scope, where.path, ADMIN, own_token=_bearer(scope).startswith(PREFIX))


def _as_error(decision: Decision) -> ApiError | EngineError | None:
    if decision:
        return None
    if decision.status == 401:
        return errors.unauthorized()
    return NoSuchCluster(decision.reason) if decision.status == 404 else EngineError(decision.reason, decision.status)


async def _by_network(where: Where, scope: Scope) -> Entered:
    """With the cluster's own token, or as its credentials say; by name alone only where nobody logs in."""
    token, name = _bearer(scope), where.key.partition(".")[0]
    if token and await _opens(token, name):
        return Entered(name, scope, where.path, ADMIN, own_token=True)
    shown = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain")
    if not settings.LOCAL_MODE and (not (token or shown) or await door.at_network(where.key) is None):
        raise errors.unauthorized()
    return Entered(name, scope, where.path, None, certificate=shown[0] if shown else "")


_BY_WAY = {"token": _by_token, "page": _by_page, "network": _by_network}


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


async def _opens(token: str, cluster: str) -> bool:
    """Is this the cluster's own token? Those of its service accounts have dots."""
    return "." not in token and await name_of_token(token) == cluster


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}
