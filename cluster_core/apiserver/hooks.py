"""How the API server calls what is not part of it: webhooks, over the network that the simulation lends it.

Models apiserver/pkg/util/webhook and the errors that client-go makes of what goes wrong on the way.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from cluster_core.apiserver import decode_syntax
from cluster_core.machinery import gofmt

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

_PORT = 443


class Target(NamedTuple):
    """Where a hook is. `address` is empty for a URL; for a service the address that its name stands for."""

    host: str
    port: int
    path: str
    address: str = ""
    authorities: str = ""
    """The certificates (PEM) that are trusted; "": those that everybody trusts."""


class Reply(NamedTuple):
    """What came back: either `trouble`, in Go's words, or a status and a body. `seconds` is how long it took."""

    status: int = 0
    body: str = ""
    trouble: str = ""
    seconds: float = 0.0


Reach = Callable[[Target, str], Reply]
"""Posts a JSON body."""


class HookError(Exception):
    """The call failed; the text says how."""


def nowhere(target: Target, body: str) -> Reply:
    """For a server without a network: nothing answers."""
    where = f"{target.address}:{target.port}"
    return Reply(trouble=f"dial tcp {where}: connect: connection refused" if target.address else _no_host(target.host))


def _no_host(host: str) -> str:
    return f"dial tcp: lookup {host}: no such host"


def post(server: ApiServer, config: Mapping[str, Any], body: Any, seconds: int) -> Any:
    """What the webhook of a clientConfig answers to a JSON body. Raises HookError."""
    service = config.get("service")
    shown = _url(config)
    url = f"{shown}?timeout={seconds}s"
    target = _of_service(server, service, url) if service else _of_url(config)
    reply = server.reach(target._replace(authorities=_authorities(config)), orjson.dumps(body).decode())
    trouble = "context deadline exceeded" if reply.seconds > seconds else reply.trouble
    if trouble:
        raise _failed(url, trouble)
    return _decoded(reply)


def _failed(url: str, trouble: str) -> HookError:
    return HookError(f"Post {gofmt.quote(url)}: {trouble}")


def _url(config: Mapping[str, Any]) -> str:
    service = config.get("service")
    if not service:
        return str(config["url"])
    path = str(service.get("path") or "").lstrip("/")
    return f"https://{service['name']}.{service['namespace']}.svc:{service.get('port', _PORT)}/{path}"


def _authorities(config: Mapping[str, Any]) -> str:
    return b64decode(config.get("caBundle") or "").decode("utf-8", "replace")


def _of_url(config: Mapping[str, Any]) -> Target:
    host, slash, path = config["url"].split("://", 1)[-1].partition("/")
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, str(_PORT)
    return Target(name, int(port) if port.isdigit() else _PORT, slash + path)


def _of_service(server: ApiServer, service: Mapping[str, Any], url: str) -> Target:
    """The service's cluster IP: the server asks no DNS. Raises HookError when there is none."""
    namespace, name, port = service["namespace"], service["name"], service.get("port", _PORT)
    found = server.storage.get(server.kinds.named("Service", ""), namespace, name)
    if found is None:
        raise _failed(url, f"service {gofmt.quote(name)} not found")
    spec = found["spec"]
    target = Target(f"{name}.{namespace}.svc", port, "/" + str(service.get("path") or "").lstrip("/"))
    if spec.get("type") == "ExternalName":
        return target._replace(host=spec["externalName"])
    if spec.get("clusterIP") == "None":
        raise _failed(url, 'cannot route to service with ClusterIP "None"')
    if all(each["port"] != port for each in spec.get("ports") or ()):
        raise _failed(url, f"no service port {port} found for service {gofmt.quote(name)}")
    return target._replace(address=str(spec.get("clusterIP", "")))


def _decoded(reply: Reply) -> Any:
    if reply.status == 404:
        raise HookError("the server could not find the requested resource")
    if reply.status >= 500:
        text = gofmt.quote(reply.body.strip() or "unknown")
        raise HookError(f"an error on the server ({text}) has prevented the request from succeeding")
    if reply.status >= 400:
        raise HookError("the server rejected our request for an unknown reason")
    try:
        found = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        problem = decode_syntax.syntax_error(reply.body)
        raise HookError(f"couldn't get version/kind; json parse error: {problem}") from None
    if not isinstance(found, dict) or not found.get("kind"):
        raise HookError(f"Object 'Kind' is missing in '{reply.body}'")
    return found
