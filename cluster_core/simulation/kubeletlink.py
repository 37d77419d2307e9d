"""The API server's way to a kubelet: --kubelet-certificate-authority, --kubelet-client-certificate and -key.

Models pkg/kubelet/client and the kubelet's own authentication and authorization (pkg/kubelet/server/auth.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.authentication import user_of_certificate
from cluster_core.apiserver.authorization import Action
from cluster_core.apiserver.request import User
from cluster_core.machinery import errors
from cluster_core.machines import certificates, rendering
from cluster_core.machines.kubelets import Settings
from cluster_core.machines.machine import Machine
from cluster_core.simulation import machinefiles, machineparts
from cluster_core.simulation.clientaccess import control_files
from cluster_core.simulation.control import control_of
from cluster_core.simulation.nodes import fleet_of
from cluster_core.simulation.options import options_of, site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
_TOUCHY = frozenset(("serving", "clientCA", "anonymous", "authorization"))


def install(cluster: Cluster) -> None:
    """Let requests into containers pass only where both sides are content with each other."""
    fleet_of(cluster).inside.gate = lambda machine, path: check(cluster, machine, path)


def check(cluster: Cluster, machine: Machine, path: str) -> None:
    """Raises ApiError when the kubelet does not let the API server in, or the API server does not trust it."""
    if "kube-apiserver" not in control_of(cluster).commands and not _TOUCHY & machine.settings.keys():
        return
    options, settings = options_of(cluster, "kube-apiserver"), machineparts.kubelet_settings(cluster, machine)
    there = control_files(cluster)
    authority = options.get("kubelet-certificate-authority", "")
    if authority and not certificates.is_signed_by(_serving(cluster, machine, settings), there.get(authority, "")):
        raise errors.plain_error(f'Get "https://{machine.address}:10250{path}": {certificates.UNKNOWN_AUTHORITY}')
    user = _client(cluster, there.get(options.get("kubelet-client-certificate", ""), ""), settings)
    if user is None:
        raise errors.unauthorized(f"the server has asked for the client to provide credentials ({path})")
    if settings["authorization"] == "Webhook":
        _authorize(cluster, user)


def _serving(cluster: Cluster, machine: Machine, settings: Settings) -> str:
    own = machinefiles.files(cluster, machine).get(f"{rendering.KUBELET_PKI}/kubelet.crt", "")
    return str(settings["serving"] or own)


def _client(cluster: Cluster, certificate: str, settings: Settings) -> User | None:
    """Whom the kubelet takes the API server for; None: nobody it would talk to."""
    authority = str(settings["clientCA"]) or rendering.authority_text(site_of(cluster))
    if certificate and certificates.is_signed_by(certificate, authority):
        return user_of_certificate(cluster.server, certificate)
    return ANONYMOUS if settings["anonymous"] else None


def _authorize(cluster: Cluster, user: User) -> None:
    answer = cluster.server.authorizer.decide(user, Action("get", "", "nodes", "proxy"))
    if not answer.allowed:
        raise errors.plain_error(f"Forbidden (user={user.name}, verb=get, resource=nodes, subresource(s)=[proxy])")
