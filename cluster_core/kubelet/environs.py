"""What each container of a cluster finds around it, put together: variables, files of volumes and of its node, name servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import mounting, refreshing, surroundings, volumes
from cluster_core.kubelet.surroundings import Surroundings
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

USUAL_DNS = (["10.96.0.10"], "cluster.local")
"""clusterDNS and clusterDomain as kubeadm sets them."""


class Environs:
    """Of all nodes' containers."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.dns: dict[str, list[Any]] = {}
        """Pod uid -> [name servers, domain] it was started with, where its kubelet's were not the cluster's usual ones."""

    def note_dns(self, machine: Any, uid: str) -> None:
        """The pod gets its resolv.conf: from the settings its kubelet has now."""
        settings = machine.settings
        if "clusterDNS" in settings or "clusterDomain" in settings:
            self.dns[uid] = [settings.get("clusterDNS", USUAL_DNS[0]), settings.get("clusterDomain", USUAL_DNS[1])]
        else:
            self.dns.pop(uid, None)

    def node_facts(self, pod: Obj) -> dict[str, str]:
        """What the downward API tells of the node, and the pod's address."""
        machine = self._fleet.machines.get(pod["spec"]["nodeName"])
        ip = self._fleet.known(pod["metadata"]["uid"]).get("ip") or pod.get("status", {}).get("podIP", "")
        return {"ip": machine.address, "podIP": ip, "cpu": machine.cpu, "memory": machine.memory}

    def of(self, pod: Obj, container: Obj) -> Surroundings:
        """The container's environment and files. Raises surroundings.Missing."""
        fleet, node = self._fleet, self.node_facts(pod)
        environment = surroundings.environment(fleet.api, pod, container, node)
        if container.get("command") or container.get("args"):
            environment = {**volumes.service_variables(fleet.api, pod), **environment}
        container = mounting.resolved(container, environment)
        files = volumes.files_of(fleet.api, pod, container, node)
        if mounting.mounts_host(pod):
            files |= mounting.files_of_node(pod, container, fleet.host_files, fleet.workloads.image_files)
        known = fleet.known(pod["metadata"]["uid"])
        return Surroundings(container, environment, *refreshing.first_and_later(known, container, files))
