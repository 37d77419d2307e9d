"""The systemd units of a machine: which there are, whether they run, and what starting and stopping them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.machines import flags, rendering, systemd
from cluster_core.machines.machine import ON, Machine
from cluster_core.simulation import machinefiles, machineparts, proxyunits
from cluster_core.simulation.chronicle import FAILED, STOPPED, chronicle_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.nodes import park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


def names(cluster: Cluster, machine: Machine) -> list[str]:
    """The machine's units, those of the control plane where everything was set up by hand."""
    manual = cluster.spec.flavour != "kubeadm"
    proxy = (proxyunits.NAME,) if manual and systemd.paths(machinefiles.files(cluster, machine), proxyunits.NAME) else ()
    parts = COMPONENTS if manual and machine.control_plane else ()
    return [*(name for name, _, _ in rendering.ENGINES.get(machine.runtime, ())), "kubelet", *proxy, *parts]


def is_active(cluster: Cluster, machine: Machine, unit: str) -> bool:
    if unit == "kubelet":
        return machine.kubelet
    if unit == proxyunits.NAME:
        return proxyunits.is_active(machine)
    return unit not in COMPONENTS or control_of(cluster).is_running(unit)


def fault(cluster: Cluster, machine: Machine, unit: str) -> str:
    """Why the unit failed when it was last started."""
    if unit == "kubelet":
        return machine.kubelet_fault
    if unit == proxyunits.NAME:
        return str(machine.proxy.get("fault", ""))
    return control_of(cluster).broken.get(unit, "")


def complaint(cluster: Cluster, machine: Machine, unit: str) -> str:
    """What a running unit says that gets nothing done."""
    if unit == "kubelet":
        return machine.mute
    if unit == proxyunits.NAME:
        return str(machine.proxy.get("mute", ""))
    return control_of(cluster).mute.get(unit, "")


def command(cluster: Cluster, machine: Machine, unit: str) -> list[str]:
    """The command line with which the unit was started."""
    from cluster_core.simulation.options import command_of

    if unit == "kubelet":
        return list(machineparts.kubelet_settings(cluster, machine)["argv"])
    if unit == proxyunits.NAME:
        return list(machine.proxy.get("argv") or systemd.command(machinefiles.usual_files(cluster, machine), unit).argv)
    if unit in COMPONENTS:
        return command_of(cluster, unit)
    return next((argv.split() for name, _, argv in rendering.ENGINES.get(machine.runtime, ()) if name == unit), [f"/usr/bin/{unit}"])


def start(cluster: Cluster, machine: Machine, unit: str) -> None:
    """`systemctl start`, with the files that are there now."""
    if is_active(cluster, machine, unit):
        return
    if unit == "kubelet":
        machineparts.start_kubelet(cluster, machine)
    elif unit == proxyunits.NAME:
        proxyunits.start_unit(cluster, machine, machinefiles.files(cluster, machine))
    else:
        _start_part(cluster, machine, unit)


def _start_part(cluster: Cluster, machine: Machine, unit: str) -> None:
    control, found = control_of(cluster), systemd.command(machinefiles.files(cluster, machine), unit)
    control.stopped.pop(unit, None)
    if found.fault:
        control.broken[unit] = found.fault
        control.commands[unit] = [unit]
        control.note(unit, FAILED, found.fault)
        control.set_fault()
    else:
        control.run_command(unit, found.argv)


def stop(cluster: Cluster, machine: Machine, unit: str) -> None:
    if unit == "kubelet":
        machine.kubelet_fault = machine.mute = ""
        if machine.kubelet:
            park_of(cluster).set_kubelet(machine, False)
        chronicle_of(cluster).note(machine.name, unit, STOPPED)
    elif unit == proxyunits.NAME:
        proxyunits.stop_unit(cluster, machine)
    elif unit in COMPONENTS:
        control = control_of(cluster)
        control.broken.pop(unit, None)
        control.mute.pop(unit, None)
        if unit not in control.stopped:
            control.stop(unit)
        control.note(unit, STOPPED, "")


def boot(cluster: Cluster, machine: Machine) -> None:
    """The machine comes up: its enabled units start with the files that are there now."""
    if cluster.spec.flavour == "kubeadm" or machine.state != ON:
        return
    for unit in names(cluster, machine):
        if unit in machine.disabled and unit in (*COMPONENTS, proxyunits.NAME):
            stop(cluster, machine, unit)
        elif unit == proxyunits.NAME:
            proxyunits.start_unit(cluster, machine, machinefiles.files(cluster, machine))


def retry(cluster: Cluster, machine: Machine) -> None:
    """systemd starts again and again what ended by itself."""
    if machine.kubelet_fault and not machine.kubelet:
        machineparts.start_kubelet(cluster, machine)
    if machine.proxy.get("fault"):
        proxyunits.start_unit(cluster, machine, machinefiles.files(cluster, machine))


__all__ = ["boot", "command", "complaint", "fault", "flags", "is_active", "names", "retry", "start", "stop"]
