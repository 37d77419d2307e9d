"""A snapshot, a decider and short ways to make nodes and pods: the scheduler's core without an API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.seed import Seed
from cluster_core.scheduler.configuration import parse
from cluster_core.scheduler.decide import Decider, Decision
from cluster_core.scheduler.lookup import ApiLookup
from cluster_core.scheduler.nominator import Nominator
from cluster_core.scheduler.snapshot import Snapshot
from cluster_core.scheduler.views import PodView, Shapes


class Shelf:
    """Objects by kind, namespace and name, read like the API."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def put(self, kind: str, obj: Mapping[str, Any]) -> None:
        metadata = obj["metadata"]
        self.objects[kind, metadata.get("namespace", ""), metadata["name"]] = obj

    def get(self, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        return self.objects.get((kind, namespace, name))

    def list(self, kind: str, namespace: str | None = None) -> list[Mapping[str, Any]]:
        return [o for (k, n, _), o in sorted(self.objects.items()) if k == kind and namespace in (None, n)]


def node(name: str, cpu: str = "4", memory: str = "8Gi", pods: int = 110, **more: Any) -> dict[str, Any]:
    """`labels`, `taints`, `images` ({name: bytes}), `unschedulable`, further resources by name in `extra`."""
    room = {"cpu": cpu, "memory": memory, "pods": str(pods), **more.get("extra", {})}
    images = [{"names": [image], "sizeBytes": size} for image, size in more.get("images", {}).items()]
    spec: dict[str, Any] = {"taints": more["taints"]} if "taints" in more else {}
    if more.get("unschedulable"):
        spec["unschedulable"] = True
    labels = {"kubernetes.io/hostname": name, **more.get("labels", {})}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": room, "images": images},
    }


def pod(
    name: str, cpu: str = "", memory: str = "", labels: Mapping[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    asked = {key: text for key, text in (("cpu", cpu), ("memory", memory), *spec.pop("extra", {}).items()) if text}
    container = {"name": "c", "image": spec.pop("image", "app:1"), "resources": {"requests": asked}}
    if "ports" in spec:
        container["ports"] = spec.pop("ports")
    namespace, owner = spec.pop("namespace", "default"), spec.pop("owner", None)
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "labels": dict(labels or {})}
    if owner:
        metadata["ownerReferences"] = [owner]
    return {"metadata": metadata, "spec": {"containers": [container], **spec}, "status": spec.pop("status", {})}


def taint(key: str, effect: str = "NoSchedule", value: str = "") -> dict[str, Any]:
    return {"key": key, "value": value, "effect": effect}


def term(labels: Mapping[str, str], key: str = "kubernetes.io/hostname", **more: Any) -> dict[str, Any]:
    return {"labelSelector": {"matchLabels": dict(labels)}, "topologyKey": key, **more}


def spread(labels: Mapping[str, str], key: str, skew: int = 1, hard: bool = True, **more: Any) -> dict[str, Any]:
    action = "DoNotSchedule" if hard else "ScheduleAnyway"
    selector = {"matchLabels": dict(labels)}
    return {"topologyKey": key, "maxSkew": skew, "whenUnsatisfiable": action, "labelSelector": selector, **more}


class Stage:
    def __init__(self, *nodes: Mapping[str, Any], configuration: Mapping[str, Any] | None = None) -> None:
        self.shelf = Shelf()
        self.snapshot = Snapshot()
        self.lookup = ApiLookup(self.shelf)
        self.nominator = Nominator()
        self.profiles = parse(configuration).profiles
        self.decider = Decider(self.profiles, self.snapshot, self.lookup, self.nominator, Seed(7))
        self.shapes = Shapes()
        for one in nodes:
            self.snapshot.set_node(one)

    def view(self, obj: Mapping[str, Any]) -> PodView:
        return self.shapes.view(obj)

    def put(self, obj: Mapping[str, Any], node: str) -> PodView:
        """A pod that runs on the node."""
        view = self.view({**obj, "spec": {**obj["spec"], "nodeName": node}})
        self.snapshot.place(view, node)
        return view

    def try_(self, obj: Mapping[str, Any]) -> Decision:
        return self.decider.decide(self.view(obj))

    def schedule(self, obj: Mapping[str, Any]) -> str | None:
        """Decide and place; the node's name or None."""
        chosen = self.try_(obj).node
        if chosen is not None:
            self.put(obj, chosen)
        return chosen

    def why_not(self, obj: Mapping[str, Any]) -> str:
        decision = self.try_(obj)
        assert decision.node is None, f"fits on {decision.node}"
        return decision.message
