"""Commands about what is on a machine: its files, its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.machines.machine import ON, Machine
from cluster_core.simulation import machineetcdctl, machinefiles, machineunits
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.machinetools import TOOLS, Call
from cluster_core.simulation.nodes import park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

__all__ = ["machineetcdctl", "machineunits"]  # they register their tools


def _machine(cluster: Cluster, args: Mapping[str, Any]) -> Machine:
    name = Arguments(args).node()
    machine = park_of(cluster).get(name)
    if machine is None:
        raise CommandError(f'there is no machine named "{name}"', 404)
    if machine.state != ON:
        raise CommandError(f'machine "{name}" is {machine.state}', 409)
    return machine


@command("machine-files")
def machine_files(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node -> {"files": {path: text}, "tools": [...]}"""
    return {"files": machinefiles.files(cluster, _machine(cluster, args)), "tools": sorted(TOOLS)}


@command("machine-write")
def machine_write(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, changes: {path: text, None to remove}"""
    machine = _machine(cluster, args)
    try:
        machinefiles.write(cluster, machine, args["changes"])
    except machinefiles.TooMuch:
        raise CommandError("No space left on device", 507) from None
    return {}


@command("machine-run")
def machine_run(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, argv, stdin, data: {path: bytes} -> out, err, code, files: {path: bytes}"""
    machine = _machine(cluster, args)
    name, *argv = args["argv"]
    if name == "iptables-save":
        argv = ["-save", *argv]
    if name not in TOOLS:
        raise CommandError(f"{name}: command not found", 404)
    call = Call(cluster, machine, argv, args.get("stdin", ""), dict(args.get("data", {})))
    out, err, code = TOOLS[name](call)
    return {"out": out, "err": err, "code": code, "files": call.files}
