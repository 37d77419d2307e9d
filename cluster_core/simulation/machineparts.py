"""How machines and what runs on them hear of each other: parts that start, kubelets that start, machines that boot."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import staticpods
from cluster_core.machines import kubelets, rendering
from cluster_core.machines.kubelets import Settings
from cluster_core.machines.machine import Machine
from cluster_core.simulation import (
    clientaccess,
    etcdfiles,
    leaderelection,
    machinefiles,
    nameserving,
    proxyunits,
    startchecks,
    tlsbootstrap,
)
from cluster_core.simulation.chronicle import FAILED, chronicle_of
from cluster_core.simulation.control import COMPONENTS, control_of
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, park_of
from cluster_core.simulation.options import command_of, site_of
from cluster_core.workloads.runtime import Containers

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def install(cluster: Cluster, containers: Containers) -> None:
    """Let the parts look at their command lines before they start, and take note of what their start means for others."""
    control, park = control_of(cluster), park_of(cluster)
    control.check = lambda component, argv, manifest: startchecks.check(cluster, component, argv, manifest)
    control.started = lambda component: _started(cluster, component)
    control.halted = lambda component: _halted(cluster, component)
    control.note = lambda component, what, text: _noted(cluster, component, what, text)
    park.boot = lambda machine: boot(cluster, machine)
    proxyunits.proxies_of(cluster).is_broken = lambda pod: proxyunits.pod_fault(cluster, pod)
    proxyunits.proxies_of(cluster).is_strict = lambda node: proxyunits.mode_of(cluster, node) != "iptables"
    containers.fault = lambda launch: (
        control.fault_of(launch.pod, launch.container["name"]) or proxyunits.fault(cluster, launch) or nameserving.fault(launch)
    )
    containers.besides = lambda launch, started, until: found.log if (found := nameserving.life(launch, started, until)) else ()


def _noted(cluster: Cluster, component: str, what: str, text: str) -> None:
    leaderelection.ending(cluster, component, what)
    chronicle_of(cluster).note(CONTROL_PLANE, component, what, text)


def _halted(cluster: Cluster, component: str) -> None:
    if component == "etcd":
        etcdfiles.put_away(cluster, control_of(cluster).data_directory)


def _started(cluster: Cluster, component: str) -> None:
    control, machine = control_of(cluster), park_of(cluster).get(CONTROL_PLANE)
    if machine is not None:
        staticpods.restarted(fleet_of(cluster), machine, component)
    if component == "etcd":
        control.data_directory = etcdfiles.data_directory(cluster)
        etcdfiles.take_up(cluster, control.data_directory)
    if component == "kube-scheduler":
        control.documents[component] = startchecks.scheduler_file(cluster)
    if component in leaderelection.SERVERS:
        _server_started(cluster)
    leaderelection.started(cluster, component)


def _server_started(cluster: Cluster) -> None:
    control = control_of(cluster)
    control.link = startchecks.etcd_link(cluster) if all(map(control.is_running, COMPONENTS[:2])) else ""
    control.set_fault()
    _begin_anew(cluster)
    recheck_kubelets(cluster)
    control.retry()


def _begin_anew(cluster: Cluster) -> None:
    """An API server that finds an empty etcd makes what every cluster has."""
    from cluster_core.simulation import bootstrap

    if not cluster.server.etcd_fault and not cluster.store.range("/registry/namespaces/default"):
        bootstrap.system_objects(cluster)


# ---------------------------------------------------------------------------------------------------- kubelets


def usual_settings(cluster: Cluster, machine: Machine) -> Settings:
    """What the machine's kubelet works with as long as nobody has touched anything."""
    return dict(_usual_settings(rendering.facts(machine), site_of(cluster)))


@lru_cache(1024)
def _usual_settings(facts: rendering.Facts, site: rendering.Site) -> Mapping[str, Any]:
    return kubelets.start(rendering.files_of(facts, site)).settings


def start_kubelet(cluster: Cluster, machine: Machine) -> None:
    """Start the kubelet with the files that are there now; a kubelet that ends at once is tried again with each change."""
    if _read_settings(cluster, machine):
        park_of(cluster).set_kubelet(machine, True)
        machinefiles.look_at_manifests(cluster, machine)


def _read_settings(cluster: Cluster, machine: Machine) -> bool:
    """What a kubelet that starts now works with; whether it starts at all."""
    started = kubelets.start(machinefiles.files(cluster, machine))
    machine.kubelet_fault = started.fault
    if started.fault:
        chronicle_of(cluster).note(machine.name, "kubelet", FAILED, started.fault)
        return False
    usual = usual_settings(cluster, machine)
    machine.settings = {name: value for name, value in started.settings.items() if value != usual.get(name, kubelets.USUAL[name])}
    if "kubelet" in machine.packages:
        machine.settings["version"] = machine.packages["kubelet"]
    machine.mute = kubelet_trouble(cluster, machine)
    return True


def kubelet_trouble(cluster: Cluster, machine: Machine) -> str:
    """Why the running kubelet does not get its node registered."""
    settings = kubelet_settings(cluster, machine)
    head = f'"Unable to register node with API server" err="Post \\"{site_of(cluster).server}/api/v1/nodes\\": '
    path = settings["kubeconfig"]
    if not path:
        return "Standalone mode, no API client"
    if settings["bootstrapped"]:
        return tlsbootstrap.bootstraps_of(cluster).trouble(machine, settings)
    found = clientaccess.access(cluster, machinefiles.files(cluster, machine), path)
    why = found.broken or found.refused
    name = settings["nodeName"] or machine.name
    user = found.user.name if found.user else ""
    if not why and user != f"system:node:{name}" and not {"system:masters"} & set(found.user.groups if found.user else ()):
        who = user.removeprefix("system:node:")
        why = f'nodes \\"{name}\\" is forbidden: node \\"{who}\\" is not allowed to modify node \\"{name}\\"'
    if not why and name != machine.name:
        why = f'nodes \\"{name}\\" is forbidden: this machine is known as \\"{machine.name}\\"'
    return f'{head}{why}"' if why else ""


def kubelet_settings(cluster: Cluster, machine: Machine) -> Settings:
    """All settings with which the kubelet was started."""
    return {**kubelets.USUAL, **usual_settings(cluster, machine), **machine.settings}


def look_again(cluster: Cluster, machine: Machine) -> None:
    """The running kubelet reads its kubeconfig anew: it waits for one that it may use."""
    before = machine.mute
    if _read_settings(cluster, machine):
        after, machine.mute = machine.mute, before
        park_of(cluster).set_mute(machine, after)


def recheck_kubelets(cluster: Cluster) -> None:
    """The API server has started, maybe elsewhere or with other papers: who reaches it now?"""
    park = park_of(cluster)
    commands = control_of(cluster).commands
    for machine in park.machines.values() if "kube-apiserver" in commands else ():
        if machine.kubelet:
            trouble = kubelet_trouble(cluster, machine)
            if trouble != machine.mute:
                park.set_mute(machine, trouble)


def boot(cluster: Cluster, machine: Machine) -> bool:
    """The machine has its power back: whether its kubelet comes up. Units of its own start with what is there now."""
    from cluster_core.simulation import partunits

    partunits.boot(cluster, machine)
    if not (machine.joined or machine.kubelet) or "kubelet" in machine.disabled or not _read_settings(cluster, machine):
        return False
    machinefiles.look_at_manifests(cluster, machine)
    return True


__all__ = ["boot", "command_of", "install", "kubelet_settings", "start_kubelet"]
