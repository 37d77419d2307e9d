"""How a course's clusters begin: templates, tried on a cluster of their own before they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from playground.grading import handin
from playground.grading import services as grading

MOST_MANIFESTS = 1_000_000
_MADE_FROM = ("nodes", "cpu", "memory", "seed", "bare", "flavour", "runtime")
"""What of a template's spec the simulation is made from; the rest is the worker's business."""


def complaints(spec: Mapping[str, Any], manifests: str) -> list[str]:
    """What such a cluster's API server says against the manifests, each with its line; empty when all is well."""
    return list(grading.compute(_tried, dict(spec), manifests)) if manifests.strip() else []


def _tried(spec: Mapping[str, Any], manifests: str) -> list[str]:
    made = {key: spec[key] for key in _MADE_FROM if key in spec} | {"nodes": 0, "seed": 1}
    results = handin.apply(Cluster.create(ClusterSpec("template", **made)), manifests)
    return [told(each) for each in results if each["status"] == "error"]


def told(result: Mapping[str, Any]) -> str:
    """A result of applying, in words."""
    return f"line {result['line']}: {result['message']}"
