"""Random services, pods and endpoints: what the rules make of a request is what a naive model says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.network.trace import Source
from tests.network.stage import Town, lone

PODS = {  # name -> labels; all listen on 80, those of tier "x" call it "web"
    "a0": {"app": "a", "tier": "x"}, "a1": {"app": "a", "tier": "y"}, "a2": {"app": "a", "tier": "x"},
    "b0": {"app": "b", "tier": "x"}, "b1": {"app": "b", "tier": "y"},
}  # fmt: skip
UNREADY = "a2"
SELECTORS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["a", "b", "x", "y"]), min_size=1, max_size=2)
SERVICES = st.fixed_dictionaries(
    {
        "selector": SELECTORS,
        "target": st.sampled_from([80, 81, "web"]),
        "type": st.sampled_from(["ClusterIP", "NodePort"]),
        "internalTrafficPolicy": st.sampled_from(["Cluster", "Local"]),
        "sessionAffinity": st.sampled_from(["None", "ClientIP"]),
        "publishNotReadyAddresses": st.booleans(),
    }
)


@pytest.fixture(scope="module")
def town() -> Town:
    town = Town()
    for name, labels in PODS.items():
        container: dict[str, Any] = {"ports": [{"name": "web", "containerPort": 80}]} if labels["tier"] == "x" else {}
        if name == UNREADY:
            container["readinessProbe"] = {"exec": {"command": ["false"]}}
        pod = lone(name, "nginx", container=container)
        pod["metadata"]["labels"] = labels
        town.put("Pod", pod)
    town.settle()
    town.cluster.advance(30)
    return town


def backends(wanted: dict[str, Any]) -> dict[str, int]:
    """The pods behind the service, and the port at which they are asked."""
    chosen = {name: labels for name, labels in PODS.items() if all(labels.get(key) == value for key, value in wanted["selector"].items())}
    ready = [name for name in chosen if name != UNREADY or wanted["publishNotReadyAddresses"]]
    if wanted["target"] == "web":
        return {name: 80 for name in ready if PODS[name]["tier"] == "x"}
    return dict.fromkeys(ready, wanted["target"])


def naive(wanted: dict[str, Any], nodes: dict[str, str], here: str) -> tuple[str, set[str]]:
    """(outcome, the pods one of which answers) for somebody on the node `here` who asks the cluster address."""
    behind = backends(wanted)
    if not behind:
        return "refused", set()
    local = {name for name in behind if nodes[name] == here}
    usable = local if wanted["internalTrafficPolicy"] == "Local" else set(behind)
    if not usable:
        return "timeout", set()
    return ("answered" if all(behind[name] == 80 for name in usable) else "refused"), usable


def destinations(town: Town, node: str) -> set[str]:
    """The addresses to which the node's rules send what is for the service."""
    ours = [line for line in town.proxies.save(node).splitlines() if '"default/s"' in line and "--to-destination" in line]
    return {line.rpartition(" ")[2].partition(":")[0] for line in ours}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=SERVICES)
def test_the_outcome_and_the_backend_are_those_of_a_naive_model(town: Town, wanted: dict[str, Any]) -> None:
    spec = {key: value for key, value in wanted.items() if key != "target"}
    town.put("Service", {"metadata": {"name": "s", "namespace": "default"}, "spec": {**spec, "ports": [{"port": 8000, "targetPort": wanted["target"]}]}})
    town.settle()
    pods = {pod["metadata"]["name"]: pod for pod in town.api.list("Pod", "default")}
    nodes = {name: pod["spec"]["nodeName"] for name, pod in pods.items()}
    ips = {pod["status"]["podIP"]: name for name, pod in pods.items()}
    try:
        for source in ("tool", "b1"):
            outcome, usable = naive(wanted, nodes, nodes[source])
            answered = [town.ask("http://s:8000/", Source("pod", source, "default")) for _ in range(4)]
            assert {trace.outcome for trace in answered} == {outcome}
            used = {ips[rule.facts["backend"].partition(":")[0]] for trace in answered for rule in trace.hops if rule.kind == "rule" and usable}
            assert used <= usable
            if wanted["type"] == "ClusterIP":
                assert {ips[ip] for ip in destinations(town, nodes[source])} == usable
            if wanted["sessionAffinity"] == "ClientIP":
                assert len(used) <= 1
        if wanted["type"] == "NodePort":  # from outside internalTrafficPolicy does not matter
            outcome, _ = naive({**wanted, "internalTrafficPolicy": "Cluster"}, nodes, "")
            assert town.outside(f"http://172.18.0.3:{town.node_port('s')}/").outcome == outcome
    finally:
        town.api.delete("Service", "default", "s")
        town.settle()
