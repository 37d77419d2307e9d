"""kube-proxy as a process: what it reads when it starts, in its pod or as a unit, and in which mode it works.

Models cmd/kube-proxy/app and pkg/proxy/apis/config/validation. The rules themselves are those of `kubeproxy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import yaml

from cluster_core.kubeproxy.proxies import Proxies
from cluster_core.machinery.containers import Launch
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj
from cluster_core.machines import flags, systemd
from cluster_core.machines.machine import Machine
from cluster_core.simulation import clientaccess
from cluster_core.simulation.chronicle import FAILED, MUTE, STARTED, STOPPED, chronicle_of
from cluster_core.simulation.nodes import fleet_of, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

NAME = "kube-proxy"
MODES = ("iptables", "ipvs", "nftables")


class Proxy(NamedTuple):
    """A kube-proxy that was started: why it ended, or its mode and the kubeconfig it goes by ("": its pod's account)."""

    fault: str = ""
    mode: str = "iptables"
    kubeconfig: str = ""


def proxies_of(cluster: Cluster) -> Proxies:
    return cast(Proxies, cluster.parts[Proxies.name])


def start(argv: Sequence[str], files: Mapping[str, str]) -> Proxy:
    """Start it with this command line among these files."""
    given = flags.pairs(argv)
    path = given.get("config", "")
    named = ((path, files[path]),) if path in files else ()
    return _start(tuple(argv), named, tuple(files))


@lru_cache(256)
def _start(argv: tuple[str, ...], named: tuple[tuple[str, str], ...], there: tuple[str, ...]) -> Proxy:
    files = {**dict.fromkeys(there, ""), **dict(named)}
    fault = flags.problem(argv)
    if fault:
        return Proxy(fault)
    given = flags.pairs(argv)
    path = given.get("config", "")
    if path and path not in files:
        return Proxy(f'"command failed" err="failed complete: open {path}: no such file or directory"')
    found = _document(files[path]) if path else {}
    if isinstance(found, str):
        return Proxy(f'"command failed" err="failed complete: {found}"')
    mode = str(found.get("mode") or "") if path else given.get("proxy-mode", "")
    if mode and mode not in MODES:
        told = "must be iptables, ipvs, nftables or blank (blank means the best-available proxy [currently iptables])"
        return Proxy(f'"command failed" err="failed validate: KubeProxyConfiguration.Mode.ProxyMode: Invalid value: \\"{mode}\\": {told}"')
    conf = str((found.get("clientConnection") or {}).get("kubeconfig") or "") if path else given.get("kubeconfig", "")
    if conf and conf not in files:
        return Proxy(f'"command failed" err="stat {conf}: no such file or directory"')
    return Proxy("", mode or "iptables", conf)


def pod_fault(cluster: Cluster, pod: Obj) -> bool:
    """Whether the kube-proxy in this pod ends as soon as it is started."""
    return bool(start(_argv(pod), _configuration(cluster, pod)).fault)


def _document(text: str) -> Any:
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        return f"yaml: line {error.problem_mark.line + 1 if error.problem_mark else 1}: {error.problem}"
    except yaml.YAMLError:
        return "yaml: cannot be parsed"
    if not isinstance(found, dict) or found.get("kind") != "KubeProxyConfiguration":
        kind = found.get("kind") if isinstance(found, dict) else None
        return f'no kind \\"{kind}\\" is registered for version \\"kubeproxy.config.k8s.io/v1alpha1\\" in scheme'
    return found


def fault(cluster: Cluster, launch: Launch) -> str:
    """What a kube-proxy in a pod says before it gives up."""
    argv = [*launch.container.get("command", ()), *launch.container.get("args", ())]
    if flags.program_of(argv) != NAME or launch.pod["metadata"].get("namespace") != "kube-system":
        return ""
    return start(argv, launch.files).fault


# ---------------------------------------------------------------------------------------------------- as a unit


def start_unit(cluster: Cluster, machine: Machine, files: Mapping[str, str]) -> None:
    """kube-proxy.service is started with the files that are there now."""
    command = systemd.command(files, NAME)
    found = start(command.argv, files) if command.argv else Proxy(command.fault)
    if command.argv and command.argv[0] not in files:
        found = Proxy(f"{NAME}.service: Unable to locate executable '{command.argv[0]}': No such file or directory")
    mute = _trouble(cluster, files, found)
    machine.proxy = {"argv": command.argv, "fault": found.fault, "mute": mute, "mode": found.mode}
    proxies_of(cluster).set_unit(machine.name, not found.fault and not mute)
    history = chronicle_of(cluster)
    history.note(machine.name, NAME, FAILED if found.fault else STARTED, found.fault)
    if mute:
        history.note(machine.name, NAME, MUTE, mute)


def _trouble(cluster: Cluster, files: Mapping[str, str], found: Proxy) -> str:
    if found.fault or not found.kubeconfig:
        return ""
    access = clientaccess.access(cluster, files, found.kubeconfig)
    why = access.broken or access.refused
    return f'"Failed to watch" err="failed to list *v1.Service: Get \\"https://172.18.0.2:6443/api/v1/services\\": {why}"' if why else ""


def stop_unit(cluster: Cluster, machine: Machine) -> None:
    machine.proxy = {**machine.proxy, "stopped": True, "fault": "", "mute": ""}
    proxies_of(cluster).set_unit(machine.name, False)
    chronicle_of(cluster).note(machine.name, NAME, STOPPED)


def is_active(machine: Machine) -> bool:
    return not machine.proxy.get("stopped") and not machine.proxy.get("fault")


# ---------------------------------------------------------------------------------------------------- modes


def mode_of(cluster: Cluster, node: str) -> str:
    """How the node's kube-proxy makes its rules: a member of MODES."""
    machine = park_of(cluster).get(node)
    if machine is not None and cluster.spec.flavour != "kubeadm":
        return str(machine.proxy.get("mode", "iptables"))
    api = cluster.world.client("system:kube-proxy")
    pod = next((each for each in api.on_node("Pod", node) if each["metadata"].get("labels", {}).get("k8s-app") == NAME), None)
    return start(_argv(pod), _configuration(cluster, pod)).mode if pod is not None else "iptables"


def _argv(pod: Obj) -> list[str]:
    container = pod["spec"]["containers"][0]
    return [*container.get("command", ()), *container.get("args", ())]


def _configuration(cluster: Cluster, pod: Obj) -> dict[str, str]:
    """The files that ConfigMaps have put into the pod, as they were when its container was started."""
    api = cluster.world.client("system:kube-proxy")
    mounts = {each["name"]: each["mountPath"] for each in pod["spec"]["containers"][0].get("volumeMounts") or ()}
    earlier = fleet_of(cluster).known(pod["metadata"].get("uid", "")).get("mounted", {})
    found: dict[str, str] = {}
    for volume in pod["spec"].get("volumes") or ():
        name, place = (volume.get("configMap") or {}).get("name", ""), mounts.get(volume["name"], "")
        source = api.get("ConfigMap", "kube-system", name) if name else None
        then = [files for since, files in earlier.get(volume["name"], ()) if since <= _started(cluster, pod)]
        files = then[-1] if then else (source or {}).get("data", {})
        found |= {f"{place}/{path}": text for path, text in files.items()}
    return found


def _started(cluster: Cluster, pod: Obj) -> int:
    """When the pod's container was started, now when it does not run."""
    for status in pod.get("status", {}).get("containerStatuses") or ():
        running = (status.get("state") or {}).get("running")
        if running:
            return parse_time(running["startedAt"])
    return cluster.clock.now
