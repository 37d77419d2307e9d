"""Who leads: the Leases by which a scheduler and a controller manager say that they are the one at work, and the API server's own.

Models client-go/tools/leaderelection and the API server's identity lease. Leaders renew every two seconds; that is shown to
who looks and written down when it ends. One that could not renew for ten seconds gives up and is elected anew.
"""

from __future__ import annotations

from base64 import b32encode
from hashlib import sha256
from typing import TYPE_CHECKING

from cluster_core.apiserver.client import Client
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time, microtime, parse_duration
from cluster_core.machinery.typed import Obj
from cluster_core.simulation import chronicle
from cluster_core.simulation.control import COMPONENTS, control_of
from cluster_core.simulation.nodes import CONTROL_PLANE

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

LEADERS = {"kube-controller-manager": "kube-controller-manager", "kube-scheduler": "default-scheduler"}
"""Component -> as whom it tells of it in events."""
SERVERS = COMPONENTS[:2]
_NAMESPACE = "kube-system"
_OF_SERVER = f"apiserver-{b32encode(sha256(CONTROL_PLANE.encode()).digest()[:16]).decode().rstrip('=').lower()}"
_SERVER_RENEWS = 10 * SECOND


def install(cluster: Cluster) -> None:
    """Show the leases of kube-system as their holders have renewed them."""
    others = cluster.server.present["Lease"]

    def shown(lease: Obj) -> Obj:
        metadata = lease["metadata"]
        return _renewed(cluster, lease) if metadata.get("namespace") == _NAMESPACE else others(lease)

    cluster.server.present["Lease"] = shown


def begin(cluster: Cluster, api: Client) -> None:
    """The leases of a new cluster."""
    holder = f"{_OF_SERVER}_{cluster.seed.uid('leader', _OF_SERVER)}"
    labels = {"apiserver.kubernetes.io/identity": "kube-apiserver", "kubernetes.io/hostname": CONTROL_PLANE}
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 3600, "renewTime": cluster.clock.microtime()}
    api.create("Lease", {"metadata": {"name": _OF_SERVER, "namespace": _NAMESPACE, "labels": labels}, "spec": spec})
    for component in LEADERS:
        elect(cluster, component)


def started(cluster: Cluster, component: str) -> None:
    """A component has started: it becomes the leader; or those at work reach their leases again."""
    if component in LEADERS and component not in control_of(cluster).mute:
        elect(cluster, component)
    for leader in LEADERS if component in SERVERS else ():
        if _at_work(cluster, leader) and _is_lost(cluster, leader):
            elect(cluster, leader)


def ending(cluster: Cluster, component: str, what: str) -> None:
    """A component is about to end: the last renewals are what is written down."""
    was = chronicle.chronicle_of(cluster).last(CONTROL_PLANE, component).what
    if was != chronicle.STARTED or what not in (chronicle.STOPPED, chronicle.FAILED) or cluster.server.etcd_fault:
        return
    for leader in LEADERS if component in SERVERS else (component,):
        lease = _lease(cluster, leader)
        if lease is not None and _at_work(cluster, leader):
            _client(cluster, leader).update("Lease", _renewed(cluster, lease))


def elect(cluster: Cluster, component: str) -> None:
    """Take the lease, unless nobody answers or the component is told not to ask."""
    options = control_of(cluster).flags.get(component, {})
    if not _asks(cluster, component) or cluster.server.etcd_fault:
        return
    api, known = _client(cluster, component), _lease(cluster, component)
    before = (known or {}).get("spec") or {}
    transitions = int(before.get("leaseTransitions") or 0) + 1 if known is not None else 0
    holder = f"{CONTROL_PLANE}_{cluster.seed.uid('leader', component, transitions)}"
    seconds = parse_duration(options.get("leader-elect-lease-duration", "15s")) // SECOND
    now = cluster.clock.microtime()
    spec = {"holderIdentity": holder, "leaseDurationSeconds": seconds, "acquireTime": now, "renewTime": now, "leaseTransitions": transitions}
    if known is not None:
        lease = api.update("Lease", {**known, "spec": {**before, **spec}})
    elif api.get("Namespace", "", _NAMESPACE) is None:
        return
    else:
        lease = api.create("Lease", {"metadata": {"name": component, "namespace": _NAMESPACE}, "spec": spec})
    api.event(lease, "Normal", "LeaderElection", f"{holder} became leader", component=LEADERS[component])


def _asks(cluster: Cluster, component: str) -> bool:
    control = control_of(cluster)
    written = (control.documents.get(component) or {}).get("leaderElection") or {}
    return written.get("leaderElect", control.flags.get(component, {}).get("leader-elect", "true") != "false") is not False


def _client(cluster: Cluster, component: str) -> Client:
    return cluster.world.client(f"system:{component}")


def _lease(cluster: Cluster, name: str) -> Obj | None:
    return cluster.world.client("system:apiserver").get("Lease", _NAMESPACE, name)


def _at_work(cluster: Cluster, component: str) -> bool:
    if component not in LEADERS:
        return False
    prefix = "scheduler" if component == "kube-scheduler" else "controller/"
    return component not in control_of(cluster).mute and any(name.startswith(prefix) for name in cluster.parts)


def _is_lost(cluster: Cluster, component: str) -> bool:
    """Whether it has not renewed for longer than its deadline."""
    lease = _lease(cluster, component)
    options = control_of(cluster).flags.get(component, {})
    deadline = parse_duration(options.get("leader-elect-renew-deadline", "10s"))
    return lease is None or cluster.clock.now - _time(lease, "renewTime") > deadline


def _renewed(cluster: Cluster, lease: Obj) -> Obj:
    """The lease with its latest renewal, if its holder is at work."""
    name, options = lease["metadata"]["name"], control_of(cluster).flags
    if name == _OF_SERVER:
        return _renewed_each(cluster, lease, _SERVER_RENEWS, "renewTime")
    if not _at_work(cluster, name) or not (lease.get("spec") or {}).get("holderIdentity"):
        return lease
    period = parse_duration(options.get(name, {}).get("leader-elect-retry-period", "2s"))
    return _renewed_each(cluster, lease, max(period, 1), "acquireTime")


def _renewed_each(cluster: Cluster, lease: Obj, period: int, since: str) -> Obj:
    now = cluster.clock.now
    latest = now - (now - _time(lease, since)) % period
    return {**lease, "spec": {**(lease.get("spec") or {}), "renewTime": microtime(latest)}}


def _time(lease: Obj, field: str) -> int:
    return any_time((lease.get("spec") or {}).get(field) or lease["metadata"]["creationTimestamp"])
