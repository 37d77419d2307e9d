"""metrics.k8s.io as metrics-server serves it: what nodes and pods use, measured whenever somebody looks.

Models metrics-server's pkg/api, and with `MeasuredMetrics` the client autoscalers look through. Clusters without machines
have no metrics server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.server import ApiServer
from cluster_core.apiserver.table import NAME
from cluster_core.apiserver.world import NoMetrics, Usage
from cluster_core.kubelet.inside import Inside
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import timestamp
from cluster_core.machinery.typed import Obj

GROUP, VERSION = "metrics.k8s.io", "v1beta1"
_WINDOW = 30
_RESOLUTION = 15 * SECOND
SYSTEM_CPU = 60
"""Thousandths of a cpu that kubelet, container runtime and the system itself use on a node."""
_KI = 1024
Amounts = tuple[int, int]
"""Thousandths of a cpu, bytes."""


class MeasuredMetrics(NoMetrics):
    """Resource metrics from the kubelets; custom and external ones have no adapter."""

    def __init__(self, server: ApiServer, inside: Inside) -> None:
        self._server = server
        self._inside = inside

    def usage(self, namespace: str, pods: Sequence[str]) -> Mapping[str, Usage]:
        kind, storage = self._server.kinds.named("Pod"), self._server.storage
        found = ((name, storage.get(kind, namespace, name)) for name in pods)
        measured = {name: self._inside.usage(pod) for name, pod in found if pod is not None}
        now = self._server.world.clock.now
        return {name: Usage(_in_thousandths(containers), now) for name, containers in measured.items() if containers}


def _in_thousandths(containers: Iterable[tuple[str, int, int]]) -> Mapping[str, Mapping[str, int]]:
    return {name: {"cpu": cpu, "memory": memory * 1000} for name, cpu, memory in containers}


def install(server: ApiServer, inside: Inside) -> None:
    """Serve the group and let the parts of the cluster look through it."""
    server.world.metrics = MeasuredMetrics(server, inside)
    for kind in kinds(inside):
        server.kinds.add(kind)


def kinds(inside: Inside) -> Sequence[Kind]:
    """PodMetrics and NodeMetrics, read-only."""

    def pods(context: Context) -> list[Obj]:
        return _pod_metrics(context, inside)

    def nodes(context: Context) -> list[Obj]:
        return _node_metrics(context, inside)

    shared: dict[str, Any] = {"group": GROUP, "version": VERSION, "verbs": ("get", "list"), "stored": False}
    return (
        Kind("PodMetrics", plural="pods", compute=pods, columns=_POD_COLUMNS, facts=_facts("pod"), **shared),
        Kind("NodeMetrics", plural="nodes", namespaced=False, compute=nodes, columns=_COLUMNS, facts=_facts("node"), **shared),
    )


def _facts(name: str) -> Mapping[str, Any]:
    text, amounts = {"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}
    properties: dict[str, Any] = {"timestamp": text, "window": text}
    if name == "pod":
        container = {"type": "object", "properties": {"name": text, "usage": amounts}}
        properties["containers"] = {"type": "array", "items": container}
    else:
        properties["usage"] = amounts
    description = f"{name.capitalize()}Metrics sets resource usage metrics of a {name}."
    schema = {"type": "object", "description": description, "properties": properties}
    return {"types": {}, "schemas": {VERSION: schema}, "missing": f"{name}s"}


# ------------------------------------------------------------------------------------------------ objects


def _pod_metrics(context: Context, inside: Inside) -> list[Obj]:
    server = context.server
    pods = server.storage.list(server.kinds.named("Pod"), context.namespace or None)
    found = ((pod, inside.usage(pod)) for pod in pods if not context.name or pod["metadata"]["name"] == context.name)
    return [_of_pod(context, pod, containers) for pod, containers in found if containers]


def _of_pod(context: Context, pod: Obj, containers: Sequence[tuple[str, int, int]]) -> Obj:
    listed = [{"name": name, "usage": _amounts((cpu, memory))} for name, cpu, memory in containers]
    return {**_head(context, "PodMetrics", pod), "containers": listed}


def _node_metrics(context: Context, inside: Inside) -> list[Obj]:
    server = context.server
    found: list[Obj] = []
    for node in server.storage.list(server.kinds.named("Node")):
        name = node["metadata"]["name"]
        if (not context.name or name == context.name) and inside.is_well(name):
            used = _node_usage(server, inside, name)
            found.append({**_head(context, "NodeMetrics", node), "usage": _amounts(used)})
    return found


def _node_usage(server: ApiServer, inside: Inside, node: str) -> Amounts:
    cpu, memory = SYSTEM_CPU, inside.overhead(node)
    for pod in server.storage.on_node(server.kinds.named("Pod"), node):
        for _, thousandths, size in inside.usage(pod):
            cpu, memory = cpu + thousandths, memory + size
    return cpu, memory


def _head(context: Context, kind: str, of: Obj) -> dict[str, Any]:
    """The measurement's beginning: made just now, taken at the last full tick."""
    now = context.server.world.clock.now
    metadata = {key: of["metadata"][key] for key in ("name", "namespace", "labels") if key in of["metadata"]}
    metadata["creationTimestamp"] = timestamp(now)
    head = {"kind": kind, "apiVersion": f"{GROUP}/{VERSION}", "metadata": metadata}
    return {**head, "timestamp": timestamp(now - now % _RESOLUTION), "window": f"{_WINDOW}s"}


def _amounts(used: Amounts) -> Obj:
    return {"cpu": f"{used[0]}m", "memory": f"{used[1] // _KI}Ki"}


# ------------------------------------------------------------------------------------------------ columns


def _total(obj: Obj, resource: str, unit: str) -> str:
    parts = [each["usage"] for each in obj.get("containers", ())] or [obj.get("usage", {})]
    return f"{sum(int(part[resource].removesuffix(unit)) for part in parts if resource in part)}{unit}"


_COLUMNS = (
    NAME,
    Column("cpu", lambda obj, now: _total(obj, "cpu", "m"), "quantity"),
    Column("memory", lambda obj, now: _total(obj, "memory", "Ki"), "quantity"),
    Column("Window", lambda obj, now: obj["window"], "duration"),
)
_POD_COLUMNS = _COLUMNS
