"""Which requests are for a cluster's API server, and their way there and back.

`/k/{token}/...` is what kubeconfigs name: the token opens the cluster. `/k8s/{name}/...` is a cluster as it would be on
a network: who shows no credentials is anonymous. `/clusters/{name}/k8s/...` is for our own pages.
Everything that fails here is a Kubernetes Status; no Django page ever gets out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from django.conf import settings

from cluster_core.apiserver.request import ADMIN, CLIENT_CERTIFICATE, ApiRequest, ApiResponse, User
from cluster_core.apiserver.server import ApiServer
from cluster_core.machinery import errors
from cluster_core.machinery.errors import ApiError
from playground.asgitypes import Application, Receive, Scope, Send
from playground.clusters import name_of_token
from playground.engine.port import Engine, EngineError
from playground.guard import header, same_origin

from . import portforward, remotecommand
from .requests import ClientGone, api_request, body_of
from .responses import send_error, send_response, send_stream
from .socket import Socket

logger = logging.getLogger(__name__)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class KubeApi:
    """ASGI application in front of `inner`."""

    def __init__(self, inner: Application, engine: Callable[[], Engine]) -> None:
        self._inner, self._engine = inner, engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = split(scope) if scope["type"] in ("http", "websocket") else None
        if where is None:
            await self._inner(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._converse(where, scope, receive, send)
            return
        try:
            await self._answer(where, scope, receive, send)
        except (ApiError, EngineError) as error:
            await send_error(send, error)
        except ClientGone:
            logger.debug("the client hung up")

    async def _answer(self, where: tuple[str, str, str], scope: Scope, receive: Receive, send: Send) -> None:
        way, key, path = where
        cluster, user = await _enter(way, key, scope)
        request = api_request(scope, path, await body_of(scope, receive), user)
        if way == "network":
            request = await _with_credentials(cluster, request, scope)
        answer = await self._ask(cluster, request)
        if isinstance(answer, ApiResponse):
            await send_response(send, answer, request.header("accept-encoding"))
        else:
            await send_stream(receive, send, answer)

    async def _converse(self, where: tuple[str, str, str], scope: Scope, receive: Receive, send: Send) -> None:
        """A websocket. What is refused is closed before it opens: clients then ask without one and are told why."""
        scope["method"] = "GET"
        try:
            way, key, path = where
            if way == "page" and not _from_our_page(scope):
                raise _forbidden()
            cluster, user = await _enter(way, key, scope)
            request = api_request(scope, path, b"", user)
            if way == "network":
                request = await _with_credentials(cluster, request, scope)
            serve = portforward.serve if path.endswith("/portforward") else remotecommand.serve
            await serve(self._engine(), cluster, request, Socket(scope, receive, send))
        except (ApiError, EngineError) as error:
            logger.debug("a websocket was refused: %s", error)
            await send({"type": "websocket.close", "code": 1011})

    async def _ask(self, cluster: str, request: ApiRequest):  # type: ignore[no-untyped-def]
        engine = self._engine()
        if ApiServer.is_watch(request):
            return await engine.watch(cluster, request)
        return await engine.request(cluster, request)


def split(scope: Scope) -> tuple[str, str, str] | None:
    """("token", "network" or "page", which, the path within the cluster), None when it is not for a cluster."""
    raw = scope.get("raw_path") or scope["path"].encode()
    parts = raw.decode("latin-1").split("/", 4)
    if parts[1] == "k" and len(parts) > 2:
        return "token", parts[2], "/" + "/".join(parts[3:])
    if parts[1] == "k8s" and len(parts) > 2:
        return "network", parts[2], "/" + "/".join(parts[3:])
    if parts[1] == "clusters" and len(parts) > 3 and parts[3] == "k8s":
        return "page", parts[2], "/" + "".join(parts[4:])
    return None


async def _enter(way: str, key: str, scope: Scope) -> tuple[str, User | None]:
    """The cluster and who is asking. Raises 401 for a token nobody has, 403 for a page that is not ours."""
    if way == "token":
        name = await name_of_token(key)
        if name is None:
            raise errors.unauthorized()
        return name, ADMIN
    if way == "network":
        return key, None
    if scope["method"] not in _SAFE and not _from_our_page(scope):
        raise _forbidden()
    return key, ADMIN if settings.LOCAL_MODE else None


async def _with_credentials(cluster: str, request: ApiRequest, scope: Scope) -> ApiRequest:
    """The request with whom its token or certificate stands for, as far as it is not for the cluster to say."""
    scheme, _, token = request.header("authorization").partition(" ")
    if scheme.lower() == "bearer" and await _opens(token.strip(), cluster):
        return replace(request, user=ADMIN, headers=_without(request.headers, "authorization"))
    shown = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain")
    return replace(request, headers={**request.headers, CLIENT_CERTIFICATE: shown[0]}) if shown else request


async def _opens(token: str, cluster: str) -> bool:
    """Is this the cluster's own token? Those of its service accounts have dots."""
    return "." not in token and await name_of_token(token) == cluster


def _without(headers: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


def _from_our_page(scope: Scope) -> bool:
    """A foreign page can send neither our Origin nor, without asking first, a header of its own."""
    origin = header(scope, b"origin")
    return bool(origin and same_origin(scope, origin)) or bool(header(scope, b"x-csrftoken"))


def _forbidden() -> EngineError:
    return EngineError("changes from the browser must come from this site's own pages (Origin or X-CSRFToken)", 403)
