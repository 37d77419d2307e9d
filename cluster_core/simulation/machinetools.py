"""What the commands on a machine print and do: iptables, hostname, ip, date.

`TOOLS` is open: who owns a subsystem registers the commands that belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cluster_core.kubeproxy import command, ipvs, nftables
from cluster_core.kubeproxy.tables import all_tables
from cluster_core.machines.machine import Machine
from cluster_core.simulation import proxyunits

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
    name: str = ""
    env: dict[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] | None = None
    """The files there are, where it runs in a container; None: the machine's."""
    after: int = 0
    """Of what it tells: only what is not older than this (microseconds), for those who follow."""


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


# ---------------------------------------------------------------------------------------------------- network


@tool("iptables", "iptables-save")
def _iptables(call: Call) -> Ran:
    proxies, name = proxyunits.proxies_of(call.cluster), call.machine.name
    found = proxies.tables(name) if proxyunits.mode_of(call.cluster, name) == "iptables" else all_tables(None)
    if call.name == "iptables-save":
        return Ran(*command.run_save(call.argv, found, call.cluster.clock.now))
    return Ran(*command.run(list(call.argv), found))


@tool("ipvsadm")
def _ipvsadm(call: Call) -> Ran:
    """The virtual servers of a kube-proxy in mode ipvs."""
    proxies, node = proxyunits.proxies_of(call.cluster), call.machine
    reached = proxies.reached(node.name) if proxyunits.mode_of(call.cluster, node.name) == "ipvs" else []
    return Ran(ipvs.listing(ipvs.servers(reached, node.address)))


@tool("nft")
def _nft(call: Call) -> Ran:
    """The table of a kube-proxy in mode nftables."""
    proxies, node = proxyunits.proxies_of(call.cluster), call.machine
    if proxyunits.mode_of(call.cluster, node.name) != "nftables":
        return Ran(*nftables.run(call.argv, ""))
    cidrs = (cidr for each in call.cluster.world.client("nft").list("ServiceCIDR") for cidr in each["spec"]["cidrs"])
    ground = nftables.Ground(node.address, proxies.pod_cidr, ", ".join(cidrs))
    return Ran(*nftables.run(call.argv, nftables.ruleset(proxies.reached(node.name), ground)))


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


@tool("hostname")
def _hostname(call: Call) -> Ran:
    return Ran((call.machine.address if call.argv[:1] in (["-i"], ["-I"]) else call.machine.name) + "\n")


@tool("date")
def _date(call: Call) -> Ran:
    layout = next((word[1:] for word in call.argv if word.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    return Ran(moment(call.cluster).strftime(layout.replace("%s", str(call.cluster.clock.now // 1_000_000))) + "\n")
