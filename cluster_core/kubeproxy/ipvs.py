"""What `ipvsadm -Ln` shows of a kube-proxy in mode ipvs. Models syncProxyRules of pkg/proxy/ipvs/proxier.go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cluster_core.kubeproxy.services import Endpoint, Port, Reach

_HEAD = (
    "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n"
    "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n"
)


class Server(NamedTuple):
    """A virtual server."""

    protocol: str
    address: str
    port: int
    affinity: int
    real: Sequence[Endpoint]


def servers(reached: Iterable[tuple[Port, Reach]], node_address: str) -> Iterable[Server]:
    """One for each address of each port; node ports have that of the node."""
    for port, reach in reached:
        inside, outside = (reach.local if local else reach.cluster for local in (port.inside_local, port.outside_local))
        yield Server(port.protocol, port.cluster_ip, port.port, port.affinity, inside)
        for address in (*port.external_ips, *port.balancer_ips):
            yield Server(port.protocol, address, port.port, port.affinity, outside)
        if port.node_port:
            yield Server(port.protocol, node_address, port.node_port, port.affinity, outside)


def listing(found: Iterable[Server], scheduler: str = "rr") -> str:
    return _HEAD + "".join(_listed(server, scheduler) for server in found)


def _listed(server: Server, scheduler: str) -> str:
    sticky = f" persistent {server.affinity}" if server.affinity else ""
    lines = [f"{server.protocol.upper()}  {server.address}:{server.port} {scheduler}{sticky}"]
    lines += [f"  -> {each.text:<28} Masq    1      0          0         " for each in server.real]
    return "".join(f"{line}\n" for line in lines)
