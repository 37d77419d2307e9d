"""A ClusterRole with an aggregation rule has the rules of all it selects. Models pkg/controller/clusterroleaggregation."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj


def _aggregating(context: Context, obj: Obj) -> Iterable[str]:
    """Every role that aggregates: any change may concern any of them."""
    names = [role["metadata"]["name"] for role in context.api.list("ClusterRole") if role.get("aggregationRule")]
    labelled = obj["metadata"].get("labels") or obj.get("aggregationRule")
    return names if labelled else ()


def _rules(context: Context, role: Obj) -> list[Obj]:
    """The rules of the selected roles, each once, in the order of selectors and names."""
    found: list[Obj] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        matches = selectors.compile(selector)
        for each in context.api.list("ClusterRole"):
            metadata = each["metadata"]
            if metadata["name"] != role["metadata"]["name"] and matches(metadata.get("labels") or {}):
                found += [rule for rule in each.get("rules") or () if rule not in found]
    return found


def reconcile(context: Context, key: str) -> float | None:
    role = context.api.get("ClusterRole", "", key)
    if role is None or not role.get("aggregationRule"):
        return None
    rules = _rules(context, role)
    if rules != (role.get("rules") or []):
        context.api.update("ClusterRole", {**role, "rules": rules})
    return None


CONTROLLER = Controller(
    "clusterrole-aggregation-controller",
    watches={"ClusterRole": _aggregating},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:clusterrole-aggregation-controller",
)
