"""Decisions from before the cluster was put away: their outcome is remembered, their reasons are found again.

The outcome is saved in short. Node by node a pod goes once more through the plugins, in the cluster as it can be put together
for that moment: the nodes as they are, with the pods that had been bound by then and are still there. The answer says so
("exact": false).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.machinery.timestamps import microtime, parse_time
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.decide import Decision
from cluster_core.scheduler.framework import Lookup
from cluster_core.scheduler.snapshot import Snapshot
from cluster_core.scheduler.views import PodView, Shapes, finished

Kept = list[Any]
"""[uid, namespace/name, scheduler, time, attempt, node, message, nominated node, victims]; without empty ones at the end."""
_FIELDS = 9


def kept(decision: Decision, now: int, attempt: int) -> Kept:
    """The decision in short."""
    pod, rescue = decision.pod, decision.rescue
    found = [pod.uid, pod.key, decision.profile.name, now, attempt, decision.node or ""]
    if decision.node is None:
        found += [decision.message, rescue.nominate or "", [victim.key for victim in rescue.victims]]
    return found


def summary(found: Kept) -> dict[str, Any]:
    """As `trace` tells a decision, without its nodes."""
    uid, key, scheduler, time, attempt, node, message, nominated, victims = [*found, "", "", ()][:_FIELDS]
    namespace, _, name = key.partition("/")
    return {
        "pod": {"namespace": namespace, "name": name, "uid": uid},
        "scheduler": scheduler,
        "time": microtime(time),
        "attempt": attempt,
        "result": "scheduled" if node else "unschedulable",
        "node": node or None,
        "message": message,
        "nominatedNode": nominated or None,
        "victims": list(victims),
        "exact": False,
    }


def pod_of(found: Kept, lookup: Lookup, shapes: Shapes) -> PodView | None:
    """The pod decided about, as it was before it had a node; None when it is gone."""
    namespace, _, name = found[1].partition("/")
    pod = lookup.get("Pod", namespace, name)
    if pod is None or pod["metadata"]["uid"] != found[0]:
        return None
    return shapes.view({**pod, "spec": {key: value for key, value in pod["spec"].items() if key != "nodeName"}})


def cluster_before(found: Kept, earlier: Iterable[str], lookup: Lookup, shapes: Shapes) -> Snapshot:
    """The nodes, and the pods that were on them when the decision was made; `earlier` are uids of pods decided on before."""
    past, before = Snapshot(remember=1), set(earlier)
    for node in lookup.list("Node"):
        past.set_node(node)
    for pod in lookup.list("Pod"):
        node = pod["spec"].get("nodeName")
        if node and not finished(pod) and pod["metadata"]["uid"] != found[0] and _was_there(pod, before, found[3]):
            past.place(shapes.view(pod), node)
    return past


def _was_there(pod: Obj, before: set[str], time: int) -> bool:
    """Decided on before, or with a node since an earlier second."""
    if pod["metadata"]["uid"] in before:
        return True
    conditions = (pod.get("status") or {}).get("conditions") or ()
    bound = next((each["lastTransitionTime"] for each in conditions if each["type"] == "PodScheduled"), None)
    return parse_time(bound or pod["metadata"]["creationTimestamp"]) < time
