"""scheduling: where the chosen pods were put, or why they were not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj
from playground.grading.saying import Said

from .base import CheckKind, Finding, Problems, Spec, View, described, failed, label_selector, none_of, passed

_HOSTNAME = "kubernetes.io/hostname"


def _node(pod: Obj) -> str:
    return str(pod["spec"].get("nodeName", ""))


def evaluate(spec: Spec, view: View) -> Finding:
    pods = [pod for pod in view.objects(spec, "Pod") if "deletionTimestamp" not in pod["metadata"]]
    if not pods:
        return none_of(spec, "Pod")
    places = {pod["metadata"]["name"]: _node(pod) for pod in pods}
    wrong = next(_wrong(spec, pods, view), "")
    if wrong:
        return failed(wrong, pods[:20], nodes=places)
    return passed(Said("%(objects)s are where they should be", objects=described(spec, "Pod")), pods[:20], nodes=places)


def _wrong(spec: Mapping[str, Any], pods: list[Obj], view: View) -> Iterator[str]:
    """What is not as wanted, the most telling first."""
    if spec.get("pending"):
        yield from _not_pending(spec, pods)
        return
    for pod in pods:
        if not _node(pod):
            why = _reason(pod) or Said("the scheduler has not seen it")
            yield Said("%(pod)s is not scheduled: %(why)s", pod=pod["metadata"]["name"], why=why)
    yield from _misplaced(spec, pods, view)
    used = {_node(pod) for pod in pods}
    if len(used) < spec.get("distinctNodes", 0):
        values = {"n": len(used), "nodes": ", ".join(sorted(used)), "wanted": spec["distinctNodes"]}
        yield Said("on %(n)s different nodes (%(nodes)s), wanted at least %(wanted)s", **values)
    if "maxSkew" in spec:
        yield from _skewed(spec, pods, view)


def _not_pending(spec: Mapping[str, Any], pods: list[Obj]) -> Iterator[str]:
    for pod in pods:
        name = pod["metadata"]["name"]
        if _node(pod):
            yield Said("%(pod)s is on %(node)s, wanted: not scheduled", pod=name, node=_node(pod))
        elif spec.get("reason", "") not in _reason(pod):
            values = {"pod": name, "why": _reason(pod), "wanted": spec["reason"]}
            yield Said('%(pod)s is not scheduled because "%(why)s", wanted "%(wanted)s"', **values)


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
            wanted = ", ".join(sorted(allowed)) or Said("no node there is")
            yield Said("%(pod)s is on %(node)s, wanted: on %(wanted)s", pod=pod["metadata"]["name"], node=_node(pod), wanted=wanted)


def _skewed(spec: Mapping[str, Any], pods: list[Obj], view: View) -> Iterator[str]:
    key = spec.get("topologyKey", _HOSTNAME)
    nodes = [node for node in view.objects({"kind": "Node"}) if not _closed(node)]
    domains = {node["metadata"]["name"]: (node["metadata"].get("labels") or {}).get(key, "") for node in nodes}
    counts = Counter({domain: 0 for domain in domains.values() if domain})
    counts.update(domains[_node(pod)] for pod in pods if domains.get(_node(pod)))
    skew = max(counts.values(), default=0) - min(counts.values(), default=0)
    if skew > spec["maxSkew"]:
        shown = ", ".join(f"{domain}: {number}" for domain, number in sorted(counts.items()))
        values = {"key": key, "counts": shown, "most": spec["maxSkew"]}
        yield Said("unevenly spread over %(key)s (%(counts)s), wanted a difference of at most %(most)s", **values)


def _closed(node: Obj) -> bool:
    return any(taint["effect"] != "PreferNoSchedule" for taint in node.get("spec", {}).get("taints") or ())


def kinds(spec: Spec) -> frozenset[str] | None:
    return frozenset({"Pod", "Node"}) if {"nodeSelector", "maxSkew"} & set(spec) else frozenset({"Pod"})


def problems(spec: Spec) -> Problems:
    if spec.get("kind", "Pod") != "Pod":
        yield ["kind"], "only Pods are scheduled"


CHECK = CheckKind("scheduling", evaluate, kinds, problems)
