"""request: one network request in the cluster, answered or refused. Carried hop by hop by the simulated network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.network.trace import ANSWERED, OPEN
from cluster_core.simulation.commands import CommandError
from playground.grading.saying import Said

from .base import CheckKind, Finding, Spec, View, anything, failed, is_ready, none_of

MOST_HOPS = 50
_OUTCOMES = {
    str(said): said
    for said in (
        Said("answered"),
        Said("open"),
        Said("refused"),
        Said("timeout"),
        Said("unreachable"),
        Said("nxdomain"),
        Said("servfail"),
        Said("dns-timeout"),
        Said("no-source"),
    )
}
"""What may become of a traced request, as the network calls it."""


def _source(spec: Any, view: View) -> tuple[Any, str]:
    """(where the request starts, "") or ("", why it cannot)."""
    if spec == "outside":
        return spec, ""
    if "node" in spec:
        return {"node": spec["node"]}, ""
    pods = sorted(view.objects(spec, "Pod"), key=lambda pod: not is_ready(pod))
    if not pods:
        return "", none_of(spec, "Pod").message
    metadata = pods[0]["metadata"]
    return {"pod": f"{metadata['namespace']}/{metadata['name']}"}, ""


def evaluate(spec: Spec, view: View) -> Finding:
    source, problem = _source(spec["from"], view)
    if problem:
        return failed(problem)
    try:
        trace = view.cluster.command("trace", {"from": source, "to": spec["to"]})
    except CommandError as error:
        return failed(_about(spec, str(error)))
    detail = {**trace, "hops": trace["hops"][:MOST_HOPS]}
    wrong = _wrong(spec, trace)
    if wrong:
        return Finding(False, _about(spec, wrong), detail=detail)
    return Finding(True, _about(spec, _outcome(trace)), share=1.0, detail=detail)


def _about(spec: Spec, what: str) -> Said:
    return Said("%(object)s: %(why)s", object=spec["to"], why=what)


def _outcome_word(trace: Mapping[str, Any]) -> str:
    return _OUTCOMES.get(trace["outcome"], str(trace["outcome"]))


def _outcome(trace: Mapping[str, Any]) -> str:
    status = trace.get("response", {}).get("status", 0)
    return Said("answered %(status)s", status=status) if status else _outcome_word(trace)


def _wrong(spec: Mapping[str, Any], trace: Mapping[str, Any]) -> str:
    """What is not as wanted, "" when it is. Without HTTP any answer will do."""
    answered = trace["outcome"] in (ANSWERED, OPEN)
    if spec.get("refused"):
        return Said("%(found)s, wanted: no answer", found=_outcome(trace)) if answered else ""
    if not answered:
        return Said("%(told)s (%(why)s)", told=_outcome_word(trace), why=trace["reason"])
    response = trace.get("response", {"status": 0, "body": ""})
    wanted = spec.get("status", 200 if response["status"] else 0)
    if response["status"] != wanted:
        return Said("answered %(status)s, wanted %(wanted)s", status=response["status"], wanted=wanted)
    if spec.get("body", "") in response["body"]:
        return ""
    return Said('the answer does not contain "%(wanted)s"', wanted=spec["body"])


CHECK = CheckKind("request", evaluate, anything)
