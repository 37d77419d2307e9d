"""Evict pods that do not tolerate a NoExecute taint, when their patience ends. Models pkg/controller/tainteviction.

Keys: "NAMESPACE/NAME" looks at a pod, "due/NAMESPACE/NAME" evicts it. A planned eviction stands until the taints or the
tolerations allow the pod to stay; as in the real controller its time starts anew when the manager is restarted.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.taints import no_execute, tolerates
from cluster_core.machinery.timestamps import parse_duration
from cluster_core.machinery.typed import Obj

NAME = "taint-eviction"
COMPONENT = "taint-eviction-controller"
_FOR_EVER = float("inf")
_TARGET = f"controller/{NAME}"
_DUE = "due/"
_USUAL = 300
"""Seconds: what DefaultTolerationSeconds gives a pod."""


def reconcile(context: Context, key: str) -> float | None:
    pod = context.api.get("Pod", *split_key(key.removeprefix(_DUE)))
    if key.startswith(_DUE):
        if pod is not None and "deletionTimestamp" not in pod["metadata"]:
            _evict(context, pod)
        return None
    if pod is None:
        _cancel(context, key)
        return None
    node = context.api.get("Node", "", pod["spec"].get("nodeName", ""))
    if node is not None and "deletionTimestamp" not in pod["metadata"]:
        _decide(context, pod, no_execute(node))
    return None


def _decide(context: Context, pod: Obj, taints: list[Obj]) -> None:
    key = object_key(pod)
    patience = _patience(pod, taints, _timeout(context))
    if patience in (0, _FOR_EVER):
        _cancel(context, key)
    if patience != _FOR_EVER:
        context.world.agenda.soon(_TARGET, _DUE + key, patience)


def _cancel(context: Context, key: str) -> None:
    """Forget a planned eviction, and say so."""
    agenda = context.world.agenda
    if agenda.planned(_TARGET, _DUE + key) is None:
        return
    agenda.cancel(_TARGET, _DUE + key)
    namespace, name = split_key(key)
    about = {"kind": "Pod", "apiVersion": "v1", "metadata": {"namespace": namespace, "name": name}}
    context.event(about, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {key}", COMPONENT)


def _timeout(context: Context) -> float:
    """--pod-eviction-timeout, in seconds: gone from upstream, yet what many look for. It stands in for the 300 s that
    DefaultTolerationSeconds writes into pods."""
    text = context.options.get("pod-eviction-timeout")
    return parse_duration(str(text)) / SECOND if text else _USUAL


def _patience(pod: Obj, taints: list[Obj], timeout: float) -> float:
    """Seconds until the first of the tolerations that let it stay runs out; 0 when a taint is not tolerated."""
    tolerations = pod["spec"].get("tolerations") or ()
    used = [next((one for one in tolerations if tolerates(one, taint)), None) for taint in taints]
    if None in used:
        return 0
    seconds = [one["tolerationSeconds"] for one in used if one is not None and one.get("tolerationSeconds") is not None]
    seconds = [timeout if each == _USUAL else each for each in seconds]
    return max(0, min(seconds)) if seconds else _FOR_EVER


def _evict(context: Context, pod: Obj) -> None:
    """Say so in the pod's conditions and delete it."""
    metadata = pod["metadata"]
    key = object_key(pod)
    context.event(pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {key}", COMPONENT)
    target = {
        "type": "DisruptionTarget",
        "observedGeneration": metadata.get("generation", 1),
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": context.world.clock.timestamp(),
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }
    changed = conditions.set(pod["status"].get("conditions", ()), target)
    context.api.update_status("Pod", {**pod, "status": {**pod["status"], "conditions": changed}})
    context.api.delete("Pod", metadata["namespace"], metadata["name"], uid=metadata["uid"])


def _pods_on(context: Context, node: Obj) -> Iterable[str]:
    if not no_execute(node):
        return ()
    return [object_key(pod) for pod in context.api.on_node("Pod", node["metadata"]["name"])]


def _placed(context: Context, pod: Obj) -> Iterable[str]:
    """Pods on tainted nodes; most nodes have no such taint, which is quick to see."""
    node = context.api.get("Node", "", pod["spec"].get("nodeName", "")) if pod["spec"].get("nodeName") else None
    return itself(context, pod) if node is not None and no_execute(node) else ()


CONTROLLER = Controller(
    NAME,
    watches={"Node": _pods_on, "Pod": _placed},
    reconcile=reconcile,
    latency=0.0,
    user="system:serviceaccount:kube-system:node-controller",
    steady=frozenset({"Pod"}),
)
