"""Commands about demos: recording a cluster, replaying a recording. They change nothing that the cluster's parts see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.simulation.commands import CommandError, command

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster


@command("demo-record")
def record(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """action: start or stop -> the recording's state"""
    action = args.get("action")
    if action == "start":
        cluster.recorder.start()
    elif action == "stop":
        cluster.recorder.stop()
    else:
        raise CommandError("action: one of start, stop")
    return demo_state(cluster, {})["recording"]  # type: ignore[no-any-return]


@command("demo-state")
def demo_state(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """-> {"recording": {on, full, entries: their number, gaps}, "replay": see Replay.state}"""
    recorder = cluster.recorder
    recording = {"on": recorder.on, "full": recorder.full, "entries": len(recorder.entries), "gaps": recorder.gaps}
    return {"recording": recording, "replay": cluster.replay.state(), "inputs": cluster.outside.inputs}


@command("demo-entries")
def entries(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """-> what was recorded, where it ends, and the state there"""
    end = {"at": cluster.clock.since_start, "steps": cluster.outside.steps, "hash": cluster.state_hash()}
    return {"entries": cluster.recorder.entries, "gaps": cluster.recorder.gaps, "end": end}


@command("demo-branch")
def branch(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is still to come."""
    cluster.replay.branch()
    return cluster.replay.state()
