"""Taints of nodes and who tolerates them. Models ToleratesTaint of k8s.io/component-helpers/scheduling/corev1."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.machinery.typed import Obj


def tolerates(toleration: Obj, taint: Obj) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("key") not in (None, "", taint["key"]):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))


def tolerated(tolerations: Sequence[Obj], taint: Obj) -> bool:
    """Whether any of them tolerates the taint."""
    return any(tolerates(toleration, taint) for toleration in tolerations)


def no_execute(node: Obj) -> list[Obj]:
    """The node's taints that drive pods away."""
    return [taint for taint in node.get("spec", {}).get("taints", ()) if taint["effect"] == "NoExecute"]
