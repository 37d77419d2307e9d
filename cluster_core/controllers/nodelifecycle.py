"""Notice nodes that have fallen silent: conditions Unknown, taints, pods not ready. Models pkg/controller/nodelifecycle.

The real controller looks every --node-monitor-period (5 s). Here a look is planned for the tick at which it could matter:
the first one after --node-monitor-grace-period (40 s) without a heartbeat. A node's NoExecute taint is nodezones.py's.

Keys: "NAME" looks at a node, "+NAME" tells of one known to a controller that has just started, "-NAME/UID" of one gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.events import Occurrence, is_recorded
from cluster_core.controllers import nodezones
from cluster_core.controllers.nodezones import COMPONENT, NOT_READY, UNREACHABLE
from cluster_core.controllers.pods import condition
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time, parse_duration
from cluster_core.machinery.typed import Obj

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
_LABELS = (("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch"))
"""(label, the old label that must say the same)."""
_SILENT = "silent"
"""In memory: the revision up to which nodes came while the cluster was made."""
_NEW = 10 * SECOND
"""A node this young has not been known before."""


_STARTUP, _RUNNING = ("node-startup-grace-period", "60s"), ("node-monitor-grace-period", "40s")


def _option(context: Context, name: str, default: str) -> int:
    """A duration flag in microseconds."""
    return parse_duration(str(context.options.get(name, default)))


def reconcile(context: Context, key: str) -> float | None:
    if key.startswith("-"):
        name, _, uid = key[1:].partition("/")
        _tell(context, name, uid, "RemovingNode", f"Removing Node {name} from Controller")
        return None
    node = context.api.get("Node", "", key.removeprefix("+"))
    if node is None:
        return None
    if key.startswith("+") or _is_new(context, node):
        _tell_registered(context, node)
    return _look(context, node)


def _look(context: Context, node: Obj) -> float | None:
    again = None
    stale_at = _stale_at(context, node)
    if stale_at is not None:
        if stale_at <= context.world.clock.now:
            node = _mark_unknown(context, node)
        else:
            again = (_tick(context, stale_at) - context.world.clock.now) / SECOND
    node = _taint(context, _label(context, node))
    nodezones.look(context, node)
    _mark_pods(context, node)
    return again


# ------------------------------------------------------------------------------------------------ coming and going


def _is_new(context: Context, node: Obj) -> bool:
    """Young and not told of yet. Nodes that a cluster was made with are known without a word."""
    if any_time(node["metadata"]["creationTimestamp"]) + _NEW < context.world.clock.now:
        return False
    server = context.api.server
    if server.silent:
        context.memory[_SILENT] = server.storage.revision
        return False
    stored = server.storage.store.get(context.api.kind("Node").key("", node["metadata"]["name"]))
    if stored is None or stored.create_revision <= context.memory.get(_SILENT, 0):
        return False
    what = Occurrence("Normal", "RegisteredNode", _registered(node), COMPONENT)
    return not is_recorded(context.api, node, what)


def _registered(node: Obj) -> str:
    name = node["metadata"]["name"]
    return f"Node {name} event: Registered Node {name} in Controller"


def _tell_registered(context: Context, node: Obj) -> None:
    context.event(node, "Normal", "RegisteredNode", _registered(node), COMPONENT)


def _tell(context: Context, name: str, uid: str, reason: str, text: str) -> None:
    """An event about a node of which no more than this is known."""
    about = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "uid": uid}}
    context.event(about, "Normal", reason, f"Node {name} event: {text}", COMPONENT)


def _label(context: Context, node: Obj) -> Obj:
    """Bring labels of old in line with those that took their place."""
    labels = node["metadata"].get("labels") or {}
    wanted = {old: labels[new] for new, old in _LABELS if new in labels}
    if wanted.items() <= labels.items():
        return node
    return context.api.update("Node", {**node, "metadata": {**node["metadata"], "labels": {**labels, **wanted}}})


# ------------------------------------------------------------------------------------------------ health


def _tick(context: Context, moment: int) -> int:
    """The first monitor tick at or after `moment`; ticks count from the cluster's start."""
    period = _option(context, "node-monitor-period", "5s")
    start = context.world.clock.start
    return start + -(-(moment - start) // period) * period


def _stale_at(context: Context, node: Obj) -> int | None:
    """When silence will have lasted too long; None while a simulated kubelet is well or all is Unknown already."""
    name = node["metadata"]["name"]
    clock = context.world.clock
    heard = context.world.machines.last_heartbeat(name)
    if heard is not None and heard >= clock.now:
        return None
    ready = condition(node, "Ready")
    if ready is not None and ready["status"] == "Unknown":
        return None
    starting = ready is None
    grace = _option(context, *(_STARTUP if starting else _RUNNING))
    return max(heard or 0, _last_lease(context, name), _last_status(node)) + grace


def _last_lease(context: Context, name: str) -> int:
    lease = context.api.get("Lease", "kube-node-lease", name)
    text = lease["spec"].get("renewTime") if lease else None
    return any_time(text) if text else 0


def _last_status(node: Obj) -> int:
    """The newest sign of life in the node object itself."""
    heartbeats = [each.get("lastHeartbeatTime") for each in node.get("status", {}).get("conditions", ())]
    return max(any_time(text) for text in [node["metadata"]["creationTimestamp"], *filter(None, heartbeats)])


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


def _wanted_taints(node: Obj) -> set[str]:
    """Keys of the NoSchedule taints that the node's conditions call for."""
    conditions = node.get("status", {}).get("conditions", ())
    found = {_CONDITION_TAINTS.get((each["type"], each["status"]), "") for each in conditions} - {""}
    return found | {_UNSCHEDULABLE} if node.get("spec", {}).get("unschedulable") else found


def _taint(context: Context, node: Obj) -> Obj:
    """Bring the NoSchedule taints that belong to conditions in line with them."""
    spec = node.get("spec", {})
    taints = spec.get("taints", [])
    wanted = _wanted_taints(node)
    if {taint["key"] for taint in taints if _is_ours(taint)} == wanted:
        return node
    now = context.world.clock.timestamp()
    kept = [taint for taint in taints if not _is_ours(taint) or taint["key"] in wanted]
    present = {taint["key"] for taint in kept if _is_ours(taint)}
    added = [{"effect": "NoSchedule", "key": key, "timeAdded": now} for key in sorted(wanted - present)]
    return nodezones.with_taints(context, node, [*kept, *added])


def _is_ours(taint: Obj) -> bool:
    return taint["effect"] == "NoSchedule" and taint["key"] in _OURS


# ------------------------------------------------------------------------------------------------ pods


def _mark_pods(context: Context, node: Obj) -> None:
    """Nobody knows of the pods on a silent node that they are ready."""
    ready = condition(node, "Ready")
    if ready is None or ready["status"] != "Unknown":
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
    """A pod that comes to a silent node."""
    name = pod["spec"].get("nodeName", "")
    node = context.api.get("Node", "", name) if name else None
    ready = condition(node, "Ready") if node else None
    return (name,) if ready is not None and ready["status"] == "Unknown" else ()


def _of_node(context: Context, node: Obj) -> Iterable[str]:
    metadata = node["metadata"]
    gone = context.api.get("Node", "", metadata["name"]) is None
    return (f"-{metadata['name']}/{metadata['uid']}", nodezones.KEY) if gone else (metadata["name"],)


def _known(context: Context) -> Iterable[str]:
    return [f"+{node['metadata']['name']}" for node in context.api.list("Node")]


def _run(context: Context, key: str) -> float | None:
    return nodezones.reconcile(context) if key == nodezones.KEY else reconcile(context, key)


CONTROLLER = Controller(
    nodezones.NAME,
    watches={"Node": _of_node, "Lease": _node_of_lease, "Pod": _node_of_pod},
    reconcile=_run,
    latency=0.0,
    user="system:serviceaccount:kube-system:node-controller",
    start=_known,
    steady=frozenset({"Pod"}),
)
