"""New nodes start not ready. Models plugin/pkg/admission/nodetaint."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj

NOT_READY = {"effect": "NoSchedule", "key": "node.kubernetes.io/not-ready"}


def _admit(attributes: Attributes) -> Obj | None:
    node = attributes.obj
    if node is None or attributes.operation != "CREATE" or not attributes.about("", "Node"):
        return node
    spec = node.get("spec", {})
    taints = spec.get("taints", [])
    if any(taint.get("key") == NOT_READY["key"] and taint.get("effect") == NOT_READY["effect"] for taint in taints):
        return node
    return {**node, "spec": {**spec, "taints": [*taints, NOT_READY]}}


PLUGIN = Plugin("TaintNodesByCondition", admit=_admit, kinds=frozenset({"Node"}), operations=frozenset({"CREATE"}), subresources=False)
