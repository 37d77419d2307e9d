"""The command lines with which the control plane's parts run, and where each part's command line is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.machines import flags, rendering
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import Site
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, static_pods
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def site_of(cluster: Cluster) -> Site:
    machine = park_of(cluster).get(CONTROL_PLANE)
    address = machine.address if machine else "172.18.0.2"
    return Site(f"https://{address}:6443", cluster.spec.flavour, cluster.spec.seed, cluster.clock.start)


def usual_command(machine: Machine, component: str) -> list[str]:
    """The command line with which a part is set up."""
    return list(static_pods(machine.name, machine.address)[component]["spec"]["containers"][0]["command"])


def command_of(cluster: Cluster, component: str) -> list[str]:
    """The command line with which the part was last started."""
    from cluster_core.simulation.control import control_of

    machine = park_of(cluster).get(CONTROL_PLANE)
    known = control_of(cluster).commands.get(component)
    if known is not None or machine is None:
        return known or [component]
    usual = usual_command(machine, component)
    return usual if cluster.spec.flavour == "kubeadm" else [f"/usr/local/bin/{usual[0]}", *usual[1:]]


def options_of(cluster: Cluster, component: str) -> flags.Flags:
    return flags.pairs(command_of(cluster, component))


def unit_files(machine: Machine) -> dict[str, str]:
    """The control plane's units where everything was set up by hand."""
    found = {}
    for name in COMPONENTS:
        words = usual_command(machine, name)
        command = " \\\n  ".join([f"/usr/local/bin/{words[0]}", *words[1:]])
        found[f"{rendering.UNITS}/{name}.service"] = rendering.unit(name, command)
    return found


def manifest_files(machine: Machine) -> dict[str, str]:
    """The control plane's static pods as kubeadm writes them."""
    pods = static_pods(machine.name, machine.address)
    return {f"{rendering.MANIFESTS}/{name}.yaml": rendering.dump(pods[name]) for name in COMPONENTS}



