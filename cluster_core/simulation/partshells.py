"""What is to be had inside the control plane's containers: etcdctl and etcdutl in etcd's, and each part's own program, which
tells its version and its flags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bashkit import BuiltinContext

from cluster_core.machinery.containers import Launch
from cluster_core.machines import flags
from cluster_core.simulation import machinetools, startchecks
from cluster_core.simulation.kubeadm.manifests import COMPONENTS, ETCD, VERSION
from cluster_core.simulation.nodes import CONTROL_PLANE, park_of
from cluster_core.workloads.asking import Told, Tool

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster
    from cluster_core.workloads.runtime import Containers

_ETCD_TOOLS = ("etcdctl", "etcdutl")
_ON_BY_DEFAULT = (
    "NamespaceLifecycle", "LimitRanger", "ServiceAccount", "TaintNodesByCondition", "PodSecurity", "Priority", "DefaultTolerationSeconds", "DefaultStorageClass",
    "StorageObjectInUseProtection", "PodGroupProtection", "PersistentVolumeClaimResize", "RuntimeClass", "CertificateApproval", "CertificateSigning", "ClusterTrustBundleAttest",
    "CertificateSubjectRestriction", "DefaultIngressClass", "PodTopologyLabels", "PodGroupWorkloadExists", "NodeDeclaredFeatureValidator", "JobValidation", "PodResizeValidator", "MutatingAdmissionPolicy", "MutatingAdmissionWebhook",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionWebhook", "ResourceQuota",
)  # fmt: skip
"""Admission plugins, as kube-apiserver --help names them."""


def install(cluster: Cluster, containers: Containers) -> None:
    others = containers.tools
    containers.tools = lambda launch, probing: {**others(launch, probing), **_tools(cluster, launch)}


def _tools(cluster: Cluster, launch: Launch) -> Mapping[str, Tool]:
    name = launch.container["name"]
    if name not in (*COMPONENTS, "kube-proxy") or launch.pod["metadata"].get("namespace") != "kube-system":
        return {}
    found = {name: lambda context: _program(name, context)}
    return found | {each: _etcdctl(cluster, launch, each) for each in _ETCD_TOOLS} if name == "etcd" else found


def _etcdctl(cluster: Cluster, launch: Launch, name: str) -> Tool:
    """As on the machine, but with the container's files and no environment of root's."""

    def run(context: BuiltinContext) -> Told:
        machine = park_of(cluster).get(CONTROL_PLANE)
        assert machine is not None
        env = {"ETCDCTL_API": "3", **{key: value for key, value in context.env.items() if key.startswith("ETCDCTL_")}}
        seen = launch.files_now()
        data = {word: _bytes(context, word) for word in context.argv if context.fs.exists(_whole(context, word)) and not word.startswith("-")}
        call = machinetools.Call(cluster, machine, context.argv, context.stdin or "", data, name=name, env=env, seen=seen)
        ran = machinetools.TOOLS[name](call)
        return Told(ran.out, ran.err, ran.code, 0.0, {_whole(context, path): text.decode() for path, text in call.files.items()})

    return run


def _whole(context: BuiltinContext, path: str) -> str:
    return path if path.startswith("/") else f"{context.cwd.rstrip('/')}/{path}"


def _bytes(context: BuiltinContext, path: str) -> bytes:
    whole = _whole(context, path)
    return bytes(context.fs.read_file(whole)) if context.fs.stat(whole)["file_type"] == "file" else b""


def _told() -> dict[str, str]:
    known = f"Comma-delimited list of admission plugins: {', '.join(sorted(startchecks.ADMISSION))}. The order of plugins in this flag does not matter."
    usual = ", ".join(_ON_BY_DEFAULT)
    return {
        "enable-admission-plugins": f"admission plugins that should be enabled in addition to default enabled ones ({usual}). {known}",
        "disable-admission-plugins": f"admission plugins that should be disabled although they are in the default enabled plugins list ({usual}). {known}",
        "authorization-mode": f"Ordered list of plug-ins to do authorization on secure port. Comma-delimited list of: {','.join(startchecks.MODES)}.",
    }


def _program(name: str, context: BuiltinContext) -> Told:
    """--version and --help; a second one would find its port taken."""
    words = set(context.argv)
    if words & {"--version", "version", "-version"}:
        number = ETCD.partition("-")[0]
        text = f"etcd Version: {number}\nGo OS/Arch: linux/amd64\n" if name == "etcd" else f"Kubernetes {VERSION}\n"
        return Told(text)
    if words & {"-h", "--help", "help"}:
        return Told(flags.usage(name, _told()))
    return Told("", f"Error: {name}: the address is already in use\n", 1)
