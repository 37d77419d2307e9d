"""request: one network request in the cluster, answered or refused. Carried hop by hop by the simulated network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.network.trace import ANSWERED, OPEN
from cluster_core.simulation.commands import CommandError

from .base import CheckKind, Finding, Spec, View, anything, described, failed, is_ready

MOST_HOPS = 50


def _source(spec: Any, view: View) -> tuple[Any, str]:
    """(where the request starts, "") or ("", why it cannot)."""
    if spec == "outside":
        return spec, ""
    if "node" in spec:
        return {"node": spec["node"]}, ""
    pods = sorted(view.objects(spec, "Pod"), key=lambda pod: not is_ready(pod))
    if not pods:
        return "", f"there is no {described(spec, 'Pod')}"
    metadata = pods[0]["metadata"]
    return {"pod": f"{metadata['namespace']}/{metadata['name']}"}, ""


def evaluate(spec: Spec, view: View) -> Finding:
    source, problem = _source(spec["from"], view)
    if problem:
        return failed(problem)
    try:
        trace = view.cluster.command("trace", {"from": source, "to": spec["to"]})
    except CommandError as error:
        return failed(f"{spec['to']}: {error}")
    detail = {**trace, "hops": trace["hops"][:MOST_HOPS]}
    wrong = _wrong(spec, trace)
    if wrong:
        return Finding(False, f"{spec['to']}: {wrong}", detail=detail)
    return Finding(True, f"{spec['to']}: {_outcome(trace)}", share=1.0, detail=detail)


def _outcome(trace: Mapping[str, Any]) -> str:
    status = trace.get("response", {}).get("status", 0)
    return f"answered {status}" if status else trace["outcome"]


def _wrong(spec: Mapping[str, Any], trace: Mapping[str, Any]) -> str:
    """What is not as wanted, "" when it is. Without HTTP any answer will do."""
    answered = trace["outcome"] in (ANSWERED, OPEN)
    if spec.get("refused"):
        return f"{_outcome(trace)}, wanted: no answer" if answered else ""
    if not answered:
        return f"{trace['outcome']} ({trace['reason']})"
    response = trace.get("response", {"status": 0, "body": ""})
    wanted = spec.get("status", 200 if response["status"] else 0)
    if response["status"] != wanted:
        return f"answered {response['status']}, wanted {wanted}"
    return "" if spec.get("body", "") in response["body"] else f'the answer does not contain "{spec["body"]}"'


CHECK = CheckKind("request", evaluate, anything)
