"""How far a kubeconfig file leads: to no API server, to this one as nobody, or as whom.

Models client-go/tools/clientcmd and what TLS and the API server say to those who come with the wrong papers.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from cluster_core.apiserver.authentication import user_of_certificate
from cluster_core.apiserver.request import User
from cluster_core.machines import certificates
from cluster_core.machines.rendering import PKI
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.simulation.options import options_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


class Access(NamedTuple):
    """`broken`: the file cannot be used at all; `refused`: why nothing comes of it; else the user it stands for."""

    broken: str = ""
    refused: str = ""
    user: User | None = None
    namespace: str = ""
    """The context's."""


class _Broken(Exception):
    pass


@lru_cache(512)
def _loaded(text: str) -> Any:
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        return f"yaml: line {(mark.line if mark else 0) + 1}: {getattr(error, 'problem', '') or 'cannot be parsed'}"


def access(cluster: Cluster, files: Mapping[str, str], path: str, context: str = "") -> Access:
    """What comes of the kubeconfig at `path` among these files; of its current context, or of another one."""
    if path not in files:
        return Access(f"stat {path}: no such file or directory")
    try:
        server, user, namespace = _chosen(_loaded(files[path]), path, context)
        authority = _data(server, "certificate-authority", files, path)
        certificate, key = _data(user, "client-certificate", files, path), _data(user, "client-key", files, path)
        problem = certificates.pair_problem(certificate, key) if certificate else ""
        if problem:
            raise _Broken(problem)
    except _Broken as error:
        return Access(str(error))
    url = str(server.get("server") or "http://localhost:8080")
    refused = _connection(cluster, url, authority, bool(server.get("insecure-skip-tls-verify")))
    if refused:
        return Access("", refused)
    return _identified(cluster, certificate, str(user.get("token") or ""))._replace(namespace=namespace)


def _chosen(found: Any, path: str, context: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The cluster, the user and the namespace of the context."""
    if isinstance(found, str):
        raise _Broken(f'error loading config file "{path}": {found}')
    if not isinstance(found, dict):
        return {}, {}, ""
    name = context or str(found.get("current-context") or "")
    chosen = _named(found, "contexts", "context", name)
    if name and chosen is None:
        raise _Broken(f'context "{name}" does not exist')
    chosen = chosen or {}
    server = _named(found, "clusters", "cluster", str(chosen.get("cluster") or ""))
    user = _named(found, "users", "user", str(chosen.get("user") or ""))
    if chosen.get("user") and user is None:
        raise _Broken(f'auth info "{chosen["user"]}" does not exist')
    return server or {}, user or {}, str(chosen.get("namespace") or "")


def _named(found: dict[str, Any], listing: str, key: str, name: str) -> dict[str, Any] | None:
    for each in found.get(listing) or ():
        if isinstance(each, dict) and each.get("name") == name:
            value = each.get(key)
            return value if isinstance(value, dict) else {}
    return None


def _data(owner: Mapping[str, Any], name: str, files: Mapping[str, str], path: str) -> str:
    """The text in NAME-data or in the file NAME."""
    if owner.get(f"{name}-data"):
        try:
            return base64.b64decode(str(owner[f"{name}-data"]), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _Broken(f'error loading config file "{path}": illegal base64 data at input byte 0') from None
    place = str(owner.get(name) or "")
    if not place:
        return ""
    place = posixpath.normpath(posixpath.join(posixpath.dirname(path), place))
    if place not in files:
        raise _Broken(f"invalid configuration: unable to read {name} {place} due to open {place}: no such file or directory")
    return files[place]


# ---------------------------------------------------------------------------------------------------- the connection


def server_port(cluster: Cluster) -> str:
    return options_of(cluster, "kube-apiserver").get("secure-port", "6443")


def _connection(cluster: Cluster, url: str, authority: str, trusting: bool) -> str:
    """Why no connection to the API server comes about."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    machine = park_of(cluster).get(CONTROL_PLANE)
    host, port = parts.hostname or "", str(_port(parts) or (443 if parts.scheme == "https" else 80))
    address = machine.address if machine else "172.18.0.2"
    if host not in (address, CONTROL_PLANE):
        known = [each for each in park_of(cluster).machines.values() if host in (each.address, each.name)]
        return _dial(f"{known[0].address}:{port}", "connection refused") if known or _is_local(host) else _stranger(host, port)
    if port != server_port(cluster):
        return _dial(f"{address}:{port}", "connection refused")
    if parts.scheme != "https":
        return "the server rejected our request for an unknown reason: Client sent an HTTP request to an HTTPS server."
    return "" if trusting or certificates.is_signed_by(serving_certificate(cluster), authority) else certificates.UNKNOWN_AUTHORITY


def _port(parts: Any) -> int | None:
    try:
        return int(parts.port) if parts.port else None
    except ValueError:
        return None


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")


def _dial(target: str, problem: str) -> str:
    return f"dial tcp {target}: connect: {problem}"


def _stranger(host: str, port: str) -> str:
    is_address = host.replace(".", "").isdigit() or ":" in host
    return _dial(f"{host}:{port}", "no route to host") if is_address else f"dial tcp: lookup {host} on 172.18.0.1:53: no such host"


def serving_certificate(cluster: Cluster) -> str:
    """What the API server shows to its clients."""
    return control_files(cluster).get(options_of(cluster, "kube-apiserver").get("tls-cert-file", f"{PKI}/apiserver.crt"), "")


def control_files(cluster: Cluster) -> Mapping[str, str]:
    from cluster_core.simulation import machinefiles

    machine = park_of(cluster).get(CONTROL_PLANE)
    return machinefiles.files(cluster, machine) if machine is not None else {}


def _identified(cluster: Cluster, certificate: str, token: str) -> Access:
    """The user the API server takes the client for."""
    if token:
        user = cluster.server.tokens.user_of(token)
        return Access(user=user) if user is not None else Access("", "Unauthorized")
    options = options_of(cluster, "kube-apiserver")
    authority = control_files(cluster).get(options.get("client-ca-file", f"{PKI}/ca.crt"), "")
    if not certificate:
        return Access("", "Unauthorized" if options.get("anonymous-auth") == "false" else 'forbidden: User "system:anonymous"')
    user = user_of_certificate(cluster.server, certificate) if certificates.is_signed_by(certificate, authority) else None
    return Access(user=user) if user is not None else Access("", "Unauthorized")
