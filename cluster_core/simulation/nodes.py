"""Making nodes: a machine with a kubelet that registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cluster_core.apiserver.world import CONTROL_PLANE as CONTROL_PLANE
from cluster_core.kubelet.fleet import Fleet
from cluster_core.kubeproxy.proxies import Proxies
from cluster_core.machines.machine import Machine
from cluster_core.machines.park import MachinePark
from cluster_core.simulation.chronicle import chronicle_of
from cluster_core.workloads.runtime import Containers

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def park_of(cluster: Cluster) -> MachinePark:
    return cast(MachinePark, cluster.parts["machines"])


def fleet_of(cluster: Cluster) -> Fleet:
    return cast(Fleet, cluster.parts["kubelet"])


def containers_of(cluster: Cluster) -> Containers:
    return cast(Containers, fleet_of(cluster).workloads)


def new_machine(cluster: Cluster, name: str, **description: Any) -> Machine:
    """A new machine, switched on; `description` as MachinePark.add takes it."""
    machine = park_of(cluster).add(name, runtime=cluster.spec.runtime, **description)
    if not machine.joined:
        machine.proxy = {"stopped": True}
        for program in ("kubelet", "kube-proxy"):
            chronicle_of(cluster).absent(name, program)
    start_proxy(cluster, machine)
    return machine


def start_proxy(cluster: Cluster, machine: Machine) -> None:
    """kube-proxy is a unit of each machine where everything was set up by hand."""
    if cluster.spec.flavour != "kubeadm" and machine.joined:
        cast(Proxies, cluster.parts[Proxies.name]).set_unit(machine.name, True)


def add_node(cluster: Cluster, name: str, **description: Any) -> Machine:
    """A new machine whose node is there and ready at once; `description` as MachinePark.add takes it."""
    machine = new_machine(cluster, name, **description)
    fleet_of(cluster).register(machine)
    return machine
