"""Notice nodes that have fallen silent: conditions Unknown, taints, pods not ready. Models pkg/controller/nodelifecycle.

The real controller looks every --node-monitor-period (5 s). Here a look is planned for the tick at which it could matter:
the first one after --node-monitor-grace-period (40 s) without a heartbeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time, parse_duration
from cluster_core.machinery.typed import Obj

COMPONENT = "node-controller"
NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
_CONDITION_TAINTS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_OURS = frozenset(_CONDITION_TAINTS.values()) | {_UNSCHEDULABLE}
_REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def _option(context: Context, name: str, default: str) -> int:
    """A duration flag in microseconds."""
    return parse_duration(str(context.options.get(name, default)))


def reconcile(context: Context, key: str) -> float | None:
    node = context.api.get("Node", "", key)
    if node is None:
        return None
    again = None
    stale_at = _stale_at(context, node)
    if stale_at is not None:
        if stale_at <= context.world.clock.now:
            node = _mark_unknown(context, node)
        else:
            again = (_tick(context, stale_at) - context.world.clock.now) / SECOND
    node = _taint(context, node)
    _mark_pods(context, node)
    return again


def _tick(context: Context, moment: int) -> int:
    """The first monitor tick at or after `moment`; ticks count from the cluster's start."""
    period = _option(context, "node-monitor-period", "5s")
    start = context.world.clock.start
    return start + -(-(moment - start) // period) * period


def _stale_at(context: Context, node: Obj) -> int | None:
    """When silence will have lasted too long; None while a simulated kubelet is well or all is Unknown already."""
    name = node["metadata"]["name"]
    clock = context.world.clock
    grace = _option(context, "node-monitor-grace-period", "40s")
    heard = context.world.machines.last_heartbeat(name)
    if heard is not None and heard >= clock.now:
        return None
    ready = condition(node, "Ready")
    if ready is not None and ready["status"] == "Unknown":
        return None
    return max(heard or 0, _last_lease(context, name), _last_status(node)) + grace


def _last_lease(context: Context, name: str) -> int:
    lease = context.api.get("Lease", "kube-node-lease", name)
    text = lease["spec"].get("renewTime") if lease else None
    return any_time(text) if text else 0


def _last_status(node: Obj) -> int:
    """The newest sign of life in the node object itself."""
    heartbeats = [each.get("lastHeartbeatTime") for each in node.get("status", {}).get("conditions", ())]
    return max(any_time(text) for text in [node["metadata"]["creationTimestamp"], *filter(None, heartbeats)])


def condition(obj: Obj, type: str) -> Obj | None:
    """The status condition of this type."""
    conditions = obj.get("status", {}).get("conditions", ())
    return next((each for each in conditions if each["type"] == type), None)


def _mark_unknown(context: Context, node: Obj) -> Obj:
    """What a silent kubelet once reported is no longer known."""
    now = context.world.clock.timestamp()
    status = node.get("status", {})
    known = {each["type"]: each for each in status.get("conditions", ())}
    for type in _REPORTED:
        known[type] = _unknown(known.get(type), type, node["metadata"]["creationTimestamp"], now)
    changed = {**status, "conditions": list(known.values())}
    was_ready = (condition(node, "Ready") or {}).get("status") == "True"
    node = context.api.update_status("Node", {**node, "status": changed})
    if was_ready:
        name = node["metadata"]["name"]
        context.event(node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", COMPONENT)
    return node


def _unknown(known: Obj | None, type: str, created: str, now: str) -> dict[str, Any]:
    if known is None:
        return {
            "type": type,
            "status": "Unknown",
            "lastHeartbeatTime": created,
            "lastTransitionTime": now,
            "reason": "NodeStatusNeverUpdated",
            "message": "Kubelet never posted node status.",
        }
    if known["status"] == "Unknown":
        return dict(known)
    return {
        **known,
        "status": "Unknown",
        "lastTransitionTime": now,
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
    }


# ------------------------------------------------------------------------------------------------ taints


def _wanted_taints(node: Obj) -> list[tuple[str, str]]:
    """(key, effect) of the taints that the node's conditions call for."""
    wanted: list[tuple[str, str]] = []
    for each in node.get("status", {}).get("conditions", ()):
        key = _CONDITION_TAINTS.get((each["type"], each["status"]))
        if key:
            wanted.append((key, "NoSchedule"))
    if condition(node, "Ready") is None:
        wanted.append((NOT_READY, "NoSchedule"))
    if node.get("spec", {}).get("unschedulable"):
        wanted.append((_UNSCHEDULABLE, "NoSchedule"))
    wanted += [(key, "NoExecute") for key, _ in wanted if key in (NOT_READY, UNREACHABLE)]
    return wanted


def _taint(context: Context, node: Obj) -> Obj:
    """Bring the taints that belong to conditions in line with them; NoExecute ones carry the time."""
    spec = node.get("spec", {})
    taints = spec.get("taints", [])
    wanted = _wanted_taints(node)
    present = {(taint["key"], taint["effect"]) for taint in taints if taint["key"] in _OURS}
    if present == set(wanted):
        return node
    now = context.world.clock.timestamp()
    kept = [taint for taint in taints if taint["key"] not in _OURS or (taint["key"], taint["effect"]) in wanted]
    added = [_new_taint(key, effect, now) for key, effect in wanted if (key, effect) not in present]
    changed = {key: value for key, value in spec.items() if key != "taints"}
    if kept or added:
        changed["taints"] = [*kept, *added]
    return context.api.update("Node", {**node, "spec": changed})


def _new_taint(key: str, effect: str, now: str) -> dict[str, Any]:
    return {"effect": effect, "key": key, "timeAdded": now}


# ------------------------------------------------------------------------------------------------ pods


def _mark_pods(context: Context, node: Obj) -> None:
    """Pods on a node that is not ready are not ready either."""
    ready = condition(node, "Ready")
    if ready is None or ready["status"] == "True":
        return
    for pod in context.api.on_node("Pod", node["metadata"]["name"]):
        found = condition(pod, "Ready")
        if found is not None and found["status"] == "True":
            _mark_pod(context, pod)


def _mark_pod(context: Context, pod: Obj) -> None:
    now = context.world.clock.timestamp()
    conditions = [
        {**each, "status": "False", "lastTransitionTime": now} if each["type"] == "Ready" else each
        for each in pod["status"]["conditions"]
    ]
    context.event(pod, "Warning", "NodeNotReady", "Node is not ready", COMPONENT)
    context.api.update_status("Pod", {**pod, "status": {**pod["status"], "conditions": conditions}})


def _node_of_lease(context: Context, lease: Obj) -> Iterable[str]:
    return (lease["metadata"]["name"],) if lease["metadata"]["namespace"] == "kube-node-lease" else ()


def _node_of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """A pod that becomes ready on a silent node."""
    name = pod["spec"].get("nodeName", "")
    node = context.api.get("Node", "", name) if name else None
    ready = condition(node, "Ready") if node else None
    return (name,) if ready is not None and ready["status"] != "True" else ()


CONTROLLER = Controller(
    "node-lifecycle",
    watches={"Node": itself, "Lease": _node_of_lease, "Pod": _node_of_pod},
    reconcile=reconcile,
    latency=0.0,
    user="system:serviceaccount:kube-system:node-controller",
)
