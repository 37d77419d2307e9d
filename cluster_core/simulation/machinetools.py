"""What the commands on a machine print and do: ps, systemctl, journalctl, crictl, iptables, kubeadm, hostname, ip.

`TOOLS` is open: who owns a subsystem registers the commands that belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster_core.machines import rendering
from cluster_core.machines.machine import Machine
from cluster_core.simulation import machinefiles
from cluster_core.simulation.control import command_line, control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ran(NamedTuple):
    """How a command ended."""

    out: str = ""
    err: str = ""
    code: int = 0


@dataclass(slots=True)
class Call:
    """A command on a machine. `files` it writes are put into the caller's file system."""

    cluster: Cluster
    machine: Machine
    argv: Sequence[str]
    stdin: str = ""
    data: dict[str, bytes] = field(default_factory=dict)
    """Files the command was given by name."""
    files: dict[str, bytes] = field(default_factory=dict)


Tool = Callable[[Call], Ran]
TOOLS: dict[str, Tool] = {}


def tool(*names: str) -> Callable[[Tool], Tool]:
    def register(function: Tool) -> Tool:
        for name in names:
            TOOLS[name] = function
        return function

    return register


def moment(cluster: Cluster) -> datetime:
    return _EPOCH + timedelta(microseconds=cluster.clock.now)


# ---------------------------------------------------------------------------------------------------- processes


def processes(cluster: Cluster, machine: Machine) -> list[list[str]]:
    """The command lines of what runs there."""
    found = [["/sbin/init"], ["/usr/lib/systemd/systemd-journald"], ["/usr/bin/containerd"]]
    there = machinefiles.files(cluster, machine)
    if machine.kubelet:
        found.append(_kubelet(cluster, there))
    if machine.control_plane:
        running = control_of(cluster).is_running
        found += [component_command(cluster, machine, name, there) for name in COMPONENTS if running(name)]
    for pod in cluster.world.client("ps").on_node("Pod", machine.name):
        found += _containers(pod)
    return found


def _kubelet(cluster: Cluster, there: dict[str, str]) -> list[str]:
    argv = machinefiles.exec_start(there.get(f"{machinefiles.UNITS}/kubelet.service", ""))
    if argv or cluster.spec.flavour != "kubeadm":
        return argv or machinefiles.exec_start(there.get(rendering.KUBELET_UNIT, "")) or ["/usr/bin/kubelet"]
    flags = there.get(rendering.KUBELET_FLAGS, "").partition('"')[2].partition('"')[0].split()
    conf = "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
    return ["/usr/bin/kubelet", *conf.split(), "--config=/var/lib/kubelet/config.yaml", *flags]


def component_command(cluster: Cluster, machine: Machine, name: str, there: dict[str, str]) -> list[str]:
    """The command line of a part of the control plane: its manifest's or its unit's."""
    manifest = machine.manifests.get(name)
    if manifest is not None:
        return command_line(manifest)
    return machinefiles.exec_start(there.get(f"{machinefiles.UNITS}/{name}.service", ""))


def _containers(pod: Any) -> list[list[str]]:
    statuses = {each["name"]: each for each in pod.get("status", {}).get("containerStatuses", ())}
    found = []
    for container in pod["spec"]["containers"]:
        if container["name"] not in COMPONENTS and "running" in statuses.get(container["name"], {}).get("state", {}):
            words = [*container.get("command", ()), *container.get("args", ())]
            found.append(words or [container["image"].rpartition("/")[2].partition(":")[0]])
    return found


@tool("ps")
def _ps(call: Call) -> Ran:
    found = processes(call.cluster, call.machine)
    day = moment(call.cluster).strftime("%H:%M")
    words = "".join(call.argv).replace("-", "")
    if "e" in words and "a" not in words:
        rows = [f"root     {number:7} {1:7}  0 {day} ?        00:00:01 {' '.join(argv)}" for number, argv in _numbered(found)]
        return Ran("UID          PID    PPID  C STIME TTY          TIME CMD\n" + "\n".join(rows) + "\n")
    rows = [
        f"root     {number:7}  0.1  0.5 {100000 + number:6} {20000 + number:5} ?        Ssl  {day}   0:01 {' '.join(argv)}"
        for number, argv in _numbered(found)
    ]
    return Ran("USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n" + "\n".join(rows) + "\n")


def _numbered(found: list[list[str]]) -> list[tuple[int, list[str]]]:
    return [(1 if not index else 200 + index * 37, argv) for index, argv in enumerate(found)]


@tool("pgrep", "pidof")
def _pgrep(call: Call) -> Ran:
    words = [word for word in call.argv if not word.startswith("-")]
    found = [
        str(number)
        for number, argv in _numbered(processes(call.cluster, call.machine))
        if words and words[0] in argv[0].rpartition("/")[2]
    ]
    return Ran("\n".join(found) + "\n" if found else "", "", 0 if found else 1)


# ---------------------------------------------------------------------------------------------------- network


@tool("iptables", "iptables-save")
def _iptables(call: Call) -> Ran:
    proxies: Any = call.cluster.parts["kube-proxy"]
    if call.argv and call.argv[0] == "-save":
        return Ran(proxies.save(call.machine.name))
    return Ran(*proxies.iptables(call.machine.name, list(call.argv)))


@tool("ip")
def _ip(call: Call) -> Ran:
    machine = call.machine
    if call.argv and call.argv[0].startswith("r"):
        return Ran(
            f"default via 172.18.0.1 dev eth0 \n{machine.pod_cidr} dev cni0 proto kernel scope link src "
            f"{machine.pod_network}.1 \n172.18.0.0/16 dev eth0 proto kernel scope link src {machine.address} \n"
        )
    lo = "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 state UNKNOWN\n    inet 127.0.0.1/8 scope host lo\n"
    eth = "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 state UP\n"
    return Ran(f"{lo}{eth}    inet {machine.address}/16 brd 172.18.255.255 scope global eth0\n")


_PORTS = {"etcd": (2379, 2380), "kube-apiserver": (6443,), "kube-controller-manager": (10257,), "kube-scheduler": (10259,)}


@tool("ss", "netstat")
def _ss(call: Call) -> Ran:
    """Who listens."""
    rows = [(10248, "kubelet"), (10250, "kubelet")] if call.machine.kubelet else []
    if call.machine.control_plane:
        running = control_of(call.cluster).is_running
        rows += [(port, name) for name, ports in _PORTS.items() if running(name) for port in ports]
    lines = [f'LISTEN 0      4096               *:{port:<12}    *:*    users:(("{name}",pid=1,fd=7))' for port, name in rows]
    return Ran("State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n" + "\n".join(lines) + "\n")


@tool("hostname")
def _hostname(call: Call) -> Ran:
    return Ran((call.machine.address if call.argv[:1] in (["-i"], ["-I"]) else call.machine.name) + "\n")


@tool("date")
def _date(call: Call) -> Ran:
    layout = next((word[1:] for word in call.argv if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    return Ran(moment(call.cluster).strftime(layout.replace("%s", str(call.cluster.clock.now // 1_000_000))) + "\n")
