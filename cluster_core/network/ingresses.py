"""Where an ingress controller sends a request. Models ingress-nginx' and Traefik's reading of the Ingress API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from cluster_core.apiserver.client import Client
from cluster_core.machinery.ingressclasses import is_served
from cluster_core.machinery.typed import Obj
from cluster_core.network.trace import Call

_REWRITE = "nginx.ingress.kubernetes.io/rewrite-target"
_REGEX = "nginx.ingress.kubernetes.io/use-regex"
_SSL_REDIRECT = "nginx.ingress.kubernetes.io/ssl-redirect"


class Chosen(NamedTuple):
    """The backend of a request: which Ingress says so, the service and its port (name or number), and the path to ask for."""

    ingress: str
    namespace: str
    service: str
    port: str | int
    path: str
    redirect: bool = False


def choose(api: Client, controller: str, call: Call) -> Chosen | None:
    """The best rule for the request's host and path; None: the controller's own 404."""
    best: tuple[tuple[int, int, int], Chosen] | None = None
    fallback: Chosen | None = None
    for ingress in api.list("Ingress"):
        if not is_served(ingress, controller, lambda name: api.get("IngressClass", "", name)):
            continue
        if fallback is None and "defaultBackend" in ingress["spec"]:
            fallback = _chosen(ingress, ingress["spec"]["defaultBackend"], call.path)
        for rank, found in _fitting(ingress, call):
            if best is None or rank > best[0]:
                best = (rank, found)
    return best[1] if best else fallback


def _fitting(ingress: Obj, call: Call) -> Iterable[tuple[tuple[int, int, int], Chosen]]:
    """The paths that fit, with their rank: exact hosts before wildcards before none, exact paths before long prefixes."""
    host = call.host.partition(":")[0].lower()
    for rule in ingress["spec"].get("rules") or ():
        host_rank = _host_rank(rule.get("host", ""), host)
        for path in (rule.get("http") or {}).get("paths") or () if host_rank else ():
            rewritten = _rewritten(ingress, path, call)
            if rewritten is not None:
                exact = path.get("pathType") == "Exact"
                rank = (host_rank, int(exact), len(path.get("path") or "/"))
                yield rank, _chosen(ingress, path["backend"], rewritten)._replace(redirect=_redirects(ingress, host, call))


def _host_rank(wanted: str, host: str) -> int:
    if not wanted:
        return 1
    if wanted == host:
        return 3
    label, _, rest = host.partition(".")
    return 2 if wanted.startswith("*.") and label and wanted[2:] == rest else 0


def _rewritten(ingress: Obj, path: Obj, call: Call) -> str | None:
    """The path to ask the backend for; None when this rule is not for the request."""
    wanted, plain = path.get("path") or "/", call.plain
    annotations = ingress["metadata"].get("annotations", {})
    target = annotations.get(_REWRITE)
    if path.get("pathType") == "ImplementationSpecific" and (target or annotations.get(_REGEX) == "true"):
        return _by_regex(wanted, plain, target, call.path)
    if path.get("pathType") == "Exact":
        fits = plain == wanted
    else:
        fits = plain == wanted.rstrip("/") or plain.startswith(wanted.rstrip("/") + "/")
    if not fits:
        return None
    return re.sub(r"\$\d", "", target) if target is not None else call.path


def _by_regex(wanted: str, plain: str, target: str | None, whole: str) -> str | None:
    try:
        match = re.match(wanted, plain, re.IGNORECASE)
    except re.error:
        return None
    if match is None:
        return None
    groups = (match[0], *match.groups(""))
    if target is None:
        return whole
    return re.sub(r"\$(\d)", lambda found: groups[int(found[1])] if int(found[1]) < len(groups) else "", target)


def _redirects(ingress: Obj, host: str, call: Call) -> bool:
    """Whether plain HTTP is sent to HTTPS, because the host has a certificate."""
    annotations = ingress["metadata"].get("annotations", {})
    if call.scheme == "https" or annotations.get(_SSL_REDIRECT) == "false":
        return False
    return any(host in (tls.get("hosts") or ()) for tls in ingress["spec"].get("tls") or ())


def _chosen(ingress: Obj, backend: Obj, path: str) -> Chosen:
    service = backend.get("service") or {}
    port = service.get("port") or {}
    metadata = ingress["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    return Chosen(name, metadata["namespace"], service.get("name", ""), port.get("name") or port.get("number", 0), path)


def forwarded(call: Call) -> dict[str, str]:
    """The headers of the request as a backend gets them: with where it came from."""
    port = "443" if call.scheme == "https" else "80"
    told = {"X-Real-IP": call.client, "X-Forwarded-For": call.client, "X-Forwarded-Host": call.host, "X-Forwarded-Port": port,
            "X-Forwarded-Proto": call.scheme, "X-Forwarded-Scheme": call.scheme, "X-Scheme": call.scheme}  # fmt: skip
    return {**call.headers, **told}


def backends(api: Client, chosen: Chosen) -> list[tuple[str, int]] | None:
    """The ready endpoints (address, port) of the chosen service; None when there is no such service or port."""
    service = api.get("Service", chosen.namespace, chosen.service)
    if service is None:
        return None
    ports = service["spec"].get("ports", ())
    port = next((each for each in ports if chosen.port in (each.get("name"), each["port"])), None)
    if port is None:
        return None
    found: list[tuple[str, int]] = []
    for each in api.list("EndpointSlice", chosen.namespace):
        if each["metadata"].get("labels", {}).get("kubernetes.io/service-name") == chosen.service:
            found += _ready(each, port.get("name", ""))
    return sorted(found)


def _ready(found: Obj, port_name: str) -> Iterable[tuple[str, int]]:
    for port in found.get("ports") or ():
        for endpoint in found.get("endpoints") or () if (port.get("name") or "") == port_name else ():
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                yield endpoint["addresses"][0], port["port"]
