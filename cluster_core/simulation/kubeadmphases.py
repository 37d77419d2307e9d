"""`kubeadm init`, its phases, and `kubeadm reset`: a control plane's machine set up, mended and taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cluster_core.machinery.errors import AlreadyExists, ApiError
from cluster_core.machines import rendering
from cluster_core.machines.machine import Machine
from cluster_core.machines.rendering import CONFS, MANIFESTS, PKI
from cluster_core.simulation import etcdfiles, machinefiles, machineparts, partunits
from cluster_core.simulation.joining import Problem
from cluster_core.simulation.kubeadm import addons
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.options import site_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_MADE = ("/etc/kubernetes/", "/var/lib/kubelet/", f"{etcdfiles.USUAL}/")


def reset(cluster: Cluster, machine: Machine) -> str:
    """Stop the kubelet and remove what init or join has put there."""
    partunits.stop(cluster, machine, "kubelet")
    there = machinefiles.files(cluster, machine)
    doomed = {path: None for path in there if path.startswith(_MADE)}
    for name in sorted(machine.manifests):
        machinefiles.set_manifest(cluster, machine, name, None)
    doomed |= {path: None for path in machinefiles.files(cluster, machine) if path.startswith(_MADE)}
    machine.joined = machine.control_plane
    machine.files = {path: text for path, text in machine.files.items() if not path.startswith(_MADE)}
    machine.settings, machine.mute = {}, ""
    if machine.control_plane:
        machinefiles.write(cluster, machine, doomed)
    return (
        "[preflight] Running pre-flight checks\n[reset] Stopping the kubelet service\n[reset] Unmounting mounted directories in \"/var/lib/kubelet\"\n"
        f"[reset] Deleting contents of directories: [{MANIFESTS} /var/lib/kubelet {PKI}]\n"
        "[reset] Deleting files: [/etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf]\n\nThe reset process does not clean your kubeconfig files and you must remove them manually.\n"
    )


def init(cluster: Cluster, machine: Machine, options: Mapping[str, str]) -> str:
    """A new control plane on a machine that was reset. Raises Problem."""
    if not machine.control_plane:
        raise Problem("error: here only the machine control-plane can carry the control plane; use kubeadm join")
    for name, usual in (("pod-network-cidr", "10.244.0.0/16"), ("service-cidr", "10.96.0.0/12"), ("apiserver-advertise-address", machine.address)):
        if options.get(name, usual) != usual:
            raise Problem(f"error: --{name}: the networks of this cluster are fixed: {usual}")
    _preflight(cluster, machine)
    machine.files = {path: text for path, text in machine.files.items() if not path.startswith(_MADE) or path.endswith(etcdfiles.DATA)}
    machineparts.start_kubelet(cluster, machine)
    said = "[init] Using Kubernetes version: v1.36.2\n[preflight] Running pre-flight checks\n" + "".join(
        f'[control-plane] Creating static Pod manifest for "{name}"\n' for name in COMPONENTS
    )
    return said + _addons(cluster, ("coredns", "kube-proxy")) + "\nYour Kubernetes control-plane has initialized successfully!\n"


def _preflight(cluster: Cluster, machine: Machine) -> None:
    there = machinefiles.files(cluster, machine)
    taken = [path for name in COMPONENTS if (path := f"{MANIFESTS}/{name}.yaml") in there]
    problems = [f"[ERROR FileAvailable-{path.replace('/', '-')}]: {path} already exists" for path in taken]
    if any(path.startswith(f"{etcdfiles.USUAL}/") for path in there):
        problems.append(f"[ERROR DirAvailable-{etcdfiles.USUAL.replace('/', '-')}]: {etcdfiles.USUAL} is not empty")
    if machine.kubelet:
        problems.append("[ERROR Port-10250]: Port 10250 is in use")
    if problems:
        lines = "\n\t".join(problems)
        raise Problem(f"error execution phase preflight: [preflight] Some fatal errors occurred:\n\t{lines}\n[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`")


# ---------------------------------------------------------------------------------------------------- phases


def phase(cluster: Cluster, machine: Machine, words: list[str]) -> str:
    """`kubeadm init phase WORDS`: write again what belongs to the phase. Raises Problem."""
    if not machine.control_plane or not words:
        raise Problem("error: init phases are run on the control plane's machine: certs, kubeconfig, control-plane, etcd, kubelet-start, addon")
    name, which = words[0], words[1] if len(words) > 1 else "all"
    if name == "addon":
        return _addons(cluster, ("coredns", "kube-proxy") if which == "all" else (which,))
    wanted = _files_of(cluster, machine, name, which)
    if not wanted:
        raise Problem(f'error: unknown phase "{" ".join(words)}"')
    return _write_again(cluster, machine, wanted, overwrite=name in ("control-plane", "etcd", "kubelet-start"))


def _files_of(cluster: Cluster, machine: Machine, name: str, which: str) -> dict[str, str]:
    usual = machinefiles.usual_files(cluster, machine)
    stem = which.replace("etcd-", "etcd/", 1) if which.startswith("etcd-") else which
    component = {"apiserver": "kube-apiserver", "controller-manager": "kube-controller-manager", "scheduler": "kube-scheduler"}
    chosen = {
        "certs": [path for path in usual if path.startswith(f"{PKI}/") and (which == "all" or path in (f"{PKI}/{stem}.crt", f"{PKI}/{stem}.key", f"{PKI}/{stem}.pub"))],
        "kubeconfig": [path for path in (*(f"/etc/kubernetes/{each}" for each in CONFS), rendering.KUBELET_CONF) if which == "all" or path == f"/etc/kubernetes/{which}.conf"],
        "control-plane": [f"{MANIFESTS}/{each}.yaml" for key, each in component.items() if which in ("all", key)],
        "etcd": [f"{MANIFESTS}/etcd.yaml"] if which in ("local", "all") else [],
        "kubelet-start": [rendering.KUBELET_CONFIG, rendering.KUBELET_FLAGS],
    }
    return {path: usual[path] for path in chosen.get(name, ())}


def _write_again(cluster: Cluster, machine: Machine, wanted: dict[str, str], overwrite: bool) -> str:
    there, said = machinefiles.files(cluster, machine), ""
    fresh = {path: text for path, text in wanted.items() if overwrite or path not in there}
    for path in wanted:
        said += f'Writing "{path}"\n' if path in fresh else f'Using existing file "{path}"\n'
    machinefiles.write(cluster, machine, fresh)
    partunits.retry(cluster, machine)
    return said


def _addons(cluster: Cluster, names: tuple[str, ...]) -> str:
    """What is missing of CoreDNS and kube-proxy, and of the ConfigMaps that kubeadm keeps."""
    api, said = cluster.world.client("kubernetes-admin"), ""
    for kind, obj in addons.objects(site_of(cluster).server):
        owner = "kube-proxy" if "kube-proxy" in obj["metadata"]["name"] else "coredns"
        if owner in names:
            try:
                api.create(kind, obj)
            except AlreadyExists:
                continue
            except ApiError as error:
                raise Problem(f"error execution phase addon: {error}") from None
    for name in names:
        said += f"[addons] Applied essential addon: {'CoreDNS' if name == 'coredns' else name}\n"
    return said


