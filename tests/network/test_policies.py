"""Network policies: the rules one by one, and random ones against a naive model."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.network.trace import Source
from tests.network.stage import TOOL, Town, lone, service


@pytest.fixture
def town() -> Town:
    town = Town()
    town.put("Pod", lone("server", "nginx"))
    town.settle()
    return town


def policy(name: str = "p", namespace: str = "default", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"podSelector": {}, **spec}}


def reached(town: Town, target: str = "", source: Source = TOOL) -> str:
    return town.ask(target or town.address("server"), source).outcome


def test_without_policies_everything_is_open(town: Town) -> None:
    assert reached(town) == "answered"


def test_default_deny_is_named(town: Town) -> None:
    town.put("NetworkPolicy", policy("deny", podSelector={"matchLabels": {"app": "server"}}, policyTypes=["Ingress"]))
    trace = town.ask(town.address("server"))
    assert trace.outcome == "timeout"
    assert trace.hops[-1].facts["policy"] == "default/deny" and "default deny" in trace.why
    assert reached(town, "web") == "answered"


def test_policies_add_up(town: Town) -> None:
    town.put("NetworkPolicy", policy("deny", policyTypes=["Ingress"]))
    allow = [{"from": [{"podSelector": {"matchLabels": {"app": "tool"}}}], "ports": [{"protocol": "TCP", "port": 80}]}]
    town.put("NetworkPolicy", policy("allow", podSelector={"matchLabels": {"app": "server"}}, ingress=allow))
    trace = town.ask(town.address("server"))
    assert trace.outcome == "answered"
    assert any(hop.facts.get("policy") == "default/allow" for hop in trace.hops if hop.kind == "policy")


def test_denied_egress_stops_the_question_for_the_name_too(town: Town) -> None:
    town.put("NetworkPolicy", policy("deny", podSelector={"matchLabels": {"app": "tool"}}, policyTypes=["Egress"]))
    assert reached(town, "web") == "dns-timeout"
    assert reached(town) == "timeout"


def test_named_ports_and_ranges(town: Town) -> None:
    ports = {"ports": [{"name": "http", "containerPort": 80}]}
    town.put("Pod", lone("named", "nginx", container=ports))
    town.put("NetworkPolicy", policy("named", ingress=[{"ports": [{"protocol": "TCP", "port": "http"}]}]))
    town.settle()
    assert reached(town, town.address("named")) == "answered"
    assert reached(town) == "timeout"
    town.put("NetworkPolicy", policy("range", ingress=[{"ports": [{"protocol": "TCP", "port": 70, "endPort": 90}]}]))
    assert reached(town) == "answered"


def test_address_blocks_with_exceptions(town: Town) -> None:
    block = {"cidr": "10.244.0.0/16", "except": [f"{town.address('tool')}/32"]}
    town.put("NetworkPolicy", policy("block", podSelector={"matchLabels": {"app": "server"}}, ingress=[{"from": [{"ipBlock": block}]}]))
    assert reached(town) == "timeout"
    assert reached(town, source=Source("pod", "redis", "default")) == "no-source"


def test_a_node_always_reaches_its_own_pods(town: Town) -> None:
    town.put("NetworkPolicy", policy("deny", policyTypes=["Ingress"]))
    pod = town.api.get("Pod", "default", "server")
    assert pod is not None
    own = pod["spec"]["nodeName"]
    other = "node-1" if own == "node-2" else "node-2"
    assert reached(town, source=Source("node", own)) == "answered"
    assert reached(town, source=Source("node", other)) == "timeout"


# ------------------------------------------------------------------------------------------------ random ones

LABELS = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["x", "y"]), min_size=1, max_size=2)
NAMESPACES = ("one", "two")
SELECTOR = st.builds(lambda labels: {"matchLabels": labels}, LABELS) | st.just({})
PEER = (
    st.builds(lambda s: {"podSelector": s}, SELECTOR)
    | st.builds(lambda n: {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": n}}}, st.sampled_from(NAMESPACES))
    | st.builds(lambda s, n: {"podSelector": s, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": n}}}, SELECTOR, st.sampled_from(NAMESPACES))
    | st.sampled_from([{"ipBlock": {"cidr": "10.244.1.0/24"}}, {"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.2.0/24"]}}])
)  # fmt: skip
PORTS = st.lists(st.sampled_from([{"port": 80}, {"port": 79, "endPort": 81}, {"port": 443}, {"port": "web"}]), max_size=2).map(
    lambda ports: [{"protocol": "TCP", **port} for port in ports]
)


def rules(key: str) -> Any:
    return st.lists(st.builds(lambda peers, ports: {key: peers, "ports": ports}, st.lists(PEER, max_size=2), PORTS), max_size=2)


POLICY = st.builds(
    lambda namespace, selector, types, ingress, egress: (
        namespace, {"podSelector": selector, "policyTypes": types, "ingress": ingress, "egress": egress}),
    st.sampled_from(NAMESPACES), SELECTOR, st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]]),
    rules("from"), rules("to"),
)  # fmt: skip


@pytest.fixture(scope="module")
def crowd() -> Town:
    """Six nginx pods with different labels in two namespaces, each able to ask."""
    town = Town()
    for namespace in NAMESPACES:
        town.put("Namespace", {"metadata": {"name": namespace}})
    town.settle()
    looks = [{"app": "x"}, {"app": "y", "tier": "x"}, {"tier": "y", "app": "x"}]
    for namespace in NAMESPACES:
        for number, labels in enumerate(looks):
            ports = {"ports": [{"name": "web", "containerPort": 80}]} if number else {}
            pod = lone(f"p{number}", "nginx", namespace, container=ports)
            pod["metadata"]["labels"] = labels
            town.put("Pod", pod)
    town.settle()
    return town


def fits(selector: Any, labels: dict[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def naive_peer(rule: Any, namespace: str, other: Any) -> bool:
    if "ipBlock" in rule:
        ip = ipaddress.ip_address(other["status"]["podIP"])
        outside = [ip in ipaddress.ip_network(each) for each in rule["ipBlock"].get("except", [])]
        return ip in ipaddress.ip_network(rule["ipBlock"]["cidr"]) and not any(outside)
    wanted = rule.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name", namespace)
    return other["metadata"]["namespace"] == wanted and fits(rule.get("podSelector", {}), other["metadata"]["labels"])


def naive_port(rule: Any, target: Any) -> bool:
    if rule["port"] == "web":
        return bool(target["spec"]["containers"][0].get("ports"))
    return rule["port"] <= 80 <= rule.get("endPort", rule["port"])


def naive(policies: list[Any], way: str, pod: Any, other: Any, target: Any) -> bool:
    """Whether the policies of one direction let the connection to port 80 of `target` pass."""
    chosen = [
        spec for namespace, spec in policies
        if namespace == pod["metadata"]["namespace"] and way in spec["policyTypes"] and fits(spec["podSelector"], pod["metadata"]["labels"])
    ]  # fmt: skip
    if not chosen or pod is other:
        return True
    key = "from" if way == "Ingress" else "to"
    return any(
        (not rule["ports"] or any(naive_port(port, target) for port in rule["ports"]))
        and (not rule[key] or any(naive_peer(peer, pod["metadata"]["namespace"], other) for peer in rule[key]))
        for spec in chosen for rule in spec[way.lower()]
    )  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(policies=st.lists(POLICY, max_size=3), selector=LABELS, where=st.sampled_from(NAMESPACES))
def test_the_verdict_is_that_of_a_naive_model(crowd: Town, policies: list[Any], selector: dict[str, str], where: str) -> None:
    pods = {(pod["metadata"]["namespace"], pod["metadata"]["name"]): pod for ns in NAMESPACES for pod in crowd.api.list("Pod", ns)}
    for number, (namespace, spec) in enumerate(policies):
        crowd.put("NetworkPolicy", policy(f"r{number}", namespace, **spec))
    crowd.put("Service", service("random", where, selector=selector))
    crowd.settle()
    found = crowd.api.get("Service", where, "random")
    assert found is not None
    behind = {pod["status"]["podIP"]: pod for key, pod in pods.items() if key[0] == where and fits({"matchLabels": selector}, pod["metadata"]["labels"])}
    try:
        for (namespace, name), pod in pods.items():
            trace = crowd.ask(found["spec"]["clusterIP"], Source("pod", name, namespace))
            if not behind:
                assert trace.outcome == "refused"
                continue
            rule = next(hop for hop in trace.hops if hop.kind == "rule")
            target = behind[rule.facts["backend"].partition(":")[0]]
            open_ = naive(policies, "Egress", pod, target, target) and naive(policies, "Ingress", target, pod, target)
            assert trace.outcome == ("answered" if open_ else "timeout")
    finally:
        for number, (namespace, _) in enumerate(policies):
            crowd.api.delete("NetworkPolicy", namespace, f"r{number}")
        crowd.api.delete("Service", where, "random")
        crowd.settle()
