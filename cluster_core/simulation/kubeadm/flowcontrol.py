"""The priority levels and flow schemas the API server keeps. Models apiserver/pkg/apis/flowcontrol/bootstrap.

Requests are answered one after the other here, so nothing has to wait for a seat: the objects are there to be read.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

Object = dict[str, Any]
_MARK = {"apf.kubernetes.io/autoupdate-spec": "true"}
_LEVELS = {
    "catch-all": (5, 0, None),
    "global-default": (20, 50, (128, 6)),
    "leader-election": (10, 0, (16, 4)),
    "node-high": (40, 25, (64, 6)),
    "system": (30, 33, (64, 6)),
    "workload-high": (40, 50, (128, 6)),
    "workload-low": (100, 90, (128, 6)),
}
"""Nominal shares, the percentage lent to others, and queues with a hand's size: None rejects instead."""
_EVERYBODY = "groups system:unauthenticated system:authenticated"
_CONTROL_PLANE = "users system:kube-controller-manager system:kube-scheduler"
_SCHEMAS = (
    ("exempt", "exempt", 1, "", "groups system:masters", "all"),
    ("probes", "exempt", 2, "", _EVERYBODY, "probes"),
    ("system-leader-election", "leader-election", 100, "ByUser", f"{_CONTROL_PLANE} accounts *", "leases"),
    ("system-node-high", "node-high", 400, "ByUser", "groups system:nodes", "nodes"),
    ("system-nodes", "system", 500, "ByUser", "groups system:nodes", "all"),
    ("kube-controller-manager", "workload-high", 800, "ByNamespace", "users system:kube-controller-manager", "all"),
    ("kube-scheduler", "workload-high", 800, "ByNamespace", "users system:kube-scheduler", "all"),
    ("kube-system-service-accounts", "workload-high", 900, "ByNamespace", "accounts *", "all"),
    ("service-accounts", "workload-low", 9000, "ByUser", "groups system:serviceaccounts", "all"),
    ("global-default", "global-default", 9900, "ByUser", _EVERYBODY, "all"),
    ("catch-all", "catch-all", 10000, "ByUser", _EVERYBODY, "all"),
)
"""Name, level, precedence, distinguisher, subjects (a word says what the following names are) and rules."""


@lru_cache(1)
def levels() -> tuple[Object, ...]:
    """Shared by all clusters, never to be changed."""
    exempt = {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}}
    return (_kept("exempt", exempt), *(_kept(name, _limited(*settings)) for name, settings in _LEVELS.items()))


def _kept(name: str, spec: Object) -> Object:
    return {"metadata": {"name": name, "generation": 1, "annotations": _MARK}, "spec": spec, "status": {}}


def _limited(shares: int, lent: int, queuing: tuple[int, int] | None) -> Object:
    response: Object = {"type": "Reject"}
    if queuing is not None:
        response = {"type": "Queue", "queuing": {"queues": queuing[0], "handSize": queuing[1], "queueLengthLimit": 50}}
    limited = {"nominalConcurrencyShares": shares, "limitResponse": response, "lendablePercent": lent}
    return {"type": "Limited", "limited": limited}


@lru_cache(1)
def schemas() -> tuple[Object, ...]:
    """Shared by all clusters, never to be changed; their conditions are told when they come to be."""
    return tuple(map(_schema, _SCHEMAS))


def _schema(row: tuple[str, str, int, str, str, str]) -> Object:
    name, level, precedence, distinguisher, subjects, rules = row
    spec: Object = {"priorityLevelConfiguration": {"name": level}, "matchingPrecedence": precedence}
    if distinguisher:
        spec["distinguisherMethod"] = {"type": distinguisher}
    spec["rules"] = [{"subjects": _subjects(subjects), **_RULES[rules]}]
    return _kept(name, spec)


def found(level: str, now: str) -> Object:
    """The status of a schema whose level exists."""
    message = f'This FlowSchema references the PriorityLevelConfiguration object named "{level}" and it exists'
    condition = {"type": "Dangling", "status": "False", "lastTransitionTime": now, "reason": "Found", "message": message}
    return {"conditions": [condition]}


def _subjects(text: str) -> list[Object]:
    subjects, what = [], ""
    for word in text.split():
        if word in _SUBJECTS:
            what = word
        else:
            subjects.append(_SUBJECTS[what](word))
    return subjects


_SUBJECTS: dict[str, Any] = {
    "groups": lambda name: {"kind": "Group", "group": {"name": name}},
    "users": lambda name: {"kind": "User", "user": {"name": name}},
    "accounts": lambda name: {"kind": "ServiceAccount", "serviceAccount": {"namespace": "kube-system", "name": name}},
}


def _resources(verbs: str, group: str, resources: str, whole: bool) -> Object:
    rule: Object = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**rule, **({"clusterScope": True} if whole else {}), "namespaces": ["*"]}


_LEASES = ("coordination.k8s.io", "leases", False)
_RULES: dict[str, Object] = {
    "all": {
        "resourceRules": [_resources("*", "*", "*", True)],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    },
    "leases": {"resourceRules": [_resources("get create update", *_LEASES)]},
    "nodes": {"resourceRules": [_resources("*", "", "nodes nodes/status", True), _resources("*", *_LEASES)]},
    "probes": {"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/readyz", "/livez"]}]},
}
