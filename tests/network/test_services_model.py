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
        "type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        "externalTrafficPolicy": st.sampled_from(["Cluster", "Local"]),
        "trafficDistribution": st.sampled_from([None, "PreferSameNode"]),
        "loadBalancerSourceRanges": st.sampled_from([None, ["203.0.113.0/24"], ["198.51.100.0/24"]]),
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


def usable(wanted: dict[str, Any], nodes: dict[str, str], here: str, policy: str) -> set[str]:
    """The pods that the node `here` may send to: its own by policy or by preference, else all."""
    behind = set(backends(wanted))
    local = {name for name in behind if nodes[name] == here}
    return local if policy == "Local" or (wanted["trafficDistribution"] and local) else behind


def naive(wanted: dict[str, Any], nodes: dict[str, str], here: str, policy: str) -> tuple[str, set[str]]:
    """(outcome, the pods one of which answers) for what the node `here` has to send on."""
    behind, chosen = backends(wanted), usable(wanted, nodes, here, policy)
    if not behind:
        return "refused", set()
    if not chosen:
        return "timeout", set()
    return ("answered" if all(behind[name] == 80 for name in chosen) else "refused"), chosen


def naive_balancer(wanted: dict[str, Any], nodes: dict[str, str]) -> str:
    """The outcome for somebody at 203.0.113.77 who asks the load balancer."""
    behind = backends(wanted)
    if not behind:
        return "timeout" if wanted["externalTrafficPolicy"] == "Local" else "refused"
    fenced = wanted["loadBalancerSourceRanges"] == ["198.51.100.0/24"]
    return "timeout" if fenced else naive({**wanted, "trafficDistribution": None}, nodes, "", "Cluster")[0]


def destinations(town: Town, node: str) -> set[str]:
    """The addresses to which the node's rules send what is for the service."""
    ours = [line for line in town.proxies.save(node).splitlines() if '"default/s"' in line and "--to-destination" in line]
    return {line.rpartition(" ")[2].partition(":")[0] for line in ours}


def manifest(wanted: dict[str, Any]) -> dict[str, Any]:
    """The spec, without what its type cannot have."""
    idle = {"target"} | ({"externalTrafficPolicy"} if wanted["type"] == "ClusterIP" else set())
    idle |= set() if wanted["type"] == "LoadBalancer" else {"loadBalancerSourceRanges"}
    kept = {key: value for key, value in wanted.items() if key not in idle and value is not None}
    return {**kept, "ports": [{"port": 8000, "targetPort": wanted["target"]}]}


def balancer(town: Town) -> str:
    """The address of the service's load balancer, once it has one."""
    town.cluster.advance(30)
    found = town.api.get("Service", "default", "s")
    assert found is not None
    return str(found["status"]["loadBalancer"]["ingress"][0]["ip"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=SERVICES)
def test_the_outcome_and_the_backend_are_those_of_a_naive_model(town: Town, wanted: dict[str, Any]) -> None:
    spec = manifest(wanted)
    town.put("Service", {"metadata": {"name": "s", "namespace": "default"}, "spec": spec})
    town.settle()
    pods = {pod["metadata"]["name"]: pod for pod in town.api.list("Pod", "default")}
    nodes = {name: pod["spec"]["nodeName"] for name, pod in pods.items()}
    ips = {pod["status"]["podIP"]: name for name, pod in pods.items()}
    try:
        for source in ("tool", "b1"):
            outcome, chosen = naive(wanted, nodes, nodes[source], wanted["internalTrafficPolicy"])
            answered = [town.ask("http://s:8000/", Source("pod", source, "default")) for _ in range(4)]
            assert {trace.outcome for trace in answered} == {outcome}
            used = {ips[rule.facts["backend"].partition(":")[0]] for trace in answered for rule in trace.hops if rule.kind == "rule" and chosen}
            assert used <= chosen
            if wanted["type"] == "ClusterIP":
                assert {ips[ip] for ip in destinations(town, nodes[source])} == chosen
            if wanted["sessionAffinity"] == "ClientIP":
                assert len(used) <= 1
        for number, node in enumerate(("control-plane", "node-1", "node-2"), 2) if wanted["type"] != "ClusterIP" else ():
            outcome, _ = naive(wanted, nodes, node, wanted["externalTrafficPolicy"])
            assert town.outside(f"http://172.18.0.{number}:{town.node_port('s')}/").outcome == outcome
        if wanted["type"] == "LoadBalancer":
            assert town.outside(f"http://{balancer(town)}:8000/").outcome == naive_balancer(wanted, nodes)
    finally:
        town.api.delete("Service", "default", "s")
        town.settle()


def test_a_client_stays_with_its_backend_for_as_long_as_the_service_says(town: Town) -> None:
    config = {"clientIP": {"timeoutSeconds": 60}}
    ports = [{"port": 80}]
    town.put("Service", {"metadata": {"name": "sticky", "namespace": "default"}, "spec": {"selector": {"tier": "x"}, "ports": ports, "sessionAffinity": "ClientIP", "sessionAffinityConfig": config}})
    town.settle()

    def backend() -> str:
        return str(next(hop for hop in town.ask("http://sticky").hops if hop.kind == "rule").facts["backend"])

    seen = set()
    for _ in range(12):
        first = backend()
        for _ in range(4):
            town.cluster.advance(50)  # each request begins the minute anew
            assert backend() == first
        seen.add(first)
        town.cluster.advance(70)
    assert len(seen) > 1
