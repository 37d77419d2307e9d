"""Commands that tell why: what the scheduler decided about a pod, and on which grounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.scheduler.component import USER, Scheduler
from cluster_core.scheduler.configuration import parse
from cluster_core.scheduler.lookup import ApiLookup
from cluster_core.scheduler.trace import Trace
from cluster_core.scheduler.views import Shapes
from cluster_core.simulation import assembly
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command
from cluster_core.simulation.control import control_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@command("scheduling")
def scheduling(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """uid: the newest scheduling decision about this pod, node by node and plugin by plugin. While the scheduler is stopped,
    what it decided before."""
    uid = Arguments(args).text("uid")
    scheduler = cluster.parts.get(Scheduler.name)
    found = scheduler.decision(uid) if isinstance(scheduler, Scheduler) else _earlier(cluster).explain(uid)
    if found is None:
        raise CommandError(f'no scheduling decision about a pod with uid "{uid}" is remembered', 404)
    return found


def _earlier(cluster: Cluster) -> Trace:
    """The decisions of a scheduler that does not run."""
    document = control_of(cluster).documents.get("kube-scheduler")
    profiles = parse(document).profiles if document else parse().profiles
    return Trace(assembly.annals_of(cluster), ApiLookup(cluster.world.client(USER)), profiles, Shapes())
