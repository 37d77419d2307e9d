"""Tell kubelets by an annotation on their nodes how long they may cache secrets and config maps: the longer, the more nodes
there are. Models pkg/controller/ttl."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import notes, with_notes
from cluster_core.machinery.typed import Obj

ANNOTATION = "node.alpha.kubernetes.io/ttl"
_STEPS = ((0, 100, "0"), (90, 500, "15"), (450, 1000, "30"), (900, 2000, "60"), (1800, 1 << 31, "300"))
"""(fewest nodes, most nodes, seconds): they overlap, so that a few nodes more or less change nothing."""


def _wanted(context: Context, node: Obj) -> str:
    """What the node has as long as the number of nodes allows it, else the first that fits."""
    count = context.api.server.storage.count(context.api.kind("Node"))
    fitting = [seconds for least, most, seconds in _STEPS if least <= count <= most]
    present = notes(node).get(ANNOTATION)
    return present if present in fitting else fitting[0]


def reconcile(context: Context, key: str) -> float | None:
    node = context.api.get("Node", "", key)
    if node is not None:
        wanted = _wanted(context, node)
        if notes(node).get(ANNOTATION) != wanted:
            context.api.update("Node", with_notes(node, **{ANNOTATION: wanted}))
    return None


def _out_of_step(context: Context, node: Obj) -> Iterable[str]:
    return (node["metadata"]["name"],) if notes(node).get(ANNOTATION) != _wanted(context, node) else ()


CONTROLLER = Controller(
    "ttl-controller",
    watches={"Node": _out_of_step},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:ttl-controller",
)
