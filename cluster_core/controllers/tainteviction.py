"""Evict pods that do not tolerate a NoExecute taint, when their patience ends. Models pkg/controller/tainteviction."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

COMPONENT = "taint-eviction-controller"
_FOR_EVER = float("inf")


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    pod = context.api.get("Pod", namespace, name)
    if pod is None or "deletionTimestamp" in pod["metadata"] or not pod["spec"].get("nodeName"):
        return None
    node = context.api.get("Node", "", pod["spec"]["nodeName"])
    taints = _no_execute(node) if node else []
    if not taints:
        return None
    ends = _patience_ends(pod, taints)
    if ends == _FOR_EVER:
        return None
    left = ends - context.world.clock.now
    if left > 0:
        return left / SECOND
    _evict(context, pod)
    return None


def _no_execute(node: Obj) -> list[Obj]:
    return [taint for taint in node.get("spec", {}).get("taints", ()) if taint["effect"] == "NoExecute"]


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """ToleratesTaint of k8s.io/component-helpers."""
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def _patience_ends(pod: Obj, taints: list[Obj]) -> float:
    """When the first of the tolerations that let it stay runs out (microseconds); at once when a taint is not tolerated."""
    tolerations = pod["spec"].get("tolerations", ())
    used = [toleration for toleration in tolerations if any(tolerates(toleration, taint) for taint in taints)]
    if not all(any(tolerates(toleration, taint) for toleration in used) for taint in taints):
        return 0
    seconds = [toleration["tolerationSeconds"] for toleration in used if "tolerationSeconds" in toleration]
    if not seconds:
        return _FOR_EVER
    added = max(any_time(taint["timeAdded"]) if taint.get("timeAdded") else 0 for taint in taints)
    return added + max(min(seconds), 0) * SECOND


def _evict(context: Context, pod: Obj) -> None:
    """Say so in the pod's conditions and delete it."""
    metadata = pod["metadata"]
    context.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {object_key(pod)}", COMPONENT)
    now = context.world.clock.timestamp()
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }
    others = [each for each in pod["status"].get("conditions", ()) if each["type"] != "DisruptionTarget"]
    context.api.update_status("Pod", {**pod, "status": {**pod["status"], "conditions": [*others, target]}})
    context.api.delete("Pod", metadata["namespace"], metadata["name"])


def _pods_on(context: Context, node: Obj) -> Iterable[str]:
    if not _no_execute(node):
        return ()
    return [object_key(pod) for pod in context.api.on_node("Pod", node["metadata"]["name"])]


def _placed(context: Context, pod: Obj) -> Iterable[str]:
    """Pods on tainted nodes; most nodes have no such taint, which is quick to see."""
    node = context.api.get("Node", "", pod["spec"].get("nodeName", "")) if pod["spec"].get("nodeName") else None
    return itself(context, pod) if node is not None and _no_execute(node) else ()


CONTROLLER = Controller(
    "taint-eviction",
    watches={"Node": _pods_on, "Pod": _placed},
    reconcile=reconcile,
    latency=0.0,
    user="system:serviceaccount:kube-system:node-controller",
)
