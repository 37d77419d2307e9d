"""What the browser draws of each object: one small pure function per kind, from the object to a flat dict.

Pods are in `thinpod`; sums over other objects (what a node's pods request) are added by the feed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cluster_core.apiserver.parts import controller_of
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj

from .thinpod import pod

Thin = dict[str, Any]
Get = Callable[[str, str, str], Obj | None]
"""(kind, namespace, name) -> object: to follow owners upwards."""

_ROLE = "node-role.kubernetes.io/"
_SERVICE = "kubernetes.io/service-name"
_REVISION = "deployment.kubernetes.io/revision"


def owner_of(obj: Obj) -> Thin | None:
    owner = controller_of(obj)
    return {name: owner[name] for name in ("kind", "name", "uid")} if owner else None


def root_of(obj: Obj, get: Get) -> str:
    """Who made it in the end, as "Deployment/web"; "" when nobody did."""
    namespace, root = obj["metadata"].get("namespace", ""), ""
    for _ in range(5):  # owners of owners: Pod, Job, CronJob is the longest chain there is
        owner = controller_of(obj)
        if owner is None:
            return root
        root = f"{owner['kind']}/{owner['name']}"
        found = get(owner["kind"], namespace, owner["name"])
        if found is None:
            return root
        obj = found
    return root


def amounts(resources: Mapping[str, Any]) -> Thin:
    """{cpu milli, memory bytes, pods} of a resource list."""
    return {
        "cpu": quantity.milli(resources.get("cpu", 0)),
        "memory": quantity.value(resources.get("memory", 0)),
        "pods": quantity.value(resources.get("pods", 0)),
    }


def node(obj: Obj) -> Thin:
    status, spec, labels = obj.get("status", {}), obj.get("spec", {}), obj["metadata"].get("labels", {})
    conditions = {condition["type"]: condition["status"] for condition in status.get("conditions", ())}
    roles = sorted(label[len(_ROLE) :] for label in labels if label.startswith(_ROLE))
    addresses = {address["type"]: address["address"] for address in status.get("addresses", ())}
    return {
        "ready": conditions.get("Ready", "Unknown"),
        "unschedulable": bool(spec.get("unschedulable")),
        "taints": [f"{taint['key']}={taint.get('value', '')}:{taint['effect']}" for taint in spec.get("taints", ())],
        "capacity": amounts(status.get("capacity", {})),
        "allocatable": amounts(status.get("allocatable", {})),
        "zone": labels.get("topology.kubernetes.io/zone", ""),
        "role": ",".join(roles),
        "ip": addresses.get("InternalIP", ""),
        "conditions": conditions,
        "version": status.get("nodeInfo", {}).get("kubeletVersion", ""),
    }


def _workload(desired: str, ready: str, updated: str, available: str) -> Callable[[Obj], Thin]:
    """For kinds that keep pods: names of the status fields (desired: of the spec, unless it begins with a dot)."""

    def thin(obj: Obj) -> Thin:
        spec, status = obj.get("spec", {}), obj.get("status", {})
        wanted = status.get(desired[1:], 0) if desired.startswith(".") else spec.get(desired, 1)
        return {
            "desired": wanted,
            "ready": status.get(ready, 0),
            "updated": status.get(updated, 0),
            "available": status.get(available, 0),
            "owner": owner_of(obj),
            "revision": obj["metadata"].get("annotations", {}).get(_REVISION, ""),
            "paused": bool(spec.get("paused") or spec.get("suspend")),
        }

    return thin


def service(obj: Obj) -> Thin:
    spec = obj.get("spec", {})
    ports = [
        {name: port[name] for name in ("name", "port", "targetPort", "nodePort", "protocol") if name in port}
        for port in spec.get("ports", ())
    ]
    return {
        "type": spec.get("type", "ClusterIP"),
        "clusterIP": spec.get("clusterIP", ""),
        "ports": ports,
        "selector": spec.get("selector", {}),
    }


def endpoint_slice(obj: Obj) -> Thin:
    return {
        "service": obj["metadata"].get("labels", {}).get(_SERVICE, ""),
        "endpoints": [
            {
                "ip": (endpoint.get("addresses") or [""])[0],
                "podUid": endpoint.get("targetRef", {}).get("uid", ""),
                "ready": endpoint.get("conditions", {}).get("ready", True),
            }
            for endpoint in obj.get("endpoints") or ()
        ],
    }


def namespace(obj: Obj) -> Thin:
    return {"phase": obj.get("status", {}).get("phase", "")}


def event(obj: Obj) -> Thin:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    series = obj.get("series") or {}
    source = obj.get("source") or {}
    return {
        "type": obj.get("type", ""),
        "reason": obj.get("reason", ""),
        "message": obj.get("message", obj.get("note", "")),
        "count": series.get("count") or obj.get("count") or obj.get("deprecatedCount") or 1,
        "about": {
            "kind": about.get("kind", ""),
            "ns": about.get("namespace", ""),
            "name": about.get("name", ""),
            "uid": about.get("uid", ""),
        },
        "source": source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or "",
        "last": _last_seen(obj),
    }


def _last_seen(obj: Obj) -> str:
    series = obj.get("series") or {}
    candidates = (series.get("lastObservedTime"), obj.get("lastTimestamp"), obj.get("eventTime"))
    return str(next((text for text in candidates if text), obj["metadata"].get("creationTimestamp", "")))


PLAIN: Mapping[str, Callable[[Obj], Thin]] = {
    "Node": node,
    "Deployment": _workload("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
    "ReplicaSet": _workload("replicas", "readyReplicas", "fullyLabeledReplicas", "availableReplicas"),
    "StatefulSet": _workload("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
    "DaemonSet": _workload(".desiredNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable"),
    "Job": _workload("completions", "ready", "active", "succeeded"),
    "Service": service,
    "EndpointSlice": endpoint_slice,
    "Namespace": namespace,
    "Event": event,
}
KINDS = (*PLAIN, "Pod")


def thin(kind: str, obj: Obj, get: Get) -> Thin:
    """The thin form; `kind` is one of KINDS."""
    metadata = obj["metadata"]
    common = {
        "k": kind,
        "uid": metadata["uid"],
        "ns": metadata.get("namespace", ""),
        "name": metadata["name"],
        "rv": metadata.get("resourceVersion", ""),
    }
    if kind == "Pod":
        return common | pod(obj) | {"owner": owner_of(obj), "root": root_of(obj, get)}
    own = PLAIN[kind](obj)
    return (
        common | own | {"created": metadata.get("creationTimestamp", ""), "deleting": "deletionTimestamp" in metadata}
    )
