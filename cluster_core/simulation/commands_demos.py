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
    """-> what was recorded, how the cluster was before it ("" as new), and where it ends"""
    recorder = cluster.recorder
    if not recorder.on and not recorder.end:
        raise CommandError("nothing has been recorded here", 409)
    told = {"spec": cluster.spec.encode(), "begin": recorder.begin, "end": recorder.end or recorder.moment()}
    return {**told, "entries": recorder.entries, "gaps": recorder.gaps}


@command("demo-caption")
def caption(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """text: what to say about the entry recorded last"""
    cluster.recorder.caption(str(args.get("text", ""))[:500])
    return demo_state(cluster, {})


@command("demo-branch")
def branch(cluster: Cluster, args: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is still to come."""
    cluster.replay.branch()
    return cluster.replay.state()
