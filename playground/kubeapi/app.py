"""Which requests are for a cluster's API server, and their way there and back.

`/k/{token}/...` is what kubeconfigs name: the token opens the cluster. `/k8s/{name}/...` is a cluster as it would be on
a network: who shows no credentials is anonymous. `/clusters/{name}/k8s/...` is for our own pages.
Where there are accounts, a name alone opens nothing (`entering`).
Everything that fails here is a Kubernetes Status; no Django page ever gets out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.apiserver.server import ApiServer
from cluster_core.machinery.errors import ApiError
from playground.asgitypes import Application, Receive, Scope, Send
from playground.engine.port import Engine, EngineError, NoSuchCluster
from playground.guard import header, same_origin

from . import logs, portforward, remotecommand
from .entering import Where, as_if_unknown, at_root, enter, while_allowed
from .requests import ClientGone, body_of
from .responses import send_error, send_response, send_stream
from .socket import Socket

logger = logging.getLogger(__name__)
_SOCKETS = {"portforward": portforward.serve, "log": logs.serve}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class KubeApi:
    """ASGI application in front of `inner`."""

    def __init__(self, inner: Application, engine: Callable[[], Engine]) -> None:
        self._inner, self._engine = inner, engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = split(scope) or await at_root(scope) if scope["type"] in ("http", "websocket") else None
        if where is None:
            await self._inner(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._converse(where, scope, receive, send)
            return
        try:
            await self._answer(where, scope, receive, send)
        except NoSuchCluster as error:
            await send_error(send, as_if_unknown(where, error))
        except (ApiError, EngineError) as error:
            await send_error(send, error)
        except ClientGone:
            logger.debug("the client hung up")

    async def _answer(self, where: Where, scope: Scope, receive: Receive, send: Send) -> None:
        if where.way == "page" and scope["method"] not in _SAFE and not _from_our_page(scope):
            raise _forbidden()
        entered = await enter(where, scope)
        answer = await self._ask(entered.cluster, entered.request(await body_of(scope, receive)))
        if isinstance(answer, ApiResponse):
            await send_response(send, answer, header(scope, b"accept-encoding"))
        else:
            await send_stream(receive, send, await while_allowed(where, scope, answer))

    async def _converse(self, where: Where, scope: Scope, receive: Receive, send: Send) -> None:
        """A websocket. What is refused is closed before it opens: clients then ask without one and are told why."""
        scope["method"] = "GET"
        try:
            if where.way == "page" and not _from_our_page(scope):
                raise _forbidden()
            entered = await enter(where, scope)
            serve = _SOCKETS.get(where.path.rpartition("/")[2], remotecommand.serve)
            await serve(self._engine(), entered.cluster, entered.request(b""), Socket(scope, receive, send))
        except (ApiError, EngineError) as error:
            logger.debug("a websocket was refused: %s", error)
            await send({"type": "websocket.close", "code": 1011})

    async def _ask(self, cluster: str, request: ApiRequest):  # type: ignore[no-untyped-def]
        engine = self._engine()
        if ApiServer.is_watch(request):
            return await engine.watch(cluster, request)
        if logs.is_followed(request):
            return await logs.follow(engine, cluster, request)
        return await engine.request(cluster, request)


def split(scope: Scope) -> Where | None:
    """Which cluster's API server it is for and by which way, None when it is for none."""
    raw = scope.get("raw_path") or scope["path"].encode()
    parts = raw.decode("latin-1").split("/", 4)
    if parts[1] == "k" and len(parts) > 2:
        return Where("token", parts[2], "/" + "/".join(parts[3:]))
    if parts[1] == "k8s" and len(parts) > 2:
        return Where("network", parts[2], "/" + "/".join(parts[3:]))
    if parts[1] == "clusters" and len(parts) > 3 and parts[3] == "k8s":
        return Where("page", parts[2], "/" + "".join(parts[4:]))
    return None


def _from_our_page(scope: Scope) -> bool:
    """A foreign page can send neither our Origin nor, without asking first, a header of its own; a program has a token."""
    origin = header(scope, b"origin")
    own = header(scope, b"x-csrftoken") or header(scope, b"authorization")
    return bool(own) or bool(origin and same_origin(scope, origin))


def _forbidden() -> EngineError:
    return EngineError("changes from the browser must come from this site's own pages (Origin or X-CSRFToken)", 403)
