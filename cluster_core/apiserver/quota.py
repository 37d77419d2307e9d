"""What objects cost against a resource quota, and which quotas they are counted by.

Models pkg/quota/v1/evaluator/core and apiserver/pkg/quota/v1/generic: pods, services and claims by their contents,
everything else by number. Shared by admission and the quota controller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.kind import Kind
from cluster_core.machinery import resourcelists
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.quantity import Quantity, of_value
from cluster_core.machinery.resourcelists import Totals
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.server import ApiServer

ONE = of_value(1)
_ALIASES = frozenset({"configmaps", "resourcequotas", "replicationcontrollers", "secrets"})
_UNCOUNTED = frozenset({"Event"})
_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = frozenset(
    {"pods", "count/pods", *_COMPUTE, *(f"{which}.{name}" for which in ("requests", "limits") for name in _COMPUTE)}
)
_HUGE = ("hugepages-", "requests.hugepages-")
_CLASS = ".storageclass.storage.k8s.io/"
_MUST_NAME = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})


def counted(kind: Kind) -> bool:
    """Whether objects of the kind can be under a quota."""
    return kind.stored and kind.namespaced and kind.name not in _UNCOUNTED


def usage(kind: Kind, obj: Obj, now: int) -> Totals:
    """What the object costs at this time (microseconds)."""
    totals: Totals = {f"count/{kind.resource}": ONE}
    if kind.group:
        return totals
    if kind.name == "Pod":
        _add_pod(totals, obj, now)
    elif kind.name == "Service":
        _add_service(totals, obj)
    elif kind.name == "PersistentVolumeClaim":
        _add_claim(totals, obj)
    elif kind.plural in _ALIASES:
        totals[kind.plural] = ONE
    return totals


def is_over(pod: Obj, now: int) -> bool:
    """Whether the pod counts no more: finished, or past its grace."""
    if pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return True
    metadata = pod["metadata"]
    deleted, grace = metadata.get("deletionTimestamp"), metadata.get("deletionGracePeriodSeconds")
    return deleted is not None and grace is not None and now > parse_time(deleted) + grace * SECOND


def _add_pod(totals: Totals, pod: Obj, now: int) -> None:
    if is_over(pod, now):
        return
    totals["pods"] = ONE
    totals.update(_computed(*(resourcelists.of_pod(pod["spec"], which) for which in ("requests", "limits"))))


def _computed(requests: Mapping[str, Quantity], limits: Mapping[str, Quantity]) -> Totals:
    """Requests under both their names, limits, huge pages and extended resources."""
    totals: Totals = {}
    for name, amount in requests.items():
        if name in _COMPUTE or name.startswith("hugepages-"):
            totals[name] = totals[f"requests.{name}"] = amount
        elif _extended(name):
            totals[f"requests.{name}"] = amount
    totals.update({f"limits.{name}": amount for name, amount in limits.items() if name in _COMPUTE})
    return totals


def _extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def _add_service(totals: Totals, service: Obj) -> None:
    spec = service.get("spec", {})
    totals["services"] = ONE
    ports, type = spec.get("ports") or [], spec.get("type")
    nodeports = 0
    if type == "NodePort" or (type == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)):
        nodeports = len(ports)
    elif type == "LoadBalancer":
        nodeports = sum(1 for port in ports if port.get("nodePort"))
    totals["services.nodeports"] = of_value(nodeports)
    totals["services.loadbalancers"] = of_value(1 if type == "LoadBalancer" else 0)


def _add_claim(totals: Totals, claim: Obj) -> None:
    spec, annotations = claim.get("spec", {}), claim["metadata"].get("annotations", {})
    asked = resourcelists.parsed((spec.get("resources") or {}).get("requests")).get("storage")
    name = annotations.get("volume.beta.kubernetes.io/storage-class") or spec.get("storageClassName") or ""
    prefixes = ("", f"{name}{_CLASS}") if name else ("",)
    for prefix in prefixes:
        totals[f"{prefix}persistentvolumeclaims"] = ONE
        if asked is not None:
            totals[f"{prefix}requests.storage"] = asked


# ------------------------------------------------------------------------------------------------ which quotas


def concerned(kind: Kind, names: Iterable[str]) -> list[str]:
    """The names in a quota that count objects of this kind."""
    return sorted(name for name in names if _concerns(kind, name))


def _concerns(kind: Kind, name: str) -> bool:
    if name == f"count/{kind.resource}":
        return True
    if kind.group:
        return False
    if kind.name == "Pod":
        extended = name.startswith("requests.") and _extended(name.removeprefix("requests.")) and _CLASS not in name
        return name in _POD_NAMES or name.startswith(_HUGE) or extended
    if kind.name == "Service":
        return name in ("services", "services.nodeports", "services.loadbalancers")
    if kind.name == "PersistentVolumeClaim":
        return name in ("persistentvolumeclaims", "requests.storage") or _CLASS in name
    return name == kind.plural and name in _ALIASES


def matches(quota: Obj, kind: Kind, obj: Obj, hard: Mapping[str, Any]) -> bool:
    """Whether the quota counts the object."""
    return bool(concerned(kind, hard)) and all(_in_scope(kind, obj, scope) for scope in scopes(quota))


def scopes(quota: Obj) -> Iterator[Obj]:
    """The scopes as selector requirements."""
    spec = quota["spec"]
    for name in spec.get("scopes") or ():
        yield {"scopeName": name, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def _in_scope(kind: Kind, obj: Obj, scope: Obj) -> bool:
    name = scope["scopeName"]
    if kind.name == "PersistentVolumeClaim" and name == "VolumeAttributesClass":
        return _selected(scope, [obj["spec"].get("volumeAttributesClassName") or ""])
    if kind.name != "Pod":
        return False
    spec = obj["spec"]
    if name in ("Terminating", "NotTerminating"):
        return is_terminating(obj) is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return _best_effort(spec) is (name == "BestEffort")
    if name == "PriorityClass":
        return _selected(scope, [spec.get("priorityClassName", "")])
    return name == "CrossNamespacePodAffinity" and _crosses_namespaces(spec)


def _selected(scope: Obj, values: list[str]) -> bool:
    operator, wanted, value = scope["operator"], scope.get("values") or (), values[0]
    if operator in ("Exists", "DoesNotExist"):
        return bool(value) is (operator == "Exists")
    return (value in wanted) is (operator == "In")


def is_terminating(pod: Obj) -> bool:
    """Whether the pod will end by itself."""
    return pod["spec"].get("activeDeadlineSeconds") is not None


def _best_effort(spec: Obj) -> bool:
    containers = (*spec.get("containers", ()), *spec.get("initContainers", ()), spec)
    for container in containers:
        resources = container.get("resources") or {}
        for which in ("requests", "limits"):
            amounts = resourcelists.parsed(resources.get(which))
            if any(amounts[name].sign() for name in ("cpu", "memory") if name in amounts):
                return False
    return True


def _crosses_namespaces(spec: Obj) -> bool:
    affinity = spec.get("affinity") or {}
    for rule in ("podAffinity", "podAntiAffinity"):
        found = affinity.get(rule) or {}
        terms = [*(found.get("requiredDuringSchedulingIgnoredDuringExecution") or ())]
        preferred = found.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [each["podAffinityTerm"] for each in preferred]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False


def unnamed(pod: Obj, names: Iterable[str]) -> str:
    """What a quota demands every container to name and some do not, as text; "" when all is well."""
    spec = pod["spec"]
    if spec.get("resources"):
        return ""
    required, missing = _MUST_NAME.intersection(names), dict[str, set[str]]()
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        resources = container.get("resources") or {}
        given = _computed(*(resourcelists.parsed(resources.get(which)) for which in ("requests", "limits")))
        for name in required.difference(given):
            missing.setdefault(name, set()).add(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def used(server: ApiServer, quota: Obj) -> Totals:
    """What everything in the quota's namespace costs together, for the names in its spec."""
    hard, namespace, now = quota["spec"].get("hard") or {}, quota["metadata"]["namespace"], server.world.clock.now
    totals: Totals = {name: of_value(0) for name in hard}
    for kind in server.kinds:
        if counted(kind) and concerned(kind, hard):
            for obj in server.storage.list(kind, namespace):
                if matches(quota, kind, obj, hard):
                    resourcelists.add(totals, resourcelists.masked(usage(kind, obj, now), hard))
    return totals
