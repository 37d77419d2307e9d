"""The files of one machine: what is there by itself, over it what people wrote; and what writing some of them does.

A kubelet notices manifests by itself; units and its own configuration count from the next `systemctl restart` on. What does
not run for want of a file is started again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cluster_core.machines import manifests, rendering
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import MANIFESTS, UNITS
from cluster_core.simulation import etcdfiles
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of
from cluster_core.simulation.options import manifest_files, site_of, unit_files

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster
    from cluster_core.simulation.control import ControlPlane

MOST_BYTES = 1024 * 1024


class TooMuch(Exception):
    """The machine's disk is full."""


def usual_files(cluster: Cluster, machine: Machine) -> dict[str, str]:
    """What is there as long as nobody has touched anything."""
    found = rendering.base_files(machine, site_of(cluster))
    if machine.control_plane:
        own = manifest_files if cluster.spec.flavour == "kubeadm" else unit_files
        found |= own(machine) | {f"{etcdfiles.USUAL}/{etcdfiles.DATA}": etcdfiles.LIVE}
    return found


def files(cluster: Cluster, machine: Machine) -> dict[str, str]:
    """Path -> text of everything on the machine."""
    found = usual_files(cluster, machine)
    for path, text in machine.files.items():
        if text is None:
            found.pop(path, None)
        else:
            found[path] = text
    return found


def write(cluster: Cluster, machine: Machine, changes: Mapping[str, str | None]) -> None:
    """Write files, or remove those whose text is None. Raises TooMuch."""
    merged = {**machine.files, **changes}
    if sum(len(text or "") + len(path) for path, text in merged.items()) > MOST_BYTES:
        raise TooMuch
    machine.files = _tidy(cluster, machine, merged)
    if machine.kubelet and any(manifests.is_manifest(machine, path) for path in changes):
        look_at_manifests(cluster, machine)
    if machine.control_plane:
        _control(cluster).retry()


def _control(cluster: Cluster) -> ControlPlane:
    """The control plane stands on modules that read machines' files: it is looked up, not imported."""
    return cast("ControlPlane", cluster.parts["control-plane"])


def _tidy(cluster: Cluster, machine: Machine, merged: dict[str, str | None]) -> dict[str, str | None]:
    """Without what is as it would be anyway."""
    usual = usual_files(cluster, machine)
    return {path: text for path, text in merged.items() if text != usual.get(path)}


def look_at_manifests(cluster: Cluster, machine: Machine) -> None:
    """As the kubelet does: bring the static pods in line with the files."""
    wanted = manifests.wanted(machine, files(cluster, machine))
    for name in sorted({*wanted, *machine.manifests}, key=_order):
        if wanted.get(name) != machine.manifests.get(name):
            set_manifest(cluster, machine, name, wanted.get(name))


def _order(name: str) -> tuple[int, str]:
    """etcd first, then those that need it."""
    return (COMPONENTS.index(name) if name in COMPONENTS else len(COMPONENTS), name)


def set_manifest(cluster: Cluster, machine: Machine, name: str, manifest: Any) -> None:
    if name in COMPONENTS and machine.name == CONTROL_PLANE:
        _control(cluster).set_manifest(name, manifest)
        return
    rest = {key: each for key, each in machine.manifests.items() if key != name}
    machine.manifests = rest if manifest is None else {**rest, name: manifest}
    fleet_of(cluster).manifest_changed(machine, name)


__all__ = ["MANIFESTS", "UNITS", "TooMuch", "files", "look_at_manifests", "set_manifest", "usual_files", "write"]
