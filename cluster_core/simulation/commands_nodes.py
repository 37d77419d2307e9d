"""Commands about machines: add, remove, kill, revive, cordon, drain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.client import Client
from cluster_core.machines.machine import KILLED, OFF, ON, Machine
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.drain import Drains
from cluster_core.simulation.nodes import add_node, fleet_of, new_machine, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

USER = "kubernetes-admin"
MOST_NODES = 5000


def _api(cluster: Cluster) -> Client:
    return cluster.world.client(USER)


def _machine(cluster: Cluster, args: Mapping[str, Any]) -> Machine:
    """The machine the arguments name. Raises CommandError 404."""
    name = Arguments(args).node()
    machine = park_of(cluster).get(name)
    if machine is None:
        raise CommandError(f'there is no machine named "{name}"', 404)
    return machine


def facts(machine: Machine) -> dict[str, Any]:
    """A machine as command results show it."""
    return {"name": machine.name, "state": machine.state, "kubelet": machine.kubelet, "cpu": machine.cpu,
            "memory": machine.memory, "pods": machine.pods, "address": machine.address}  # fmt: skip


@command("add-node")
def add_nodes(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """name?, count=1, cpu, memory, pods, labels, taints, zone, joined=True -> {"nodes": [...]}. Without joined: machines that
    have power but are no nodes yet; `kubeadm join` makes them such."""
    given = Arguments(args)
    count = given.number("count", 1, least=1, most=MOST_NODES)
    if given.has("name") and count > 1:
        raise CommandError("name and count cannot be used together")
    park = park_of(cluster)
    if len(park.machines) + count > MOST_NODES:
        raise CommandError(f"a cluster can have at most {MOST_NODES} nodes", 409)
    if len(park.machines) + count > cluster.spec.limits.get("nodes", MOST_NODES):
        raise CommandError(f"this cluster may have at most {cluster.spec.limits['nodes']:.0f} nodes, its control plane's included", 403)
    more = _description(cluster, given)
    names = [_free_name(cluster, given.text("name", "")) for _ in range(1)] if count == 1 else []
    add = add_node if given.truth("joined", True) else new_machine
    made = [add(cluster, names[0] if names else _free_name(cluster, ""), **more) for _ in range(count)]
    return {"nodes": [facts(machine) for machine in made], "name": made[0].name}


def _description(cluster: Cluster, given: Arguments) -> dict[str, Any]:
    labels = given.labels("labels")
    if given.has("zone"):
        labels["topology.kubernetes.io/zone"] = given.text("zone")
    return {
        "cpu": given.quantity("cpu", cluster.spec.cpu),
        "memory": given.quantity("memory", cluster.spec.memory),
        "pods": given.number("pods", 110, least=0, most=10_000),
        "labels": labels,
        "taints": given.taints("taints"),
        **({} if given.truth("joined", True) else {"joined": False, "kubelet": False}),
    }


def _free_name(cluster: Cluster, wanted: str) -> str:
    """The wanted name, or the next free node-N. Raises CommandError 409 when it is taken."""
    api, park = _api(cluster), park_of(cluster)

    def taken(name: str) -> bool:
        return park.get(name) is not None or api.get("Node", "", name) is not None

    if wanted:
        if taken(wanted):
            raise CommandError(f'a node named "{wanted}" exists already', 409)
        return wanted
    number = 1
    while taken(f"node-{number}"):
        number += 1
    return f"node-{number}"


@command("delete-node")
def delete_node(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Take the machine away for good and delete its Node object."""
    name = Arguments(args).node()
    park, api = park_of(cluster), _api(cluster)
    machine, node = park.get(name), api.get("Node", "", name)
    if machine is None and node is None:
        raise CommandError(f'there is no node named "{name}"', 404)
    if machine is not None:
        fleet_of(cluster).forget_node(name)
        park.remove(name)
    if node is not None:
        api.delete("Node", "", name)
    return {"name": name}


@command("kill-node")
def kill_node(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the machine's power: nothing more is heard of it."""
    return _switch_off(cluster, args, KILLED)


@command("poweroff")
def power_off(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Switch the machine off."""
    return _switch_off(cluster, args, OFF)


def _switch_off(cluster: Cluster, args: Mapping[str, Any], state: str) -> dict[str, Any]:
    machine = _machine(cluster, args)
    if machine.state != ON:
        raise CommandError(f'machine "{machine.name}" is {machine.state} already', 409)
    park_of(cluster).switch_off(machine, state)
    return facts(machine)


@command("revive-node")
def revive_node(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Give the machine its power back: it boots and its kubelet registers."""
    machine = _machine(cluster, args)
    if machine.state == ON:
        raise CommandError(f'machine "{machine.name}" is on already', 409)
    park_of(cluster).switch_on(machine)
    return facts(machine)


@command("node-load")
def load_node(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """memory, storage, pids: what others than pods use of the machine, as quantities; what is not named stays."""
    machine, given = _machine(cluster, args), Arguments(args)
    for name in LOADS:
        if given.has(name):
            machine.load[name] = "0" if str(args[name]) == "0" else given.quantity(name, "0")
    fleet_of(cluster).loads.weigh(machine.name)
    return {"name": machine.name, "load": {name: machine.load.get(name, "0") for name in LOADS}}


LOADS = ("memory", "storage", "pids")


def _set_unschedulable(cluster: Cluster, name: str, value: bool) -> dict[str, Any]:
    api = _api(cluster)
    node = api.get("Node", "", name)
    if node is None:
        raise CommandError(f'there is no node named "{name}"', 404)
    api.patch("Node", "", name, {"spec": {"unschedulable": True if value else None}})
    return {"name": name, "unschedulable": value}


@command("cordon")
def cordon(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    return _set_unschedulable(cluster, Arguments(args).node(), True)


@command("uncordon")
def uncordon(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    return _set_unschedulable(cluster, Arguments(args).node(), False)


@command("drain-node")
def drain_node(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """kubectl drain --ignore-daemonsets --delete-emptydir-data --force: which pods were evicted and which were not."""
    given = Arguments(args)
    name = given.node()
    _set_unschedulable(cluster, name, True)
    part = cluster.parts[Drains.name]
    assert isinstance(part, Drains)
    return part.begin(name)
