"""Taint nodes that are not ready so that their pods are evicted: slowly, and not at all when a whole zone is in trouble.

Models doNoExecuteTaintingPass, handleDisruption and markNodeAsReachable of pkg/controller/nodelifecycle. One node per
1/--node-eviction-rate seconds (10 s) and zone; in a zone most of whose nodes are not ready at --secondary-node-eviction-rate
when it is large, else none; none either when no node at all is ready: then it is more likely that the network has failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from cluster_core.controllers.pods import condition
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

NAME = "node-lifecycle"
COMPONENT = "node-controller"
KEY = "/zones"
"""The agenda key of the pass over all zones."""
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_TAINTS = {"False": NOT_READY, "Unknown": UNREACHABLE}
_EXCLUDED = "node.kubernetes.io/exclude-disruption"
_HELD = "held"
"""In memory: that nodes are left without the taint for now, so that any node's recovery is a reason to look again."""
_PERIOD = 0.1
"""Seconds between two passes of the real controller."""


def look(context: Context, node: Obj) -> None:
    """A node has changed: clear it when it is ready, swap one taint for the other, or leave it to the next pass."""
    present, wanted = _present(node), _wanted(node)
    if present and present != wanted:
        _set(context, node, wanted)
    if wanted - present or context.memory.get(_HELD):
        context.world.agenda.soon(f"controller/{NAME}", KEY, _PERIOD)


def reconcile(context: Context) -> float | None:
    """Taint those whose turn it is; answers in how many seconds the next one's comes."""
    zones: defaultdict[str, list[Obj]] = defaultdict(list)
    for node in context.api.list("Node"):
        zones[_zone(node)].append(node)
    counted = {zone: [node for node in nodes if not _is_excluded(node)] for zone, nodes in zones.items()}
    if not any(_is_ready(node) for nodes in counted.values() for node in nodes) and any(counted.values()):
        _clear(context, (node for nodes in zones.values() for node in nodes))
        context.memory[_HELD] = True
        return None
    context.memory.pop(_HELD, None)
    waits = [_taint_zone(context, nodes, _rate(context, counted[zone])) for zone, nodes in zones.items()]
    return min((wait for wait in waits if wait is not None), default=None)


def _clear(context: Context, nodes: Iterable[Obj]) -> None:
    for node in nodes:
        if _present(node):
            _set(context, node, set())


def _taint_zone(context: Context, nodes: list[Obj], rate: float) -> float | None:
    waiting = [node for node in nodes if _wanted(node) and not _present(node)]
    if waiting and not rate:
        context.memory[_HELD] = True
    if not waiting or not rate:
        return None
    now = context.world.clock.now
    last = max((_tainted_at(node) for node in nodes), default=0)
    due = last + round(SECOND / rate)
    if due > now:
        return (due - now) / SECOND
    first = min(waiting, key=lambda node: (_since(node), node["metadata"]["name"]))
    _set(context, first, _wanted(first))
    return 1 / rate if len(waiting) > 1 else None


def _rate(context: Context, nodes: list[Obj]) -> float:
    """Nodes per second that may be tainted in a zone."""
    options = context.options
    ready = sum(map(_is_ready, nodes))
    failed = len(nodes) - ready
    threshold = float(options.get("unhealthy-zone-threshold", 0.55))
    if ready and failed > 2 and failed / len(nodes) >= threshold:
        large = len(nodes) > int(options.get("large-cluster-size-threshold", 50))
        return float(options.get("secondary-node-eviction-rate", 0.01)) if large else 0.0
    return float(options.get("node-eviction-rate", 0.1))


# ------------------------------------------------------------------------------------------------ nodes


def _zone(node: Obj) -> str:
    labels = node["metadata"].get("labels") or {}
    return f"{labels.get('topology.kubernetes.io/region', '')}:{labels.get('topology.kubernetes.io/zone', '')}"


def _is_excluded(node: Obj) -> bool:
    return _EXCLUDED in (node["metadata"].get("labels") or {})


def _is_ready(node: Obj) -> bool:
    found = condition(node, "Ready")
    return found is not None and bool(found["status"] == "True")


def _since(node: Obj) -> str:
    found = condition(node, "Ready")
    return str(found.get("lastTransitionTime") or "") if found is not None else ""


def _wanted(node: Obj) -> set[str]:
    found = condition(node, "Ready")
    return {_TAINTS[found["status"]]} if found is not None and found["status"] in _TAINTS else set()


def _is_ours(taint: Obj) -> bool:
    return taint["effect"] == "NoExecute" and taint["key"] in (NOT_READY, UNREACHABLE)


def _present(node: Obj) -> set[str]:
    return {taint["key"] for taint in node.get("spec", {}).get("taints", ()) if _is_ours(taint)}


def _tainted_at(node: Obj) -> int:
    times = [taint.get("timeAdded") for taint in node.get("spec", {}).get("taints", ()) if _is_ours(taint)]
    return max((any_time(time) for time in times if time), default=0)


def _set(context: Context, node: Obj, keys: set[str]) -> None:
    taints = node.get("spec", {}).get("taints", [])
    kept = [taint for taint in taints if not _is_ours(taint) or taint["key"] in keys]
    now = context.world.clock.timestamp()
    new = keys - {taint["key"] for taint in kept if _is_ours(taint)}
    with_taints(context, node, [*kept, *({"effect": "NoExecute", "key": key, "timeAdded": now} for key in sorted(new))])


def with_taints(context: Context, node: Obj, taints: list[Any]) -> Obj:
    """Store the node with these taints."""
    spec = {key: value for key, value in node.get("spec", {}).items() if key != "taints"}
    return context.api.update("Node", {**node, "spec": {**spec, "taints": taints} if taints else spec})
