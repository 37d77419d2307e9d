"""What objects look like to clients where the store does not say: heartbeats, computed when somebody looks."""

from __future__ import annotations

from cluster_core.apiserver.server import ApiServer
from cluster_core.kubelet import kwok, registration
from cluster_core.kubelet.fleet import Fleet
from cluster_core.machinery.typed import Obj
from cluster_core.machines.park import MachinePark


def install(server: ApiServer, park: MachinePark, fleet: Fleet) -> None:
    """Let the API server show Nodes and node Leases with their latest heartbeats."""
    clock = server.world.clock

    def lease(obj: Obj) -> Obj:
        metadata = obj["metadata"]
        if metadata.get("namespace") != registration.LEASES:
            return obj
        if metadata["name"] in fleet.fake:
            return kwok.present_lease(obj, clock.now)
        return registration.present_lease(obj, park.get(metadata["name"]), clock.now)

    def node(obj: Obj) -> Obj:
        return registration.present_node(obj, park.get(obj["metadata"]["name"]), clock.now)

    server.present.update({"Lease": lease, "Node": node})
