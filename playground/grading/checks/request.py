"""request: one network request in the cluster, answered or refused, through whatever carries it (`CARRIER`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster_core.simulation.cluster import Cluster

from .base import CheckKind, Finding, Spec, View, anything, described, failed, is_ready, passed


@dataclass(frozen=True, slots=True)
class Reply:
    """How a request ended. `status` 0: no answer, `error` says why; `hops` tells the way."""

    status: int = 0
    body: str = ""
    error: str = ""
    hops: list[Any] = field(default_factory=list)


Carrier = Callable[[Cluster, Mapping[str, str], str], Reply]
"""(cluster, {"pod": "namespace/name"} or {"node": name} or {"outside": ""}, address) -> reply"""

_carriers: list[Carrier] = []


def carry_with(carrier: Carrier) -> None:
    """Install what carries requests."""
    _carriers[:] = [carrier]


def _source(spec: Any, view: View) -> tuple[dict[str, str], str]:
    """(where the request starts, "") or ({}, why it cannot)."""
    if spec == "outside":
        return {"outside": ""}, ""
    if "node" in spec:
        return {"node": spec["node"]}, ""
    pods = sorted(view.objects(spec, "Pod"), key=lambda pod: not is_ready(pod))
    if not pods:
        return {}, f"there is no {described(spec, 'Pod')}"
    metadata = pods[0]["metadata"]
    return {"pod": f"{metadata['namespace']}/{metadata['name']}"}, ""


def evaluate(spec: Spec, view: View) -> Finding:
    source, problem = _source(spec["from"], view)
    if problem:
        return failed(problem)
    if not _carriers:
        return failed("network requests cannot be checked: this installation has no simulated network")
    reply = _carriers[0](view.cluster, source, spec["to"])
    detail = {"status": reply.status, "error": reply.error, "body": reply.body[:500], "hops": reply.hops[:50]}
    wrong = _wrong(spec, reply)
    outcome = f"answered {reply.status}" if reply.status else reply.error
    return failed(f"{spec['to']}: {wrong}", **detail) if wrong else passed(f"{spec['to']}: {outcome}", **detail)


def _wrong(spec: Mapping[str, Any], reply: Reply) -> str:
    if spec.get("refused"):
        return f"answered {reply.status}, wanted: refused" if reply.status else ""
    if not reply.status:
        return f"no answer ({reply.error})"
    wanted = spec.get("status", 200)
    if reply.status != wanted:
        return f"answered {reply.status}, wanted {wanted}"
    return "" if spec.get("body", "") in reply.body else f'the answer does not contain "{spec["body"]}"'


CHECK = CheckKind("request", evaluate, anything)
