"""kube-proxy's log. Models cmd/kube-proxy/app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.simulation import proxyunits
from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import Log, Run
from cluster_core.simulation.nodes import park_of
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_PLACES = {"iptables": 137, "ipvs": 194, "nftables": 254}
_START = (
    (60, "server_linux.go:49", '"Using iptables proxy"'),
    (180, "server.go:228", '"Successfully retrieved NodeIPs" NodeIPs=["{address}"]'),
    (185, "server.go:276", '"kube-proxy running in single-stack mode" ipFamily="IPv4"'),
    (185, "server_linux.go:{place}", '"Using {mode} Proxier"'),
    (190, "server.go:539", '"Version info" version="{version}"'),
    (190, "server.go:541", '"Golang settings" GOGC="" GOMAXPROCS="" GOTRACEBACK=""'),
)
_WATCHING = (
    (200, "config.go:200", '"Starting service config controller"'),
    (200, "config.go:106", '"Starting endpoint slice config controller"'),
    (201, "config.go:403", '"Starting serviceCIDR config controller"'),
    (201, "config.go:309", '"Starting node config controller"'),
    (302, "shared_informer.go:388", '"Caches are synced" controller="endpoint slice config"'),
    (302, "shared_informer.go:388", '"Caches are synced" controller="service config"'),
    (303, "shared_informer.go:388", '"Caches are synced" controller="node config"'),
)


def lines(cluster: Cluster, run: Run) -> list[Line]:
    log = Log(run)
    machine = park_of(cluster).get(run.node)
    mode = proxyunits.mode_of(cluster, run.node)
    values = {"address": machine.address if machine else "", "mode": mode, "place": str(_PLACES[mode]), "version": run.version}
    began = _START if mode == "iptables" else _START[1:]
    log.start([(after, source.format(**values), text) for after, source, text in began], **values)
    if common.reaches(cluster, log, ("*v1.Service", "*v1.EndpointSlice")):
        log.start(_WATCHING)
    return log.lines
