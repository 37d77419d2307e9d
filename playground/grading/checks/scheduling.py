"""scheduling: where the chosen pods were put, or why they were not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

from .base import CheckKind, Finding, Problems, Spec, View, described, failed, label_selector, passed

_HOSTNAME = "kubernetes.io/hostname"


def _node(pod: Obj) -> str:
    return str(pod["spec"].get("nodeName", ""))


def evaluate(spec: Spec, view: View) -> Finding:
    pods = [pod for pod in view.objects(spec, "Pod") if "deletionTimestamp" not in pod["metadata"]]
    if not pods:
        return failed(f"there is no {described(spec, 'Pod')}")
    places = {pod["metadata"]["name"]: _node(pod) for pod in pods}
    wrong = next(_wrong(spec, pods, view), "")
    if wrong:
        return failed(wrong, pods[:20], nodes=places)
    return passed(f"{described(spec, 'Pod')} are where they should be", pods[:20], nodes=places)


def _wrong(spec: Mapping[str, Any], pods: list[Obj], view: View) -> Iterator[str]:
    """What is not as wanted, the most telling first."""
    if spec.get("pending"):
        yield from _not_pending(spec, pods)
        return
    for pod in pods:
        if not _node(pod):
            yield f"{pod['metadata']['name']} is not scheduled: {_reason(pod) or 'the scheduler has not seen it'}"
    yield from _misplaced(spec, pods, view)
    used = {_node(pod) for pod in pods}
    if len(used) < spec.get("distinctNodes", 0):
        yield f"on {len(used)} different nodes ({', '.join(sorted(used))}), wanted at least {spec['distinctNodes']}"
    if "maxSkew" in spec:
        yield from _skewed(spec, pods, view)


def _not_pending(spec: Mapping[str, Any], pods: list[Obj]) -> Iterator[str]:
    for pod in pods:
        name = pod["metadata"]["name"]
        if _node(pod):
            yield f"{name} is on {_node(pod)}, wanted: not scheduled"
        elif spec.get("reason", "") not in _reason(pod):
            yield f'{name} is not scheduled because "{_reason(pod)}", wanted "{spec["reason"]}"'


def _reason(pod: Obj) -> str:
    conditions = pod.get("status", {}).get("conditions") or ()
    return str(next((each.get("message", "") for each in conditions if each["type"] == "PodScheduled"), ""))


def _misplaced(spec: Mapping[str, Any], pods: list[Obj], view: View) -> Iterator[str]:
    allowed = {spec["node"]} if "node" in spec else set(spec["nodes"]) if "nodes" in spec else None
    if "nodeSelector" in spec:
        chosen = selectors.compile(label_selector(spec["nodeSelector"]))
        nodes = view.objects({"kind": "Node"})
        labelled = {each["metadata"]["name"] for each in nodes if chosen(each["metadata"].get("labels") or {})}
        allowed = labelled if allowed is None else allowed & labelled
    for pod in pods:
        if allowed is not None and _node(pod) not in allowed:
            yield f"{pod['metadata']['name']} is on {_node(pod)}, wanted: on {', '.join(sorted(allowed)) or 'no node there is'}"


def _skewed(spec: Mapping[str, Any], pods: list[Obj], view: View) -> Iterator[str]:
    key = spec.get("topologyKey", _HOSTNAME)
    nodes = [node for node in view.objects({"kind": "Node"}) if not _closed(node)]
    domains = {node["metadata"]["name"]: (node["metadata"].get("labels") or {}).get(key, "") for node in nodes}
    counts = Counter({domain: 0 for domain in domains.values() if domain})
    counts.update(domains[_node(pod)] for pod in pods if domains.get(_node(pod)))
    skew = max(counts.values(), default=0) - min(counts.values(), default=0)
    if skew > spec["maxSkew"]:
        shown = ", ".join(f"{domain}: {number}" for domain, number in sorted(counts.items()))
        yield f"unevenly spread over {key} ({shown}), wanted a difference of at most {spec['maxSkew']}"


def _closed(node: Obj) -> bool:
    return any(taint["effect"] != "PreferNoSchedule" for taint in node.get("spec", {}).get("taints") or ())


def kinds(spec: Spec) -> frozenset[str] | None:
    return frozenset({"Pod", "Node"}) if {"nodeSelector", "maxSkew"} & set(spec) else frozenset({"Pod"})


def problems(spec: Spec) -> Problems:
    if spec.get("kind", "Pod") != "Pod":
        yield ["kind"], "only Pods are scheduled"


CHECK = CheckKind("scheduling", evaluate, kinds, problems)
