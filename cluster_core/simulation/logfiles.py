"""/var/log on a machine: containers' logs as their runtime writes them, and the journal as syslog has it. Made when somebody looks.

Models the kubelet's names (pkg/kubelet/kuberuntime/legacy.go, BuildContainerLogsDirectory) and the CRI's log lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.kubelet import staticpods
from cluster_core.kubelet.inside import Inside, LogOptions
from cluster_core.machinery.errors import ApiError
from cluster_core.machines.machine import Machine
from cluster_core.simulation import journal, machinecri, partunits
from cluster_core.simulation.logs import programs
from cluster_core.simulation.logs.klog import moment
from cluster_core.simulation.machinecri import Container
from cluster_core.simulation.nodes import fleet_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

MOST_LINES, MOST_CONTAINERS = 300, 60


def files(cluster: Cluster, machine: Machine) -> dict[str, str]:
    """Path -> text."""
    found = {"/var/log/syslog": _syslog(cluster, machine)}
    for each in machinecri.containers(cluster, machine)[:MOST_CONTAINERS]:
        text = _text(cluster, each)
        metadata = staticpods.own(each.pod)["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        found[f"/var/log/pods/{namespace}_{name}_{metadata['uid']}/{each.name}/{each.attempt}.log"] = text
        found[f"/var/log/containers/{name}_{namespace}_{each.name}-{each.id}.log"] = text
    return found


def _syslog(cluster: Cluster, machine: Machine) -> str:
    entries = [entry for unit in partunits.names(cluster, machine) for entry in journal.entries(cluster, machine, unit)]
    entries = sorted(entries, key=lambda entry: entry.at)[-MOST_LINES:]
    return "".join(f"{moment(entry.at):%Y-%m-%dT%H:%M:%S.%f}+00:00 {machine.name} {entry.source}[{entry.pid}]: {entry.text}\n" for entry in entries)


def _text(cluster: Cluster, each: Container) -> str:
    """Each line with its time, its stream and the mark of a whole line."""
    if each.fault or not each.status:
        lines = programs.failure(each.fault, each.created)
        return "".join(f"{moment(line.at):%Y-%m-%dT%H:%M:%S.%f}000Z stderr F {line.text}\n" for line in lines)
    previous = bool(each.finished) and ("waiting" in each.status["state"] or each.attempt < each.status["restartCount"])
    return "".join(sorted(line for stream in ("Stdout", "Stderr") for line in _stream(cluster, each, previous, stream)))


def _stream(cluster: Cluster, each: Container, previous: bool, stream: str) -> list[str]:
    options = LogOptions(each.name, previous, timestamps=True, tail=MOST_LINES, stream=stream)
    try:
        lines = Inside(fleet_of(cluster), False).logs(each.pod, options)[0].splitlines()
    except ApiError:  # the kubelet has not looked yet
        return []
    return [f"{stamp} {stream.lower()} F {line}\n" for stamp, _, line in (each.partition(" ") for each in lines)]
