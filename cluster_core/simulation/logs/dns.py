"""CoreDNS' log. Models coremain/run.go and the plugins' words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.simulation.logs import common
from cluster_core.simulation.logs.klog import MILLISECOND, Run, retries
from cluster_core.workloads.logs import Line

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_VERSION, _BUILT = "CoreDNS-1.14.2", "linux/amd64, go1.26.1, dd1df4f"


def lines(cluster: Cluster, run: Run) -> list[Line]:
    """What its Corefile makes it say is in `nameserving`."""
    told = [Line(run.began + (180 + 2 * number) * MILLISECOND, text) for number, text in enumerate((_VERSION, _BUILT))]
    for begin, end, why in common.unanswered(cluster, run.began, run.until):
        told += [Line(at, f"[ERROR] plugin/kubernetes: Failed to watch *v1.{kind}: {why}") for at in retries(begin + 1_000_000, end, 45_000_000, 4) for kind in ("Service", "EndpointSlice")]
    return told
