"""The command "etcd": what etcd's clients ask, as long as etcd runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cluster_core.etcd.leases import Leases
from cluster_core.etcd.service import OPERATIONS, UNAVAILABLE, Etcd, EtcdError
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.control import control_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def etcd_of(cluster: Cluster) -> Etcd:
    return Etcd(cluster.store, cast(Leases, cluster.parts[Leases.name]), cluster.witness.hear_etcd)


@command("etcd")
def etcd(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """op and its arguments as cluster_core.etcd.service has them -> its answer, or {"error": [gRPC code, message]}."""
    operation = args.get("op")
    if operation not in OPERATIONS:
        raise CommandError(f"op: one of {', '.join(OPERATIONS)}")
    if not control_of(cluster).is_running("etcd"):
        return {"error": [UNAVAILABLE, "etcdserver: request timed out"], "revision": cluster.revision}
    try:
        return etcd_of(cluster).call(operation, args)
    except EtcdError as error:
        compacted = cluster.store.compact_revision
        return {"error": [error.code, str(error)], "revision": cluster.revision, "compacted": compacted}
