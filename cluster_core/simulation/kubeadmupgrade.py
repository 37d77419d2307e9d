"""`kubeadm upgrade`: what there is to upgrade to, the control plane's parts at another version, a node's configuration anew.

Models cmd/kubeadm/app/cmd/upgrade and phases/upgrade: versions are checked against each other, manifests get new images one
after the other, the version is kept in the ConfigMap kubeadm-config.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cluster_core.machinery.errors import ApiError
from cluster_core.machines import manifests
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import MANIFESTS
from cluster_core.simulation import joining, kubeadmcerts, machinefiles
from cluster_core.simulation.control import control_of
from cluster_core.simulation.joining import Problem
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, ETCD, VERSION
from cluster_core.simulation.machinepackages import RELEASES, version

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_DNS = "v1.14.2"
_READING = (
    '[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n'
    "[upgrade] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.\n"
)
_CONFIGURED = re.compile(r"kubernetesVersion: (\S+)")


def cluster_version(cluster: Cluster) -> str:
    """The API server's. Raises Problem."""
    if not control_of(cluster).is_running("kube-apiserver") or cluster.server.etcd_fault:
        raise Problem("[upgrade] FATAL: could not fetch the cluster's version: the API server does not answer")
    return str(cluster.server.version)


def plan(cluster: Cluster, machine: Machine) -> str:
    """Raises Problem."""
    now, own, newest = cluster_version(cluster), version(machine, "kubeadm"), RELEASES[-1]
    said = (
        f"[preflight] Running pre-flight checks.\n{_READING}[upgrade] Running cluster health checks\n[upgrade] Fetching available versions to upgrade to\n"
        f"[upgrade/versions] Cluster version: {now.removeprefix('v')}\n[upgrade/versions] kubeadm version: {own}\n[upgrade/versions] Target version: {newest}\n"
        f"[upgrade/versions] Latest version in the v1.36 series: {newest}\n\n"
    )
    if now == newest:
        return said + "Awesome, you're up-to-date! Enjoy!\n"
    nodes = cluster.world.client("kubernetes-admin").list("Node")
    kubelets = [("kubelet", node["metadata"]["name"], node["status"]["nodeInfo"]["kubeletVersion"], newest) for node in nodes]
    parts = [(name, machine.name, now, newest) for name in COMPONENTS[1:]]
    parts += [("kube-proxy", "", now.removeprefix("v"), newest), ("CoreDNS", "", _DNS, _DNS), ("etcd", machine.name, ETCD, ETCD)]
    said += "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply':\n"
    said += _table(kubelets) + "\nUpgrade to the latest version in the v1.36 series:\n\n" + _table(parts)
    said += f"\nYou can now apply the upgrade by executing the following command:\n\n\tkubeadm upgrade apply {newest}\n\n"
    if own != newest:
        said += f"Note: Before you can perform this upgrade, you have to update kubeadm to {newest}.\n\n"
    return said + "_____________________________________________________________________\n"


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    lines = [("COMPONENT", "NODE", "CURRENT", "TARGET"), *rows]
    widths = [max(len(line[index]) for line in lines) + 3 for index in range(3)]
    return "".join(f"{a:<{widths[0]}}{b:<{widths[1]}}{c:<{widths[2]}}{d}\n" for a, b, c, d in lines)


def apply(cluster: Cluster, machine: Machine, wanted: str) -> str:
    """Raises Problem."""
    target, now, own = f"v{wanted.removeprefix('v')}", cluster_version(cluster), version(machine, "kubeadm")
    if not machine.control_plane:
        raise Problem("error: this is no control plane's machine: use kubeadm upgrade node")
    _check(target, now, own)
    said = f'{_READING}[upgrade/preflight] Running preflight checks\n[upgrade] Running cluster health checks\n[upgrade/preflight] You have chosen to upgrade the cluster version to "{target}"\n'
    said += f"[upgrade/versions] Cluster version: {now}\n[upgrade/versions] kubeadm version: {own}\n[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster\n"
    said += f'[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "{target}" (timeout: 5m0s)...\n'
    said += '[upgrade/staticpods] Preparing for "etcd" upgrade\n[upgrade/staticpods] Current and new manifests of etcd are equal, skipping upgrade\n'
    for component in COMPONENTS[1:]:
        said += _upgrade(cluster, machine, component, target)
    _store(cluster, target)
    return said + (
        "[upgrade/control-plane] The control plane instance for this node was successfully upgraded!\n"
        '[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace\n'
        '[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster\n'
        "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!\n"
        "[addons] Applied essential addon: CoreDNS\n[addons] Applied essential addon: kube-proxy\n\n"
        f'[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "{target}".\n\n'
        "[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order.\n"
    )


def _check(target: str, now: str, own: str) -> None:
    if not re.fullmatch(r"v\d+\.\d+\.\d+", target):
        raise Problem(f'couldn\'t parse version "{target.removeprefix("v")}": could not parse "{target.removeprefix("v")}" as version')
    wrong = ""
    if _numbers(target) > _numbers(own):
        wrong = f'Specified version to upgrade to "{target}" is higher than the kubeadm version "{own}". Upgrade kubeadm first using the tool you used to install kubeadm'
    elif _numbers(target) < _numbers(now):
        wrong = f'Specified version to upgrade to "{target}" is lower than the cluster version "{now}"; downgrades are not supported'
    elif target not in RELEASES:
        wrong = f'Specified version "{target}" is unknown: there are {", ".join(RELEASES)}'
    if wrong:
        raise Problem(f"[upgrade] FATAL: the version argument is invalid due to these fatal errors:\n\n\t- {wrong}\n\nPlease fix the errors above and try again")


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", text)]


def _upgrade(cluster: Cluster, machine: Machine, component: str, target: str) -> str:
    """One part's manifest with its new image; the old one is kept. Raises Problem."""
    there = machinefiles.files(cluster, machine)
    path = manifests.path_of(machine, there, component) or f"{MANIFESTS}/{component}.yaml"
    text = there.get(path)
    if text is None:
        raise Problem(f"[upgrade/apply] FATAL: open {path}: no such file or directory")
    backup = f"/etc/kubernetes/tmp/kubeadm-backup-manifests/{component}.yaml"
    fresh = re.sub(rf"(registry\.k8s\.io/{component}):\S+", rf"\g<1>:{target}", text)
    certificate = {"kube-apiserver": "apiserver"}.get(component)
    if certificate is not None:
        kubeadmcerts.renew(cluster, machine, [certificate])
    machinefiles.write(cluster, machine, {path: fresh, backup: text})
    return (
        f'[upgrade/staticpods] Preparing for "{component}" upgrade\n'
        + (f"[upgrade/staticpods] Renewing {certificate} certificate\n" if certificate else "")
        + f'[upgrade/staticpods] Moving new manifest to "{path}" and backing up old manifest to "{backup}"\n'
        f"[upgrade/staticpods] Waiting for the kubelet to restart the component\n[apiclient] Found 1 Pods for label selector component={component}\n"
        f'[upgrade/staticpods] Component "{component}" upgraded successfully!\n'
    )


def _store(cluster: Cluster, target: str) -> None:
    """The cluster's version in kubeadm-config, kube-proxy's image in its DaemonSet. Raises Problem."""
    api = cluster.world.client("kubernetes-admin")
    try:
        found = api.get("ConfigMap", "kube-system", "kubeadm-config")
        if found is not None:
            text = found.get("data", {}).get("ClusterConfiguration", "")
            api.patch("ConfigMap", "kube-system", "kubeadm-config", {"data": {"ClusterConfiguration": _CONFIGURED.sub(f"kubernetesVersion: {target}", text)}})
        proxy = api.get("DaemonSet", "kube-system", "kube-proxy")
        if proxy is not None:
            api.update("DaemonSet", _with_image(proxy, f"registry.k8s.io/kube-proxy:{target}"))
    except ApiError as error:
        raise Problem(f"[upgrade/postupgrade] FATAL: {error}") from None


def _with_image(owner: Any, image: str) -> Any:
    template = owner["spec"]["template"]
    containers = [{**each, "image": image} if each["name"] == "kube-proxy" else each for each in template["spec"]["containers"]]
    return {**owner, "spec": {**owner["spec"], "template": {**template, "spec": {**template["spec"], "containers": containers}}}}


def node(cluster: Cluster, machine: Machine) -> str:
    """The node's part: its kubelet's configuration anew from the cluster's, on the control plane the manifests as well."""
    said = f"{_READING}[upgrade/preflight] Running pre-flight checks\n"
    if machine.control_plane:
        said += "".join(_upgrade(cluster, machine, component, cluster_version(cluster)) for component in COMPONENTS[1:])
    else:
        said += "[upgrade/control-plane] Skipping phase. Not a control plane node.\n"
    return said + joining.write_kubelet_config(cluster, machine) + (
        "[upgrade] The configuration for this node was successfully updated!\n"
        "[upgrade] Now you should go ahead and upgrade the kubelet package using your package manager.\n"
    )  # fmt: skip


__all__ = ["VERSION", "apply", "cluster_version", "node", "plan"]
