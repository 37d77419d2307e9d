"""Commands about what is on a machine: its files, its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.machines import rendering
from cluster_core.machines.machine import ON, Machine
from cluster_core.simulation import (
    clientaccess,
    logfiles,
    machinecontainers,
    machinedocker,
    machineetcdctl,
    machinefiles,
    machinekubeadm,
    machinepackages,
    machineprocesses,
    machineunits,
    partunits,
)
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.control import control_of
from cluster_core.simulation.machinetools import TOOLS, Call
from cluster_core.simulation.nodes import fleet_of, park_of
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

__all__ = ["machinecontainers", "machinedocker", "machineetcdctl", "machinekubeadm", "machinepackages", "machineprocesses", "machineunits"]  # they register their tools


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
    """node, logs? (with what is below /var/log) -> {"files": {path: text}, "directories", "tools": [...], "env": {name: value}}"""
    machine = _machine(cluster, args)
    env = machineetcdctl.ENVIRONMENT if machine.control_plane else {}
    left = fleet_of(cluster).workloads.files_on_node(machine.name, cluster.clock.now)
    merged = {**machinefiles.files(cluster, machine), **left}
    found = {path: text for path, text in merged.items() if text is not None}
    if Arguments(args).truth("logs", False):
        found |= logfiles.files(cluster, machine)
    return {"files": found, "directories": list(rendering.DIRECTORIES), "tools": sorted(TOOLS), "env": env}


@command("machine-write")
def machine_write(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, changes: {path: text, None to remove}"""
    machine = _machine(cluster, args)
    try:
        machinefiles.write(cluster, machine, args["changes"])
    except machinefiles.TooMuch:
        raise CommandError("No space left on device", 507) from None
    fleet_of(cluster).workloads.write_on_node(machine.name, args["changes"], cluster.clock.now)
    partunits.retry(cluster, machine)
    return {}


@command("machine-run")
def machine_run(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, argv, stdin, data: {path: bytes}, after: time of an earlier answer, to be told what has come since
    -> out, err, code, files: {path: bytes}, changed: the machine's own files, now"""
    machine = _machine(cluster, args)
    name, *argv = args["argv"]
    if name not in TOOLS:
        raise CommandError(f"{name}: command not found", 404)
    call = Call(cluster, machine, argv, args.get("stdin", ""), dict(args.get("data", {})), name=name, env=dict(args.get("env", {})), after=Arguments(args).number("after", 0, least=0, most=1 << 62))
    before = machine.files
    out, err, code = TOOLS[name](call)
    return {"out": out, "err": err, "code": code, "files": call.files, "changed": machine.files is not before, "now": cluster.clock.now}


@command("machine-kubeconfig")
def machine_kubeconfig(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """node, path, context?, text? (of a file that is the caller's own) -> problem (as kubectl prints it), namespace, user,
    groups: as whom the kubeconfig file leads to this cluster. Without such a file: as its administrator."""
    machine = _machine(cluster, args)
    path = Arguments(args).text("path", "")
    there = machinefiles.files(cluster, machine)
    if isinstance(args.get("text"), str):
        there[path] = args["text"]
    found = clientaccess.access(cluster, there, path, Arguments(args).text("context", "")) if path else clientaccess.Access()
    problem = _told(found.broken, found.refused) if found.broken or found.refused else ""
    if not problem and not control_of(cluster).is_running("kube-apiserver"):
        problem = _told("", f"dial tcp {site_of(cluster).server.removeprefix('https://')}: connect: connection refused")
    user = found.user
    return {"problem": problem, "namespace": found.namespace,
            "user": user.name if user else "", "groups": list(user.groups) if user else []}  # fmt: skip


def _told(broken: str, refused: str) -> str:
    """In kubectl's words."""
    if broken:
        return f"error: {broken}"
    if refused.endswith("connection refused"):
        return f"The connection to the server {refused.split()[2].rstrip(':')} was refused - did you specify the right host or port?"
    if refused == "Unauthorized":
        return "error: You must be logged in to the server (Unauthorized)"
    return f"Error from server (Forbidden): {refused}" if refused.startswith("forbidden") else f"Unable to connect to the server: {refused}"
