"""The files of one machine: what is there by itself, over it what people wrote; and what writing some of them does.

A kubelet notices manifests by itself; units and its own configuration count from the next `systemctl restart` on.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from cluster_core.machines import flags, rendering
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import MANIFESTS
from cluster_core.simulation.control import control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, static_pods
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

MOST_BYTES = 1024 * 1024
UNITS = "/etc/systemd/system"


class TooMuch(Exception):
    """The machine's disk is full."""


def server_of(cluster: Cluster) -> str:
    machine = park_of(cluster).get(CONTROL_PLANE)
    return f"https://{machine.address if machine else '172.18.0.2'}:6443"


def parsed(text: str | None) -> Any:
    """The static pod a manifest file describes, None when it is none."""
    try:
        found = yaml.safe_load(text or "")
        whole = isinstance(found["metadata"]["name"], str) and isinstance(found["spec"]["containers"][0]["name"], str)
        return found if whole and found["kind"] == "Pod" else None
    except (yaml.YAMLError, KeyError, TypeError, IndexError, RecursionError):
        return None


def files(cluster: Cluster, machine: Machine) -> dict[str, str]:
    """Path -> text of everything on the machine."""
    found = rendering.base_files(machine, server_of(cluster), cluster.spec.flavour) | _units(cluster, machine)
    written = machine.files
    manifests = {path: parsed(text) for path, text in written.items() if path.startswith(f"{MANIFESTS}/")}
    for name, manifest in machine.manifests.items():
        if manifest not in manifests.values():
            found[f"{MANIFESTS}/{name}.yaml"] = rendering.dump(manifest)
    for path, text in written.items():
        if path in manifests:
            if text is not None and (manifests[path] is None or manifests[path] in machine.manifests.values()):
                found[path] = text
        elif text is None:
            found.pop(path, None)
        else:
            found[path] = text
    return found


def _units(cluster: Cluster, machine: Machine) -> dict[str, str]:
    """The control plane's units where everything was set up by hand."""
    if cluster.spec.flavour == "kubeadm" or not machine.control_plane:
        return {}
    pods = static_pods(machine.name, machine.address)
    found = {}
    for name in COMPONENTS:
        words = pods[name]["spec"]["containers"][0]["command"]
        command = " \\\n  ".join([f"/usr/local/bin/{words[0]}", *words[1:]])
        found[f"{UNITS}/{name}.service"] = rendering.unit(name, command)
    return found


def write(cluster: Cluster, machine: Machine, changes: Mapping[str, str | None]) -> None:
    """Write files, or remove those whose text is None. Raises TooMuch."""
    machine.files = {**machine.files, **changes}
    if sum(len(text or "") + len(path) for path, text in machine.files.items()) > MOST_BYTES:
        machine.files = {path: text for path, text in machine.files.items() if path not in changes}
        raise TooMuch
    if any(path.startswith(f"{MANIFESTS}/") for path in changes):
        _look_at_manifests(cluster, machine, changes)


def _look_at_manifests(cluster: Cluster, machine: Machine, changes: Mapping[str, str | None]) -> None:
    """As the kubelet does: bring the pods in line with the files."""
    wanted = dict(machine.manifests)
    for path, text in changes.items():
        if not path.startswith(f"{MANIFESTS}/"):
            continue
        stem = path.rpartition("/")[2].removesuffix(".yaml").removesuffix(".yml")
        manifest = parsed(text)
        if manifest is None:
            wanted.pop(stem, None)
        else:
            wanted[manifest["metadata"]["name"]] = manifest
    for name in sorted({*wanted, *machine.manifests}):
        if wanted.get(name) != machine.manifests.get(name):
            set_manifest(cluster, machine, name, wanted.get(name))


def set_manifest(cluster: Cluster, machine: Machine, name: str, manifest: Any) -> None:
    if name in COMPONENTS and machine.name == CONTROL_PLANE:
        control_of(cluster).set_manifest(name, manifest)
        return
    rest = {key: each for key, each in machine.manifests.items() if key != name}
    machine.manifests = rest if manifest is None else {**rest, name: manifest}
    fleet_of(cluster).manifest_changed(machine, name)


def install_checks(cluster: Cluster) -> None:
    """Let the control plane's parts look at their command lines before they start."""

    def check(component: str, argv: Sequence[str]) -> str:
        machine = park_of(cluster).get(CONTROL_PLANE)
        if machine is None:
            return ""
        if not argv or argv[0].rpartition("/")[2] != component:
            name = argv[0] if argv else ""
            return f'exec: "{name}": executable file not found in $PATH'
        return flags.problem(argv, files(cluster, machine), ("127.0.0.1", "localhost", machine.address, machine.name))

    control_of(cluster).check = check


# ---------------------------------------------------------------------------------------------------- units


def exec_start(text: str) -> list[str]:
    """The command line of a unit's ExecStart, the last one that is not empty; [] when there is none."""
    joined = text.replace("\\\n", " ")
    found: list[str] = []
    for line in joined.splitlines():
        name, equals, value = line.strip().partition("=")
        if name.strip() == "ExecStart" and equals and value.strip():
            found = _split(value)
    return found


def _split(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:
        return []


def kubelet_fault(there: Mapping[str, str]) -> str:
    """Why the kubelet would not start from these files; "" when it would."""
    argv = exec_start("\n".join((there.get(rendering.KUBELET_UNIT, ""), there.get(rendering.KUBELET_DROP_IN, ""))))
    argv = exec_start(there.get(f"{UNITS}/kubelet.service", "")) or argv
    if not argv:
        return "kubelet.service: Service has no ExecStart=, ExecStop=, or SuccessAction=. Refusing."
    if argv[0] not in there:
        return f"kubelet.service: Unable to locate executable '{argv[0]}': No such file or directory"
    config = there.get(rendering.KUBELET_CONFIG)
    if config is None:
        path = rendering.KUBELET_CONFIG
        return f'"command failed" err="failed to load kubelet config file, path: {path}, error: open {path}: no such file or directory"'
    return _kubelet_config_fault(config, there)


def _kubelet_config_fault(config: str, there: Mapping[str, str]) -> str:
    head = f'"command failed" err="failed to load kubelet config file, path: {rendering.KUBELET_CONFIG}, error: '
    try:
        found = yaml.safe_load(config)
    except (yaml.YAMLError, RecursionError):
        return head + 'failed to decode, error: yaml: could not be parsed"'
    if not isinstance(found, dict) or found.get("kind") != "KubeletConfiguration":
        return head + 'failed to decode: no kind \\"KubeletConfiguration\\" is registered"'
    authority = ((found.get("authentication") or {}).get("x509") or {}).get("clientCAFile")
    if authority and authority not in there:
        return f'"command failed" err="failed to construct kubelet dependencies: unable to load client CA file {authority}: open {authority}: no such file or directory"'
    if rendering.KUBELET_CONF not in there:
        return f'"command failed" err="failed to run Kubelet: unable to load bootstrap kubeconfig: stat {rendering.KUBELET_CONF}: no such file or directory"'
    return ""
