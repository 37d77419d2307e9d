"""Remove pods that nobody else will: those of nodes that have gone, terminating ones that were never scheduled or are on
nodes out of service, and the oldest of too many that have ended. Models pkg/controller/podgc.

Keys: "gone/NODE" plans the removal of a vanished node's pods, "due/NODE" does it; "out/NODE" looks at a node out of service;
"pod/NAMESPACE/NAME" removes one; "ended" counts those that have ended. The real one looks every 20 seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.pods import condition, is_deleted, is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.typed import Obj

NAME = "pod-garbage-collector-controller"
PERIOD = 20 * SECOND
QUARANTINE = 40 * SECOND
"""How long a node must be missing."""
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
_TARGET = f"controller/{NAME}"


def reconcile(context: Context, key: str) -> float | None:
    what, _, name = key.partition("/")
    _WORK[what](context, name)
    return None


def _tick(context: Context, moment: int) -> int:
    """The first look at or after the moment."""
    start = context.world.clock.start
    return start + -(-(moment - start) // PERIOD) * PERIOD


# ------------------------------------------------------------------------------------------------ nodes that have gone


def _plan(context: Context, node: str) -> None:
    agenda = context.world.agenda
    if context.api.get("Node", "", node) is not None:
        agenda.cancel(_TARGET, f"due/{node}")
    elif context.api.on_node("Pod", node):
        agenda.at(_tick(context, _tick(context, context.world.clock.now) + QUARANTINE), _TARGET, f"due/{node}")


def _collect_orphans(context: Context, node: str) -> None:
    if context.api.get("Node", "", node) is not None:
        return
    for pod in context.api.on_node("Pod", node):
        target = {
            "type": "DisruptionTarget",
            "observedGeneration": pod["metadata"].get("generation", 1),
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": context.world.clock.timestamp(),
            "reason": "DeletionByPodGC",
            "message": "PodGC: node no longer exists",
        }
        _remove(context, pod, target)


# ------------------------------------------------------------------------------------------------ the others


def _collect_out_of_service(context: Context, name: str) -> None:
    node = context.api.get("Node", "", name)
    if node is None or not _is_out_of_service(node):
        return
    for pod in context.api.on_node("Pod", name):
        if is_deleted(pod):
            _remove(context, pod)


def _is_out_of_service(node: Obj) -> bool:
    ready = condition(node, "Ready")
    if ready is not None and ready["status"] == "True":
        return False
    return any(taint["key"] == OUT_OF_SERVICE for taint in node.get("spec", {}).get("taints", ()))


def _collect_one(context: Context, key: str) -> None:
    pod = context.api.get("Pod", *split_key(key))
    if pod is not None and is_deleted(pod) and not pod["spec"].get("nodeName"):
        _remove(context, pod)


def _collect_ended(context: Context, _: str) -> None:
    """Evicted ones first, then the oldest, until there are no more than --terminated-pod-gc-threshold."""
    ended = [pod for pod in context.api.list("Pod") if is_ended(pod)]
    ended.sort(key=lambda pod: (not _is_evicted(pod), pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
    for pod in ended[: max(0, len(ended) - _threshold(context))]:
        _remove(context, pod)


def _is_evicted(pod: Obj) -> bool:
    return bool(pod["status"]["phase"] == "Failed" and pod["status"].get("reason") == "Evicted")


def _threshold(context: Context) -> int:
    """0 and less: never."""
    given = int(context.options.get("terminated-pod-gc-threshold", 12500))
    return given if given > 0 else 1 << 62


def _remove(context: Context, pod: Obj, target: dict[str, Any] | None = None) -> None:
    """Mark the pod as failed unless it has ended, and delete it at once."""
    if not is_ended(pod):
        status = {**pod["status"], "phase": "Failed"}
        if target is not None:
            status["conditions"] = conditions.set(status.get("conditions", ()), target)
        pod = context.api.update_status("Pod", {**pod, "status": status})
    metadata = pod["metadata"]
    context.api.delete("Pod", metadata["namespace"], metadata["name"], grace=0)


_WORK = {
    "gone": _plan,
    "due": _collect_orphans,
    "out": _collect_out_of_service,
    "pod": _collect_one,
    "ended": _collect_ended,
}


# ------------------------------------------------------------------------------------------------ what to look at


def _of_node(context: Context, node: Obj) -> Iterable[str]:
    name = node["metadata"]["name"]
    if context.api.get("Node", "", name) is None or context.world.agenda.planned(_TARGET, f"due/{name}") is not None:
        return (f"gone/{name}",)
    return (f"out/{name}",) if _is_out_of_service(node) else ()


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    node = pod["spec"].get("nodeName")
    if not node:
        return (f"pod/{object_key(pod)}",) if is_deleted(pod) else ()
    if is_ended(pod):
        storage = context.api.server.storage
        if storage.count(context.api.kind("Pod")) > _threshold(context):
            return ("ended",)
    found = context.api.get("Node", "", node)
    if found is None:
        return (f"gone/{node}",)
    return (f"out/{node}",) if is_deleted(pod) and _is_out_of_service(found) else ()


def _latency(context: Context, key: str) -> float:
    """Until the next look; what only plans does so at once."""
    now = context.world.clock.now
    return 0.0 if key.startswith(("gone/", "due/")) else (_tick(context, now) - now) / SECOND


CONTROLLER = Controller(
    NAME,
    watches={"Node": _of_node, "Pod": _of_pod},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:kube-system:pod-garbage-collector",
)
