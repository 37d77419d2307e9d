"""The API server's way to webhooks: over the cluster's network, from the control plane's machine, with TLS looked at.

Models client-go's transport as apiserver/pkg/util/webhook sets it up: which certificates are trusted, for which names.
"""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from cluster_core.apiserver.hooks import Reply, Target
from cluster_core.network import trace
from cluster_core.network.network import Network
from cluster_core.network.trace import OUTSIDE, OWN_CERTIFICATE, Call, Response, Source, Trace
from cluster_core.simulation.networking import network_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_LABEL = "node-role.kubernetes.io/control-plane"
_UNTRUSTED = "tls: failed to verify certificate: x509: "
_NOBODY = _UNTRUSTED + "certificate signed by unknown authority"
_PLAIN = "http: server gave HTTP response to HTTPS client"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, */*", "User-Agent": "kube-apiserver-admission"}
_TROUBLES = {
    trace.REFUSED: "dial tcp {where}: connect: connection refused",
    trace.UNREACHABLE: "dial tcp {where}: connect: no route to host",
    trace.TIMEOUT: "context deadline exceeded",
    trace.NO_SOURCE: "context deadline exceeded",
    trace.NXDOMAIN: "dial tcp: lookup {host}: no such host",
    trace.SERVFAIL: "dial tcp: lookup {host}: server misbehaving",
    trace.NO_DNS: "dial tcp: lookup {host}: i/o timeout",
}


def install(cluster: Cluster) -> None:
    """Let the API server reach webhooks."""

    def reach(target: Target, body: str) -> Reply:
        return _reply(_asked(network_of(cluster), target, body), target)

    cluster.server.reach = reach


def _source(network: Network) -> Source:
    """A machine of the control plane; without one, any that is up."""
    nodes = sorted(network.api.list("Node"), key=lambda node: _LABEL not in node["metadata"].get("labels", {}))
    up = (node["metadata"]["name"] for node in nodes if network.links.is_up(node["metadata"]["name"]))
    found = next(up, "")
    return Source("node", found) if found else OUTSIDE


def _asked(network: Network, target: Target, body: str) -> Trace:
    talk = network.conversation(_source(network), probing=True)
    call = Call("POST", "https", target.host, target.port, target.path or "/", _HEADERS, body)
    if target.address:
        return talk.connect(target.address, call)
    return talk.request(f"https://{target.host}:{target.port}{target.path}", call)


def _reply(asked: Trace, target: Target) -> Reply:
    words = _TROUBLES.get(asked.outcome)
    if words is not None:
        return Reply(trouble=words.format(where=f"{asked.address}:{target.port}", host=target.host), seconds=asked.seconds)
    found = asked.response
    trouble = _distrust(found, target) if found.certificate else _PLAIN
    return Reply(found.status, found.body, trouble, asked.seconds)


def _distrust(found: Response, target: Target) -> str:
    """Why the server's certificate does not do, "" when it does."""
    if found.certificate == OWN_CERTIFICATE:
        return ""
    try:
        chain = x509.load_pem_x509_certificates(found.certificate.encode())
        authorities = x509.load_pem_x509_certificates(target.authorities.encode())
    except ValueError:
        return _NOBODY
    if not _is_issued(chain, authorities):
        return _NOBODY
    names = _names(chain[0])
    if not any(fnmatch.fnmatchcase(target.host, name) for name in names):
        shown = ", ".join(names)
        told = f"certificate is valid for {shown}, not {target.host}" if names else f"certificate is not valid for any names, but wanted to match {target.host}"
        return _UNTRUSTED + told
    return ""


def _is_issued(chain: list[x509.Certificate], authorities: list[x509.Certificate]) -> bool:
    """Whether the first certificate leads to an authority, over the others if need be."""
    certificate = chain[0]
    for _ in chain:
        if certificate in authorities or any(_signed(certificate, each) for each in authorities):
            return True
        issuer = next((each for each in chain if each != certificate and _signed(certificate, each)), None)
        if issuer is None:
            return False
        certificate = issuer
    return False


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]
