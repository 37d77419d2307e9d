"""ip and ifconfig inside a pod: one interface, eth0, and the way out over its node's bridge."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from cluster_core.machinery.identity import may_administer_network
from cluster_core.network.network import Conversation
from cluster_core.network.tools import Ran, Typed

_NO_DEVICE = 'Device "{name}" does not exist.\n'
_LOOPBACK = (
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n"
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n"
)


def _interface(talk: Conversation) -> tuple[str, ipaddress.IPv4Network, str]:
    """(address, network, hardware address) of eth0."""
    assert talk.origin is not None
    ip = talk.origin.ip
    network = ipaddress.IPv4Network(f"{ip}/{24 if talk.origin.pod is not None else 16}", strict=False)
    return ip, network, "02:42:" + ":".join(f"{int(part):02x}" for part in ip.split("."))


def ip(typed: Typed) -> Ran:
    talk = typed.talk()
    words = [word for word in typed.argv if not word.startswith("-")]
    if talk.origin is None:
        return Ran("", "ip: no network\n", 1)
    what = words[0] if words else ""
    if len(words) > 1 and words[1] in _CHANGES:
        return Ran() if _may_change(typed, talk) else Ran("", "ip: RTNETLINK answers: Operation not permitted\n", 2)
    if what and "route".startswith(what):
        return Ran(_routes(talk))
    if what and ("address".startswith(what) or what == "addr" or "link".startswith(what)):
        return _addresses(talk, words[1:], not "link".startswith(what))
    return Ran("", "Usage: ip [OPTIONS] address|route|link|neigh [ARGS]\n", 1)


_CHANGES = ("add", "del", "delete", "set", "change", "replace", "append", "flush")


def _may_change(typed: Typed, talk: Conversation) -> bool:
    """Changes are taken from those who may make them, and forgotten. On a machine that is everybody: they are root."""
    if talk.pod is None:
        return True
    spec = talk.pod["spec"]
    containers = (*spec["containers"], *(spec.get("initContainers") or ()), *(spec.get("ephemeralContainers") or ()))
    return any(may_administer_network(each) for each in containers if each["name"] == typed.source.container)


def _routes(talk: Conversation) -> str:
    address, network, _ = _interface(talk)
    gateway = network.network_address + 1
    return f"default via {gateway} dev eth0 \n{network} via {gateway} dev eth0 src {address} \n{gateway} dev eth0 scope link src {address} \n"


def _addresses(talk: Conversation, words: list[str], inet: bool) -> Ran:
    wanted = next((word for word in words if word not in ("show", "list", "dev")), "")
    if wanted not in ("", "lo", "eth0"):
        return Ran("", _NO_DEVICE.format(name=wanted), 1)
    address, network, hardware = _interface(talk)
    lo = _LOOPBACK + ("    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n" if inet else "")
    eth = f"2: eth0@if{network.prefixlen}: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue state UP\n"
    eth += f"    link/ether {hardware} brd ff:ff:ff:ff:ff:ff\n"
    if inet:
        eth += f"    inet {address}/{network.prefixlen} brd {network.broadcast_address} scope global eth0\n"
        eth += "       valid_lft forever preferred_lft forever\n"
    return Ran({"": lo + eth, "lo": lo, "eth0": eth}[wanted])


def ifconfig(typed: Typed) -> Ran:
    talk = typed.talk()
    if talk.origin is None:
        return Ran("", "ifconfig: no network\n", 1)
    address, network, hardware = _interface(talk)
    eth = f"eth0      Link encap:Ethernet  HWaddr {hardware.upper()}\n"
    eth += f"          inet addr:{address}  Bcast:{network.broadcast_address}  Mask:{network.netmask}\n"
    eth += "          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1\n\n"
    lo = "lo        Link encap:Local Loopback\n          inet addr:127.0.0.1  Mask:255.0.0.0\n          UP LOOPBACK RUNNING  MTU:65536  Metric:1\n\n"
    wanted = typed.argv[0] if typed.argv else ""
    if wanted not in ("", "-a", "lo", "eth0"):
        return Ran("", f"ifconfig: {wanted}: error fetching interface information: Device not found\n", 1)
    return Ran({"lo": lo, "eth0": eth}.get(wanted, eth + lo))


TOOLS: dict[str, Callable[[Typed], Ran]] = {"ip": ip, "ifconfig": ifconfig}
