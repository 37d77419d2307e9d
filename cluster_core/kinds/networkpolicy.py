"""Network policies. Models pkg/registry/networking/networkpolicy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented, selector_text
from cluster_core.kinds.network_validation import policy, policy_update, policy_warnings
from cluster_core.machinery.typed import Obj


def default(found: Obj) -> Obj:
    spec: dict[str, Any] = dict(found.get("spec") or {})
    for direction in ("ingress", "egress"):
        if spec.get(direction):
            spec[direction] = [_rule(rule) for rule in spec[direction]]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    return {**found, "spec": spec}


def _rule(rule: Obj) -> Obj:
    ports: Sequence[Obj] = rule.get("ports") or ()
    return {**rule, "ports": [{"protocol": "TCP", **port} for port in ports]} if ports else rule


COLUMNS = (
    NAME,
    Column(
        "Pod-Selector",
        lambda obj, now: selector_text((obj.get("spec") or {}).get("podSelector")),
        description=documented("networking.v1.NetworkPolicySpec", "podSelector"),
    ),
    AGE,
)

KIND = Kind(
    "NetworkPolicy",
    plural="networkpolicies",
    group="networking.k8s.io",
    short=("netpol",),
    default=default,
    validate=policy,
    validate_update=policy_update,
    warnings=policy_warnings,
    columns=COLUMNS,
    generation=True,
    counts_empties=True,
)
