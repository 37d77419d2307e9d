"""Which program has written which log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cluster_core.machinery.containers import Launch
from cluster_core.machines import flags
from cluster_core.simulation import nameserving
from cluster_core.simulation.control import control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, VERSION
from cluster_core.simulation.logs import apiserver, controllermanager, dns, engine, etcd, kubelet, proxy, scheduler
from cluster_core.simulation.logs.klog import Run, bounded, prefixed
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_PROGRAMS: dict[str, Callable[[Cluster, Run], list[Line]]] = {
    "etcd": etcd.lines,
    "kube-apiserver": apiserver.lines,
    "kube-controller-manager": controllermanager.lines,
    "kube-scheduler": scheduler.lines,
    "kube-proxy": proxy.lines,
    "coredns": dns.lines,
    "kubelet": kubelet.lines,
}


def lines(cluster: Cluster, program: str, run: Run) -> list[Line]:
    """What the program has written during this run."""
    own = _PROGRAMS.get(program)
    return bounded(own(cluster, run) if own is not None else engine.lines(cluster, run, program), run)


def failure(fault: str, at: int, pid: int = 1) -> list[Line]:
    """What a program says that ends at once."""
    return [Line(at + number, prefixed(text, at + number, pid), True) for number, text in enumerate(fault.splitlines())]


def of_container(cluster: Cluster, faults: Callable[[Launch], str], launch: Launch, started: int, until: int) -> list[Line] | None:
    """The log of a container in which a program of Kubernetes runs; None for others."""
    if launch.pod["metadata"].get("namespace") != "kube-system":
        return None
    fault = faults(launch._replace(now=started))
    container = launch.container
    if fault:
        return None if nameserving.is_coredns(container) else failure(fault, started)
    argv = [*container.get("command", ()), *container.get("args", ())]
    program = flags.program_of(argv) if container.get("command") else container["image"].rpartition("/")[2].partition(":")[0]
    if program not in _PROGRAMS or program == "kubelet":
        return None
    mute = control_of(cluster).mute.get(program, "") if program in COMPONENTS else ""
    tag = container["image"].rpartition(":")[2]
    return lines(cluster, program, Run(launch.node, started, until, 1, argv, mute, tag if tag.startswith("v") else VERSION))
