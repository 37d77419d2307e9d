"""Commands that tell why: what the scheduler decided about a pod, and on which grounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.scheduler.component import Scheduler
from cluster_core.simulation.arguments import Arguments
from cluster_core.simulation.commands import CommandError, command

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@command("scheduling")
def scheduling(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """uid: the newest scheduling decision about this pod, node by node and plugin by plugin."""
    uid = Arguments(args).text("uid")
    scheduler = cluster.parts.get(Scheduler.name)
    if not isinstance(scheduler, Scheduler):
        raise CommandError("the scheduler is stopped", 409)
    found = scheduler.decision(uid)
    if found is None:
        raise CommandError(f'no scheduling decision about a pod with uid "{uid}" is remembered', 404)
    return found
